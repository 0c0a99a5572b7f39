"""What it came to: outcome rate and money per row over time, in all, by band and by who decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from core.domain.judged import Judged, dense, gain_of, outcome_values
from core.domain.metrics.influence import mean_of
from core.domain.metrics.measured import Measured
from core.domain.usecase import Task, UseCase

OUTCOME, MONEY = "outcome", "money"
ALL, BAND, DECIDER = "all", "band", "who decided"


@dataclass(frozen=True)
class BusinessLine:
    """One line: a quantity of one group of rows, period by period; None where no row may be judged."""

    quantity: str  # outcome | money
    split: str  # all | band | who decided
    group: str
    unit: str  # "" for a share
    starts: tuple[date, ...]
    points: tuple[Measured | None, ...]
    overall: Measured


def business_lines(use_case: UseCase, rows: Judged, parts: Sequence[slice], starts: Any) -> tuple[BusinessLine, ...]:
    """Every line that has a row to stand on.

    Parameters
    ----------
    use_case : UseCase
    rows : Judged
    parts : sequence of slice
        The rows of each period.
    starts : array of datetime64[D], shape (n_periods,)
    """
    if not rows.counts.any():
        return ()
    days = tuple(start.astype(date) for start in starts)
    lines = []
    for quantity, values, unit in _quantities(use_case, rows):
        for split, group, mine in _groups(use_case, rows):
            kept = mine & ~np.isnan(values)
            if kept.any():
                points = tuple(_point(use_case, rows, quantity, values, kept, part) for part in parts)
                whole = _point(use_case, rows, quantity, values, kept, slice(None))
                assert whole is not None  # some row is kept
                lines.append(BusinessLine(quantity, split, group, unit, days, points, whole))
    return tuple(lines)


def _quantities(use_case: UseCase, rows: Judged) -> Iterator[tuple[str, Any, str]]:
    judged = np.full(len(rows), np.nan)
    judged[rows.counts] = outcome_values(use_case, rows.outcome[rows.counts])
    yield OUTCOME, judged, use_case.target.unit if use_case.task is Task.REGRESSION else ""
    gain, money = gain_of(use_case, rows), use_case.policy.money
    if gain is not None and money is not None:
        yield MONEY, gain, money.currency


def _groups(use_case: UseCase, rows: Judged) -> Iterator[tuple[str, str, Any]]:
    yield ALL, ALL, np.ones(len(rows), dtype=bool)
    for place, band in enumerate(use_case.policy.band_names):
        yield BAND, band, rows.band == place
    if len(rows.deciders) > 1:
        for place, decider in enumerate(rows.deciders):
            yield DECIDER, decider, rows.decided_by == place


def _point(use_case: UseCase, rows: Judged, quantity: str, values: Any, kept: Any, part: slice) -> Measured | None:
    mine = kept[part]
    if not mine.any():
        return None
    found = values[part][mine]
    events = int(found.sum()) if quantity == OUTCOME and use_case.task is Task.BINARY else None
    clusters = None if rows.entity is None else dense(rows.entity[part][mine])
    return mean_of(quantity, found, events, clusters)
