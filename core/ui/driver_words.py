"""Points, sources and columns in words, on the pages about what drives the scores."""

from __future__ import annotations

from core.domain.columns import Column
from core.domain.usecase import Task, UseCase
from core.services.reasons.drivers import Source
from core.ui import messages, words
from core.ui.period_words import day


def scale(use_case: UseCase) -> float:
    """What points are multiplied by to be shown: a probability's are points of a hundred."""
    return 100.0 if use_case.policy.score_format == "percent" else 1.0


def unit(use_case: UseCase) -> str:
    """The unit of points.

    >>> from core.usecases import builtin
    >>> unit(builtin()["lead_scoring"])
    'points of a hundred'
    """
    if use_case.policy.score_format == "percent":
        return "points of a hundred"
    return use_case.target.unit or "units of the score"


def points(use_case: UseCase, value: float, signed: bool = False) -> str:
    """Points as a person reads them, without their unit.

    >>> from core.usecases import builtin
    >>> points(builtin()["lead_scoring"], 0.0312), points(builtin()["lead_scoring"], 0.0312, signed=True)
    ('3.1', '+3.1')
    """
    shown = value * scale(use_case)
    form = f"{'+' if signed else ''}{',.1f' if abs(shown) >= 1 else ',.2g'}"
    return format(shown, form)


def title(use_case: UseCase, column: str) -> str:
    """A column's title, safe to be shown."""
    return messages.plain(use_case.schema[column].title)


def tick(use_case: UseCase, column: str, most: int = 22) -> str:
    """A column's title, short enough to stand beside an axis on a phone."""
    return shortened(_label(use_case.schema[column]), most)


def _label(column: Column) -> str:
    return column.title.replace("<", "(").replace(">", ")")  # a chart reads < as the start of a tag


def shortened(text: str, most: int) -> str:
    """The beginning of a text that is too long.

    >>> shortened("abcdef", 4), shortened("abcd", 4)
    ('abc…', 'abcd')
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def listed(use_case: UseCase, columns: tuple[str, ...], most: int = 3) -> str:
    """Columns by their titles, the first few of them."""
    named = ", ".join(title(use_case, name) for name in columns[:most])
    return named if len(columns) <= most else f"{named} and {len(columns) - most} more"


def source(found: Source) -> str:
    """Which rows an answer is about, with their n, dates and version."""
    n = words.count(found.n) if found.n == found.n_there else f"{words.count(found.n)} of {words.count(found.n_there)}"
    what = "held-out reference rows" if found.days is None else f"rows of the latest {found.days} days of the log"
    dated = f", {day(found.first)} to {day(found.last)}" if found.first and found.last else ""
    explained = "version" if found.days is None else "explained by version"
    return f"n = {n} {what}{dated}, {explained} {found.version}."


def score_title(use_case: UseCase) -> str:
    """The score with its unit, for an axis."""
    named = words.score_name(use_case)
    shown = "%" if use_case.policy.score_format == "percent" else use_case.target.unit
    meaning = " of the positive class" if use_case.task is Task.BINARY else ""
    return f"{named}{meaning}, {shown}" if shown else named
