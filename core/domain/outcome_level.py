"""Whether the rate (or mean) of outcomes moved: every stretch of days against the weeks before it.

A bad week need not begin on a Monday, so each day ends a stretch. Stretches overlap: the level of their intervals
allows for that, and one run of stretches that moved the same way is told once, by its clearest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain.features import Floats
from core.domain.metrics.influence import Codes, standard_error
from core.domain.metrics.intervals import z_value
from core.domain.metrics.measured import Measured

LEAST_EVENTS = 10  # of either side, as expected by the rate before: below, a normal interval says little


@dataclass(frozen=True)
class Stretch:
    """How long a stretch is, and what it takes to say something.

    Attributes
    ----------
    width, before : int
        Days of a stretch, and of what comes before it.
    least : int
        Rows that a stretch must have; what comes before it must have as many as the stretch.
    level : float
        Of the intervals.
    """

    width: int
    before: int
    least: int
    level: float


@dataclass(frozen=True)
class LevelChange:
    """One stretch of days against those before it.

    Attributes
    ----------
    first, last : date
        `last` is included.
    now, before : float
        Rate or mean.
    change : Measured
        now / before - 1, with its interval.
    promised : float
        The same of what the scores promised: how much of the change other rows explain.
    unexplained : Measured
        The rest, with its interval.
    """

    first: date
    last: date
    now: float
    before: float
    n_before: int
    change: Measured
    promised: float
    unexplained: Measured
    level: float

    def moved(self, least: float, *, rises: bool = False) -> bool:
        """Fell (or rose) by more than `least`: at 95 %, and the whole or what rows do not explain at the level."""
        sign = 1.0 if rises else -1.0
        usual = abs(self.change.value) - (self.change.high - self.change.value) * z_value() / z_value(self.level)
        if sign * self.change.value <= least or usual <= 0:
            return False
        return any(_nearest(item, sign) > 0 for item in (self.change, self.unexplained))

    def explained(self, *, rises: bool = False) -> bool:
        """Other rows came in: what the scores did not promise is within noise."""
        return _nearest(self.unexplained, 1.0 if rises else -1.0) <= 0


def _nearest(item: Measured, sign: float) -> float:
    """The end of an interval that is nearest to no change, positive where it excludes that."""
    return item.low if sign > 0 else -item.high


def level_changes(
    days: NDArray[np.datetime64],
    values: Floats,
    promised: Floats,
    stretch: Stretch,
    clusters: Codes | None = None,
) -> list[LevelChange]:
    """Every stretch that ends on a day with rows and has enough of them, in the order of time.

    Parameters
    ----------
    days : array of datetime64[D], shape (n_rows,)
    values, promised : arrays, shape (n_rows,)
        0/1 and probabilities, or values and predictions.
    stretch : Stretch
    clusters : array of int64, shape (n_rows,), optional
        Entity codes from 0, where entities repeat.

    Notes
    -----
    The variance is that of both sides together: a stretch without any event has no spread of its own to go by.

    Examples
    --------
    >>> days = np.repeat(np.arange("2026-03-02", "2026-05-11", dtype="datetime64[D]"), 40)
    >>> values = np.tile([1.0, 0.0, 0.0, 0.0], 700)
    >>> values[-280::8] = 0.0
    >>> last = level_changes(days, values, values * 0 + 0.25, Stretch(width=7, before=28, least=170, level=0.99))[-1]
    >>> last.now, last.before, last.change.value, last.promised, last.moved(0.1), last.explained()
    (0.125, 0.25, -0.5, 0.0, True, False)
    """
    if len(days) == 0:
        return []
    start = days.min()
    place = (days - start).astype(np.int64)
    sums = [_Sums(place, item) for item in (values, promised, values - promised)]
    scale = z_value(stretch.level) * math.sqrt(_design_effect(values, clusters))
    binary = bool(np.isin(values, (0.0, 1.0)).all())
    found = []
    for end in (np.unique(place) + 1).tolist():
        first = max(end - stretch.width, 0)
        early = max(first - stretch.before, 0)
        (now, then, spread, n, m), said, rest = (item.of(early, first, end) for item in sums)
        few = n < stretch.least or m < n
        if few or then == 0 or spread <= 0 or (binary and n * spread < LEAST_EVENTS):
            continue
        whole, beyond = (
            _relative(item[0] - item[1], scale * math.sqrt(item[2] * (1 / n + 1 / m)), then, n, stretch.level)
            for item in ((now, then, spread), rest)
        )
        expected = (said[0] - said[1]) / abs(then)
        span = (_day(start, first), _day(start, end - 1))
        found.append(LevelChange(*span, now, then, m, whole, expected, beyond, stretch.level))
    return found


class _Sums:
    """Rows, sums and sums of squares by day, so that any stretch is a difference of two."""

    def __init__(self, place: NDArray[np.int64], values: Floats) -> None:
        self._n, self._total, self._squares = (
            [0.0, *np.cumsum(np.bincount(place, weights=item)).tolist()]
            for item in (np.ones(len(values)), values, values**2)
        )

    def of(self, early: int, first: int, end: int) -> tuple[float, float, float, int, int]:
        """Mean now, mean before, variance of both together, rows now, rows before; NaN where there are none."""
        n, m = self._n[end] - self._n[first], self._n[first] - self._n[early]
        if min(n, m) == 0:
            return math.nan, math.nan, math.nan, int(n), int(m)
        now, then = (self._total[end] - self._total[first]) / n, (self._total[first] - self._total[early]) / m
        within = (self._squares[end] - self._squares[early] - n * now**2 - m * then**2) / (n + m)
        return now, then, within + n * m * (now - then) ** 2 / (n + m) ** 2, int(n), int(m)


def _relative(value: float, half: float, before: float, n: int, level: float) -> Measured:
    scale = abs(before)
    method = f"two means, {level:.0%}"
    return Measured("change", value / scale, (value - half) / scale, (value + half) / scale, n, None, method)


def runs(changes: Sequence[LevelChange], least: float, *, rises: bool = False) -> list[LevelChange]:
    """The clearest of each run of overlapping stretches that fell (or rose) by more than `least`, beyond noise."""
    sign = 1.0 if rises else -1.0
    found: list[LevelChange] = []
    latest: date | None = None
    for item in changes:
        if not item.moved(least, rises=rises):
            continue
        if latest is not None and item.first <= latest:
            if sign * (item.change.value - found[-1].change.value) > 0:
                found[-1] = item
        else:
            found.append(item)
        latest = item.last
    return found


def _design_effect(values: Floats, clusters: Codes | None) -> float:
    """How much repeated entities widen the variance of a mean; at least 1."""
    if clusters is None:
        return 1.0
    influence = values - values.mean()
    plain = standard_error(influence)
    return max(1.0, (standard_error(influence, clusters) / plain) ** 2) if plain > 0 else 1.0


def _day(first: Any, place: int) -> date:
    found: date = (first + np.timedelta64(place, "D")).astype(date)
    return found
