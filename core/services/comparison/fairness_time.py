"""Gaps week by week or month by month, each with its interval and what equal groups would show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from core.domain.fairness.cells import Rows, cells_of
from core.domain.fairness.gaps import LEAST_GROUP, Gap, drawn_rates, gap_of
from core.services.access import Action, Actor, require
from core.services.comparison.fairness import SEED, ColumnGroups, Fairness, mark_of
from core.services.comparison.fairness_groups import Groups, groups_of
from core.services.comparison.fairness_rows import Choice, Seen, read
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
        asked = replace(choice, columns=column.columns)
        seen = read(desk, use_case, asked, now, by_day=True)
        return _over_time(seen, groups_of(use_case, column.columns, seen.raw, seen.times), kind, arm)

    return kept(desk, use_case, mark, compute)


def _over_time(seen: Seen, groups: Groups, kind: str, arm: str) -> GapsOverTime:
    days, hits = np.array(seen.days("day"), dtype="datetime64[D]"), seen.rows.outcome
    known = seen.times[~np.isnan(hits)].sum()
    rarer = float(seen.times[hits == 1].sum() * 2 < known)  # the outcome that fewer rows have
    asked = (groups.codes >= 0) & (True if kind == "parity" else hits == rarer)
    step, periods = _periods(days, groups, np.where(asked, seen.times, 0))
    found = [_period(seen, groups, kind, arm, (start, step), periods == start) for start in np.unique(periods)]
    return GapsOverTime(kind, step, tuple(found))


def _periods(days: Any, groups: Groups, asked: Any) -> tuple[str, Any]:
    """The first day of each line's week, where in the usual one two groups have 30 rows that are asked; else month."""
    numbers = days.astype(np.int64)
    weeks = (numbers - (numbers + 3) % 7).astype("datetime64[D]")  # the Monday; 1970-01-01 was a Thursday
    names, place = np.unique(weeks, return_inverse=True)
    n_groups, kept = len(groups.names), groups.codes >= 0
    cells = np.bincount(
        place[kept] * n_groups + groups.codes[kept], weights=asked[kept], minlength=len(names) * n_groups
    ).reshape(len(names), -1)
    known = cells[cells.sum(axis=1) > 0]
    second = np.sort(known, axis=1)[:, -2:].min(axis=1) if known.size else np.zeros(1)
    if np.median(second) >= LEAST_GROUP and len(names) <= MOST_PERIODS:
        return "week", weeks
    return "month", days.astype("datetime64[M]").astype("datetime64[D]")


def _period(seen: Seen, groups: Groups, kind: str, arm: str, when: tuple[Any, str], mine: Any) -> PeriodGap:
    start, step = when
    first = start.astype(date)
    end = first + timedelta(days=7)
    if step == "month":
        end = (start.astype("datetime64[M]") + 1).astype("datetime64[D]").astype(date)
    codes, times, owners = groups.codes[mine], seen.times[mine], seen.rows.entities
    flags = seen.rows.selected[seen.arms.index(arm)][None, mine]
    rows = Rows(flags, seen.rows.outcome[mine], None if owners is None else owners[mine], times)
    cells = cells_of(codes, len(groups.names), rows)
    gap = gap_of(cells, drawn_rates(cells, SEED), 0, kind, SEED) if len(cells.times) else None
    return PeriodGap(first, end, int(times[codes >= 0].sum()), gap)
