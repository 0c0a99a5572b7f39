"""What could be done about a score, in sentences."""

from __future__ import annotations

from typing import Any

from core.domain.columns import Column, Kind, shown
from core.domain.usecase import UseCase
from core.services.reasons.whatif import Counterfactual, Counterfactuals, Said, Step
from core.ui import words
from core.ui.forms import level_text


def value(column: Column, raw: Any) -> str:
    """A value with its unit.

    >>> value(Column("a", Kind.NUMBER, unit="USD"), 1250.5), value(Column("b", Kind.SET), ["tax", "audit"])
    ('1,250.5 USD', 'tax, audit')
    """
    if column.kind is Kind.SET:
        return ", ".join(level_text(level) for level in raw) or "none"
    if column.kind in (Kind.NUMBER, Kind.COUNT):
        number = f"{raw:,.10g}"
        return f"{number} {column.unit}" if column.unit else number
    return level_text(raw) if isinstance(raw, str) else shown(raw)


def step(change: Step) -> str:
    """One changed column.

    >>> step(Step(Column("page_views", Kind.COUNT, unit="pages"), 4, 12))
    '12 page views instead of 4'
    >>> step(Step(Column("t", Kind.NUMBER, "Time on site", "seconds"), 90.0, 300.0))
    'time on site at 300 seconds instead of 90'
    >>> step(Step(Column("v", Kind.ORDERED, "Verification", levels=("basic", "full")), "basic", "full"))
    'verification "full" instead of "basic"'
    """
    column, title = change.column, _title(change.column)
    after, before = value(column, change.after), value(column, change.before)
    if column.kind is Kind.COUNT and title.endswith("s"):
        return f"{change.after:,} {title} instead of {change.before:,}"
    if column.kind in (Kind.NUMBER, Kind.COUNT):
        return f"{title} at {after} instead of {f'{change.before:,.10g}'}"
    return f'{title} "{after}" instead of "{before}"'


def _title(column: Column) -> str:
    """A title inside a sentence: abbreviations keep their capitals."""
    title = column.title
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def sentence(use_case: UseCase, item: Counterfactual) -> str:
    """A change and what it leads to."""
    listed = _listed([step(change) for change in item.steps])
    return f"With {listed} this {use_case.noun} would reach {item.band} ({words.score(use_case, item.score)})."


def unreachable(use_case: UseCase, now: Said, answer: Counterfactuals) -> str:
    """That no change reaches the band, and the furthest that any came."""
    names = _listed([_title(column) for column in answer.columns])
    if answer.best is None:
        return f"Nothing about this {use_case.noun} that somebody can act on could be changed."
    gain = answer.best.score - now.score
    moved = gain > 0 if use_case.higher_is_better else gain < 0
    start = f"No change of {names} within what is usual brings this {use_case.noun} to {answer.target}"
    if not moved or words.score(use_case, answer.best.score) == words.score(use_case, now.score):
        return f"{start}, nor any closer to it."
    return f"{start}; the best these columns can reach is {words.score(use_case, answer.best.score)}."
