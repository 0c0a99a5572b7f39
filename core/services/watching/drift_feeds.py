"""Feeds that stand still: a run of one value, or of none, that chance does not explain."""

from __future__ import annotations

import math

from core.domain.case_measures import Stuck, least_likely_run
from core.domain.diagnosis import CaseLimits
from core.domain.features import Floats
from core.domain.usecase import UseCase
from core.services.complaints.case_rows import floats, run_columns, typed
from core.services.desk import Desk
from core.services.kept import kept
from core.services.watching.drift_reference import reference_rows
from core.services.watching.drift_windows import Window

MOST_ROWS = 50_000  # of a longer window the latest are looked at
MOST_EARLIER = 10_000  # rows before it, which tell whether values come in groups
LIMITS = CaseLimits()
RAREST = 12  # chances are told down to one in 10 ** RAREST


def stuck(desk: Desk, use_case: UseCase, version: str, window: Window, earlier: Window) -> Stuck | None:
    """The run of a window that chance explains worst; None where chance explains it.

    Parameters
    ----------
    version : str
        Whose reference rows say how often a value occurs.
    earlier : Window
        What tells whether values come in groups, as a rate does that is the day's for everybody.
    """
    reference = kept(desk, use_case, ("runs", version), lambda: _reference(desk, use_case, version))
    names = list(reference)
    now, then = (
        typed(use_case, desk.log.arrived(use_case, part.since, part.until, names, most), names)
        for part, most in ((window, MOST_ROWS), (earlier, MOST_EARLIER))
    )
    run = least_likely_run(now, reference, then, LIMITS.stuck_rows)
    return run if run is not None and run.log_odds < math.log(LIMITS.stuck_odds) else None


def _reference(desk: Desk, use_case: UseCase, version: str) -> dict[str, Floats]:
    columns, _ = reference_rows(desk, use_case, version)
    return {name: floats(use_case, name, columns[name]) for name in run_columns(use_case) if name in columns}


def stuck_says(use_case: UseCase, run: Stuck) -> str:
    """A sentence about it, without the value itself where that is personal."""
    column = use_case.schema[run.column]
    rarity = min(int(-run.log_odds / math.log(10)), RAREST)
    if math.isnan(run.value):
        held = "is missing"
    elif column.personal:
        held = "holds one value"
    else:
        held = f"is {column.levels[int(run.value)] if column.kind.is_coded else f'{run.value:,.6g}'}"
    return (
        f"{column.title} {held} in {run.length:,} rows one after another, from row {run.first + 1:,} on; "
        f"{run.share:.1%} of the reference rows say so. Chance gives such a run less than once in 10^{rarity} windows."
    )
