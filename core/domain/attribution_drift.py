"""Do the columns still push the scores as hard as they did on the reference rows?  One test per column.

The shift of mean |points| with Welch's standard error, whole entities counted once where they repeat. The p-value is
the larger of Student's and Welch's (a few extreme rows in the smaller set make Welch's too eager), and the p-values of
all columns are held together by Benjamini and Hochberg (1995), so that quiet data stay quiet.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.compare.several import benjamini_hochberg
from core.domain.features import Floats
from core.domain.importance import Codes
from core.domain.metrics.influence import standard_error
from core.domain.metrics.intervals import z_value

MIN_ROWS = 170
LEVEL = 0.05
QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Side:
    """The points of one column in one set of rows."""

    n: int
    size: float  # mean |points|
    mean: float
    quantiles: tuple[float, ...]  # of the points, at QUANTILES


@dataclass(frozen=True)
class Shift:
    """One column then and now, in units of the score."""

    column: str
    before: Side
    now: Side
    shift: float  # of mean |points|
    low: float
    high: float
    p: float
    adjusted: float  # p, corrected for the number of columns judged; NaN where it is not judged
    raised: bool


def shifts(
    columns: Sequence[str],
    before: Floats,
    now: Floats,
    judged: Sequence[bool],
    clusters: Codes | None = None,
) -> tuple[Shift, ...]:
    """Every column's points in two sets of rows, the largest shift first.

    Parameters
    ----------
    columns : sequence of str, length n_columns
    before, now : arrays, shape (n_rows of each, n_columns)
    judged : sequence of bool, length n_columns
        False for what changes by itself, such as the date: shown, never raised.
    clusters : array of int64, shape (n_rows of now,), optional
        Entity codes from 0, where entities repeat.

    Raises
    ------
    ValueError
        Either side has fewer than `MIN_ROWS` rows.
    """
    if min(len(before), len(now)) < MIN_ROWS:
        raise ValueError(f"{len(before)} and {len(now)} rows; at least {MIN_ROWS} each are compared.")
    found = [_moved(np.abs(before[:, k]), np.abs(now[:, k]), clusters) for k in range(len(columns))]
    asked = np.flatnonzero(judged)
    adjusted = np.full(len(columns), math.nan)
    adjusted[asked] = benjamini_hochberg([found[k][3] for k in asked])
    items = [
        Shift(
            column,
            _side(before[:, k]),
            _side(now[:, k]),
            *found[k],
            adjusted=float(adjusted[k]),
            raised=bool(adjusted[k] < LEVEL),
        )
        for k, column in enumerate(columns)
    ]
    return tuple(sorted(items, key=lambda item: -abs(item.shift)))


def _side(points: Floats) -> Side:
    quantiles = tuple(float(value) for value in np.quantile(points, QUANTILES))
    return Side(len(points), float(np.abs(points).mean()), float(points.mean()), quantiles)


def _moved(before: Floats, now: Floats, clusters: Codes | None) -> tuple[float, float, float, float]:
    """Shift of the mean, its 95 % interval by Welch, and the p-value of no shift."""
    from scipy.special import stdtr

    shift, n, m = float(now.mean() - before.mean()), len(before), len(now)
    first, second = _error_of_mean(before), _error_of_mean(now, clusters)
    error = math.hypot(first, second)
    if error <= 1e-12 * max(abs(shift), 1e-300):
        return shift, shift, shift, float(shift == 0)
    units = m if clusters is None else int(clusters.max()) + 1
    freedom = error**4 / (first**4 / (n - 1) + second**4 / max(units - 1, 1))
    effect = max(1.0, second / _error_of_mean(now)) if clusters is not None and np.ptp(now) > 0 else 1.0
    pooled = math.sqrt((before.var() * n + now.var() * m) / (n + m - 2)) * math.hypot(n**-0.5, effect * m**-0.5)
    half = z_value() * error
    p = max(2 * stdtr(freedom, -abs(shift) / error), 2 * stdtr(n + m - 2, -abs(shift) / pooled))
    return shift, shift - half, shift + half, float(p)


def _error_of_mean(values: Floats, clusters: Codes | None = None) -> float:
    n = len(values)
    return standard_error((values - values.mean()) / math.sqrt(n * (n - 1)), clusters)
