"""Axes: the ways to line up the values of one raw column, to bin it, or to give every row the same value.

A number is its own axis; levels, answers and sets of levels stand side by side; a time is looked at by its hour,
its day of the week or its date; a list of numbers by their mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.domain.columns import MISSING, NO_SET, OTHER, Array, Column, Kind, levels_in
from core.domain.features import Floats, hour, weekday

MOST_LEVELS = 12
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Axis:
    """One way to look at a raw column.

    Attributes
    ----------
    name : str
        Unique in a use case: "amount", "created_at:hour".
    column : Column
    part : {"", "hour", "weekday", "date", "mean"}
    levels : tuple of str
        Where the values are levels; () for numbers.
    stands : array, shape (n_levels,)
        The typed value of each level.
    """

    name: str
    column: Column
    part: str
    levels: tuple[str, ...]
    stands: Array

    @property
    def title(self) -> str:
        """What people read."""
        said = {"": "", "hour": ", hour of day", "weekday": ", day of week", "date": ", date", "mean": ", mean"}
        return self.column.title + said[self.part]

    @property
    def is_number(self) -> bool:
        return not self.levels

    def measure(self, values: Array) -> Floats:
        """Typed values as numbers, shape (n_rows,): the number, or the level's place; NaN where it has none."""
        if self.part == "mean":
            told = ~np.isnan(values)
            total = np.where(told, values, 0.0).sum(axis=1)
            mean = np.full(len(values), np.nan)
            np.divide(total, told.sum(axis=1), out=mean, where=told.any(axis=1))
            return mean
        if self.part:
            return _of_times(self.part, values)
        if self.is_number:
            return np.asarray(values, dtype=np.float64)
        found = np.full(len(values), np.nan)
        for place, stand in enumerate(self.stands):
            same = np.isnan(values) if isinstance(stand, np.floating) and np.isnan(stand) else values == stand
            found[same] = place
        return found

    def place(self, values: Array, to: float) -> Array:
        """The typed column with every row at one value of the axis; what the axis does not show is kept.

        Of a time the rest of it is kept, of a list its length.
        """
        if self.part == "mean":
            return np.where(np.isnan(values), np.nan, to)
        if self.part:
            return _times_at(self.part, values, to)
        return np.full(len(values), to if self.is_number else self.stands[int(to)], dtype=values.dtype)

    def say(self, value: float) -> str:
        """A value of the axis as a person would write it."""
        if self.levels:
            return self.levels[int(value)]
        if self.part == "date":
            return str(np.datetime64(int(value), "D"))
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"

    def grid(self, values: Array, n_points: int) -> Floats:
        """Values to try: every level, or numbers evenly spaced between the 1st and the 99th per cent of the rows."""
        if self.levels:
            return np.arange(len(self.levels), dtype=np.float64)
        measured = self.measure(values)
        measured = measured[~np.isnan(measured)]
        if len(measured) == 0:
            return np.empty(0)
        distinct = np.unique(measured)
        if len(distinct) <= n_points:
            return np.asarray(distinct, dtype=np.float64)
        low, high = np.quantile(measured, [0.01, 0.99])
        points = np.linspace(low, high, n_points)
        whole = self.column.kind is Kind.COUNT or self.part == "date"
        return np.unique(np.round(points)) if whole else points


def axes_of(column: Column, values: Array) -> tuple[Axis, ...]:
    """Every way to look at a column of typed values; empty for ids and texts.

    Examples
    --------
    >>> [axis.levels for axis in axes_of(Column("sure", Kind.YESNO), np.array([1.0, 0.0]))]
    [('no', 'yes')]
    """
    kind = column.kind
    if kind is Kind.TIME:
        hours = hour(values[~np.isnat(values)].astype("datetime64[us]"))
        parts = ("hour", "weekday", "date") if np.ptp(hours) > 0 else ("weekday", "date") if len(hours) else ()
        return tuple(_time_axis(column, part) for part in parts)
    if kind is Kind.NUMBERS:
        return (Axis(f"{column.name}:mean", column, "mean", (), np.empty(0)),)
    if kind is Kind.NUMBER or kind is Kind.COUNT:
        return (Axis(column.name, column, "", (), np.empty(0)),)
    if kind.is_text:
        return ()
    names, stands = _levels(column, values)
    return (Axis(column.name, column, "", names, stands),) if names else ()


def _time_axis(column: Column, part: str) -> Axis:
    levels = WEEKDAYS if part == "weekday" else ()
    return Axis(f"{column.name}:{part}", column, part, levels, np.arange(len(levels), dtype=np.float64))


def _levels(column: Column, values: Array) -> tuple[tuple[str, ...], Array]:
    """The most frequent levels that occur, in the order of the schema."""
    if column.kind is Kind.YESNO:
        known = [answer for answer in (0.0, 1.0) if (values == answer).any()]
        missing = [float("nan")] * bool(np.isnan(values).any())
        names = [("no", "yes")[int(answer)] for answer in known] + ["missing"] * len(missing)
        return tuple(names), np.array(known + missing)
    distinct, counts = np.unique(values, return_counts=True)
    kept = np.sort(distinct[np.argsort(-counts, kind="stable")[:MOST_LEVELS]])
    if column.kind is Kind.SET:
        return tuple(" + ".join(levels_in(column, int(mask))) or _EMPTY[int(mask) == NO_SET] for mask in kept), kept
    special = {OTHER: "other", MISSING: "missing"}
    return tuple(special.get(int(code)) or column.levels[int(code)] for code in kept), kept


_EMPTY = ("none", "missing")


def _of_times(part: str, values: Array) -> Floats:
    told = ~np.isnat(values)
    found, known = np.full(len(values), np.nan), values[told].astype("datetime64[us]")
    if part == "hour":
        found[told] = hour(known)
    elif part == "weekday":
        found[told] = weekday(known)
    else:
        found[told] = known.astype("datetime64[D]").astype(np.int64)
    return found


def _times_at(part: str, values: Array, to: float) -> Array:
    days = values.astype("datetime64[D]")
    within = values - days
    if part == "hour":
        return np.asarray(days + np.timedelta64(int(to), "h") + within % np.timedelta64(1, "h"))
    if part == "weekday":
        steps = np.int64(to) - (days.astype(np.int64) + 3) % 7
        return np.asarray(np.where(np.isnat(values), values, values + steps * _DAY))
    return np.asarray(np.where(np.isnat(values), values, np.datetime64(int(to), "D") + within))
