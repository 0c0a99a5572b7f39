"""Gaps week by week or month by month, each with its interval and what equal groups would show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from core.domain.fairness.cells import cells_of
from core.domain.fairness.gaps import LEAST_GROUP, Gap, drawn_rates, gap_of
from core.domain.judged import dense
from core.services.access import Action, Actor, require
from core.services.comparison.fairness import SEED, Choice, ColumnGroups, Fairness, Seen, mark_of, read
from core.services.comparison.fairness_groups import Groups, groups_of
from core.services.desk import Desk
from core.services.kept import kept

MOST_PERIODS = 60


@dataclass(frozen=True)
class PeriodGap:
    """The gap of one week or month; None where fewer than two groups have 30 rows."""

    start: date
    end: date  # the day after the last
    n: int  # rows whose group is known
    gap: Gap | None


@dataclass(frozen=True)
class GapsOverTime:
    """One kind of gap of one arm, period by period."""

    kind: str
    step: str  # week | month
    periods: tuple[PeriodGap, ...]


def over_time(
    desk: Desk, actor: Actor, found: Fairness, choice: Choice, column: ColumnGroups, kind: str, arm: str
) -> GapsOverTime:
    """Gaps of an arm by a column in every period of what is looked at; kept like the figures themselves."""
    require(actor, Action.SEE_GROUPS)
    use_case, now = desk.use_case(found.use_case), found.window.known_on
    mark = ("fairness over time", choice, column.columns, kind, arm, *mark_of(desk, use_case, now))

    def compute() -> GapsOverTime:
        seen = read(desk, use_case, choice, now)
        return _over_time(seen, groups_of(use_case, column.columns, seen.rows.raw), kind, arm)

    return kept(desk, use_case, mark, compute)


def _over_time(seen: Seen, groups: Groups, kind: str, arm: str) -> GapsOverTime:
    days = seen.rows.rows.days
    rarer = float(np.nansum(seen.hits) * 2 < (~np.isnan(seen.hits)).sum())  # the outcome that fewer rows have
    asked = (groups.codes >= 0) & (True if kind == "parity" else seen.hits == rarer)
    step, starts = _starts(days, groups, asked)
    borders = [*np.searchsorted(days, starts).tolist(), len(days)]
    periods = [
        _period(seen, groups, kind, arm, (start, step), slice(*borders[place : place + 2]))
        for place, start in enumerate(starts)
    ]
    return GapsOverTime(kind, step, tuple(periods))


def _starts(days: Any, groups: Groups, asked: Any) -> tuple[str, Any]:
    """Weeks where in the usual one two groups have 30 rows that are asked, else months; their first days."""
    numbers = days.astype(np.int64)
    weeks = (numbers - (numbers + 3) % 7).astype("datetime64[D]")  # the Monday; 1970-01-01 was a Thursday
    names, place = np.unique(weeks, return_inverse=True)
    cells = np.bincount(
        place[asked] * len(groups.names) + groups.codes[asked], minlength=len(names) * len(groups.names)
    ).reshape(len(names), -1)
    known = cells[cells.sum(axis=1) > 0]
    second = np.sort(known, axis=1)[:, -2:].min(axis=1) if known.size else np.zeros(1)
    if np.median(second) >= LEAST_GROUP and len(names) <= MOST_PERIODS:
        return "week", names
    return "month", np.unique(days.astype("datetime64[M]")).astype("datetime64[D]")


def _period(seen: Seen, groups: Groups, kind: str, arm: str, when: tuple[Any, str], rows: slice) -> PeriodGap:
    start, step = when
    first = start.astype(date)
    end = first + timedelta(days=7)
    if step == "month":
        end = (start.astype("datetime64[M]") + 1).astype("datetime64[D]").astype(date)
    codes, entity = groups.codes[rows], seen.rows.rows.entity
    flags = seen.flags[seen.arms.index(arm)][None, rows]
    owners = None if entity is None else dense(entity[rows])
    cells = cells_of(codes, len(groups.names), flags, seen.hits[rows], owners)
    gap = gap_of(cells, drawn_rates(cells, SEED), 0, kind, SEED) if len(cells.times) else None
    return PeriodGap(first, end, int((codes >= 0).sum()), gap)
