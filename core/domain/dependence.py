"""How a score depends on one raw column: mean points by bin, and the score were every row at the same value."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.domain.axes import Axis
from core.domain.columns import Array, Columns
from core.domain.features import Floats
from core.domain.metrics.influence import mean_of
from core.domain.profile import quantile_edges

Score = Callable[[Columns, int], Floats]  # (columns, n_rows) -> scores, shape (n_rows,)
N_BINS = 8
MIN_ROWS = 30


@dataclass(frozen=True)
class Bin:
    """The rows that share a level, or a range of values."""

    label: str
    at: float  # a value on the axis: the level's place, or the mean of the range
    rows: Array  # their places, shape (n,)


@dataclass(frozen=True)
class BinMean:
    """What a column adds to the scores of the rows of one bin, with its 95 % interval."""

    label: str
    at: float
    n: int
    mean: float
    low: float
    high: float

    @property
    def enough(self) -> bool:
        return self.n >= MIN_ROWS


def bins_of(axis: Axis, values: Array, n_bins: int = N_BINS) -> tuple[Bin, ...]:
    """Rows by level, or by quantiles of a number; rows that the axis does not show are in none.

    Parameters
    ----------
    axis : Axis
    values : typed column, shape (n_rows, ...)
    n_bins : int
        At most, of numbers.
    """
    measured = axis.measure(values)
    if axis.levels:
        found = [(name, float(place), measured == place) for place, name in enumerate(axis.levels)]
    else:
        edges = (-math.inf, *quantile_edges(measured, n_bins), math.inf)
        found = []
        for low, high in pairwise(edges):
            mine = (measured > low) & (measured <= high)
            if mine.any():
                least, most = float(measured[mine].min()), float(measured[mine].max())
                label = axis.say(least) if least == most else f"{axis.say(least)} to {axis.say(most)}"
                found.append((label, float(measured[mine].mean()), mine))
        if np.isnan(measured).any():
            found.append(("missing", math.nan, np.isnan(measured)))
    return tuple(Bin(label, at, np.flatnonzero(mine)) for label, at, mine in found if mine.any())


def mean_points(bins: tuple[Bin, ...], points: Floats) -> tuple[BinMean, ...]:
    """Mean points of a column in each bin, with the normal interval of the mean.

    Parameters
    ----------
    bins : tuple of Bin
    points : array, shape (n_rows,)
    """
    means = []
    for item in bins:
        value, found = float(points[item.rows].mean()), mean_of("points", points[item.rows])
        narrow = np.ptp(points[item.rows]) == 0  # all the same: there is nothing to be unsure of
        low, high = (value, value) if narrow else (found.low, found.high)
        means.append(BinMean(item.label, item.at, len(item.rows), value, low, high))
    return tuple(means)


def partial_dependence(score: Score, columns: Columns, n_rows: int, axis: Axis, grid: Floats) -> Floats:
    """Mean score were every row at each value of the grid, everything else as it is (Friedman 2001).

    Parameters
    ----------
    score : callable
    columns : mapping of str to array, shape (n_rows, ...)
    n_rows : int
    axis : Axis
    grid : array, shape (n_points,)

    Returns
    -------
    array, shape (n_points,)
    """
    if len(grid) == 0:
        return np.empty(0)
    name = axis.column.name
    many = {key: np.concatenate([values] * len(grid)) for key, values in columns.items() if key != name}
    many[name] = np.concatenate([axis.place(columns[name], float(value)) for value in grid])
    return np.asarray(score(many, n_rows * len(grid)).reshape(len(grid), n_rows).mean(axis=1))
