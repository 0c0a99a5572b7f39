"""How much each raw column moves the scores of many rows, with intervals, and whether two rankings agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.features import Floats
from core.domain.metrics.intervals import bootstrap_intervals

Codes = NDArray[np.int64]
MIN_ROWS = 30


@dataclass(frozen=True)
class Importance:
    """Mean |points| of every column over n rows, in units of the score."""

    columns: tuple[str, ...]
    value: Floats  # (n_columns,)
    low: Floats
    high: Floats
    n: int

    @property
    def enough(self) -> bool:
        """False: too few rows for a judgement; shown in grey."""
        return self.n >= MIN_ROWS

    @property
    def order(self) -> tuple[str, ...]:
        """The columns, the most important first."""
        return tuple(self.columns[place] for place in np.argsort(-self.value, kind="stable"))


def importance(columns: Sequence[str], points: Floats, seed: int, clusters: Codes | None = None) -> Importance:
    """Mean |points| per column with a 95 % percentile bootstrap: rows, or whole entities, drawn again.

    Parameters
    ----------
    columns : sequence of str, length n_columns
    points : array, shape (n_rows, n_columns)
        What each column adds to each row's score.
    seed : int
    clusters : array of int64, shape (n_rows,), optional
        Entity codes from 0, where entities repeat.

    Examples
    --------
    >>> found = importance(("a", "b"), np.array([[0.1, -0.3], [-0.1, 0.1]]), seed=1)
    >>> found.value.round(2), found.order
    (array([0.1, 0.2]), ('b', 'a'))
    """
    names, n = tuple(columns), len(points)
    if n == 0:
        nothing = np.full(len(names), math.nan)
        return Importance(names, nothing, nothing, nothing, 0)
    size = np.abs(points)

    def means(weights: Floats) -> Floats:
        return np.asarray(weights @ size / weights.sum(axis=1, keepdims=True))

    low, high = bootstrap_intervals(means, n, seed, clusters)
    return Importance(names, size.mean(axis=0), low, high, n)


def rank_agreement(first: Floats, second: Floats) -> float:
    """Kendall's tau-b of two rankings; NaN where one of them ranks nothing.

    >>> round(rank_agreement(np.array([3.0, 2, 1]), np.array([30.0, 10, 20])), 3)
    0.333
    """
    from scipy.stats import kendalltau

    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return math.nan
    return float(kendalltau(first, second).statistic)


def places(values: Floats) -> NDArray[np.int64]:
    """The place of each value, 1 for the largest.

    >>> places(np.array([0.1, 0.5, 0.3]))
    array([3, 1, 2])
    """
    found = np.empty(len(values), dtype=np.int64)
    found[np.argsort(-values, kind="stable")] = np.arange(1, len(values) + 1)
    return found
