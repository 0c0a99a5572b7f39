"""The gaps that are watched: of the arm that decides, by every sensitive column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.domain.fairness.gaps import LEAST_GROUP, Gap
from core.domain.fairness.judgement import GAP_HIGH, GAP_LIMIT, breaks, standing
from core.services.comparison.fairness import GAPS, ColumnGroups, Fairness, fairness
from core.services.desk import Desk
from core.services.scheduling.task import DESK


@dataclass(frozen=True)
class WatchedGap:
    """One gap, or why there is none.

    Attributes
    ----------
    column : str
        A sensitive column or grouping.
    kind : str
        `parity` or `odds`.
    arm : str
        Who decides: the champion, or the rules.
    value, low, high, noise : float or None
        The gap, its 95 % interval, and what no gap of equal groups exceeds in 95 of 100 deals; None where fewer than
        two groups have 30 rows.
    sure : float or None
        What must be above a limit to break it: the gap where it is more than chance, else its lower bound.
    breaks, severe : bool
        Whether the policy's limit is broken, and the gap is above the limit of high severity.
    sentence : str
    """

    column: str
    kind: str
    arm: str
    value: float | None
    low: float | None
    high: float | None
    noise: float | None
    sure: float | None
    n: int
    limit: float
    breaks: bool
    severe: bool
    sentence: str


def worst_gaps(desk: Desk, key: str, now: datetime) -> Sequence[WatchedGap]:
    """Parity and odds gaps of the last 90 days and the horizon before them; () without sensitive columns or a version.

    The figures are kept until the log or the day change, so that it may be asked often.
    """
    use_case = desk.use_case(key)
    if not use_case.sensitive or desk.acting_version(key) is None:
        return ()
    found = fairness(desk, DESK, key, now=now)
    kinds = GAPS if found.selection.outcome else GAPS[:1]
    if not found.n_rows:
        said = f"The acting version scored no row from {found.window.since:%Y-%m-%d} on."
        return tuple(_nothing(found, name, kind, said) for name in use_case.sensitive for kind in kinds)
    return tuple(
        _watched(found, column, kind) for column in found.columns if len(column.columns) == 1 for kind in kinds
    )


def _nothing(found: Fairness, name: str, kind: str, said: str) -> WatchedGap:
    return WatchedGap(name, kind, found.acting, None, None, None, None, None, 0, GAP_LIMIT, False, False, said)


def _watched(found: Fairness, column: ColumnGroups, kind: str) -> WatchedGap:
    gap, name = column.arm(found.acting).gaps[kind], column.columns[0]
    if gap is None:
        said = f"Fewer than two groups by {column.title.lower()} have {LEAST_GROUP} rows for the {kind} gap."
        return _nothing(found, name, kind, said)
    sure = gap.value if gap.value > gap.noise else gap.low
    broken = breaks(standing(gap))
    return WatchedGap(
        column=name,
        kind=kind,
        arm=found.acting,
        value=gap.value,
        low=gap.low,
        high=gap.high,
        noise=gap.noise,
        sure=sure,
        n=gap.n,
        limit=GAP_LIMIT,
        breaks=broken,
        severe=broken and gap.value > GAP_HIGH,
        sentence=_sentence(found, column, gap),
    )


def _sentence(found: Fairness, column: ColumnGroups, gap: Gap) -> str:
    of = {"selection": "selection rates", "tpr": "true positive rates", "fpr": "false positive rates"}[gap.rate]
    name, high, low = column.title.lower(), column.groups[gap.highest], column.groups[gap.lowest]
    return (
        f"{gap.kind.capitalize()} gap by {name} of {found.acting}: {of} of {high} and {low} are {gap.value:.3f} "
        f"[{gap.low:.3f}, {gap.high:.3f}] apart, equal groups up to {gap.noise:.3f}, limit {GAP_LIMIT:.2f}, "
        f"n = {gap.n:,}."
    )
