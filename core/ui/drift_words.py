"""Windows, items and what was found of them, in words."""

from __future__ import annotations

from datetime import date

from core.domain.drift.bins import Of
from core.domain.drift.judgement import Level
from core.domain.policy import Tone
from core.domain.usecase import UseCase
from core.services.watching.drift import Drift
from core.services.watching.drift_windows import Window
from core.ui import messages, words
from core.ui.period_words import day

KINDS = {Of.SCORE: "score", Of.RAW: "column", Of.FEATURE: "feature"}
LEVEL_ICON = {
    Level.TOO_FEW: ":gray[:material/hourglass_empty:]",
    Level.QUIET: ":green[:material/check_circle:]",
    Level.MODERATE: ":orange[:material/warning:]",
    Level.SIGNIFICANT: ":red[:material/error:]",
    Level.SHOWN: ":gray[:material/calendar_month:]",
}
LEVEL_SYMBOL = {  # the shape tells what the colour tells
    Level.TOO_FEW: "square-open",
    Level.QUIET: "square",
    Level.MODERATE: "diamond",
    Level.SIGNIFICANT: "star-square",
    Level.SHOWN: "line-ew",
}
LEVEL_TONE = {Level.QUIET: Tone.GOOD, Level.MODERATE: Tone.POOR, Level.SIGNIFICANT: Tone.BAD}


def token(of: Of, name: str) -> str:
    """An item in one text.

    >>> token(Of.RAW, "amount")
    'raw column:amount'
    """
    return f"{of.value}:{name}"


def title(use_case: UseCase, of: Of, name: str) -> str:
    """An item as people call it, not yet safe to be shown as Markdown."""
    if of is Of.SCORE:
        return f"Score of {name}"
    if of is Of.FEATURE:
        return f"{name} (feature)"
    column, _, level = name.partition(": ")
    known = use_case.schema[column].title if column in use_case.schema else column
    return f"{known}: {level}" if level else known


def shown(use_case: UseCase, of: Of, name: str) -> str:
    """The same, safe to be shown."""
    return messages.plain(title(use_case, of, name))


def listed(names: list[str], most: int = 3) -> str:
    """The first few of some titles.

    >>> listed(["a", "b", "c", "d"])
    'a, b, c and 1 more'
    """
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def span(window: Window) -> str:
    """First and last day of a window.

    >>> from datetime import UTC, datetime
    >>> span(Window(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)))
    '2 Mar to 8 Mar 2026'
    """
    return between(window.since.date(), window.last)


def between(first: date, last: date) -> str:
    """Two days, both included; one where they are the same."""
    if first == last:
        return day(first)
    start = day(first).removesuffix(f" {first.year}") if first.year == last.year else day(first)
    return f"{start} to {day(last)}"


def caption(seen: Drift) -> str:
    """What stands behind every figure: rows, dates, reference, version, when."""
    rows, reference = seen.now.rows, seen.reference.rows
    alone = rows.n_effective > 0.995 * rows.n
    worth = "" if alone else f", worth {words.count(round(rows.n_effective))} independent ones"
    dated = f", {seen.reference.days}" if seen.reference.days else ""
    left = f" {words.count(seen.n_other, 'row')} scored by another version: their scores are left out."
    other = left if seen.n_other else ""
    simulated = " Simulated rows." if seen.simulated else ""
    return (
        f"n = {words.count(rows.n, 'row')}{worth}, {span(seen.window)}; reference: {words.count(reference.n)} held-out "
        f"rows{dated}, version {seen.reference.version}; measured {words.exact(seen.measured_at)}.{other}{simulated}"
    )


def safe(text: str) -> str:
    """A sentence in which column names and levels stay text."""
    return messages.plain(text)
