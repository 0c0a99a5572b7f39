"""Intervals: on the logit scale, for proportions, by seeded bootstrap, by order statistics."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from core.domain.features import Floats
from core.domain.metrics.measured import LEVEL

N_DRAWS = 500
_CHUNK_VALUES = 4_000_000  # weights held at once: 32 MB


def z_value(level: float = LEVEL) -> float:
    """Two-sided standard normal quantile.

    >>> round(z_value(), 4)
    1.96
    """
    from scipy.special import ndtri

    return float(ndtri(0.5 + level / 2))


def logit_interval(value: float, se: float, level: float = LEVEL) -> tuple[float, float]:
    """Normal interval of logit(value), taken back; the delta method gives its standard error.

    >>> low, high = logit_interval(0.9, 0.02)
    >>> round(low, 4), round(high, 4)
    (0.8534, 0.9329)
    """
    if se == 0 or not 0 < value < 1:
        return value, value
    centre, half = math.log(value / (1 - value)), min(600.0, z_value(level) * se / (value * (1 - value)))
    return 1 / (1 + math.exp(half - centre)), 1 / (1 + math.exp(-half - centre))


def wilson(n_hits: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """Wilson (1927) interval of a proportion; (0, 1) when n is 0.

    >>> low, high = wilson(10, 100)
    >>> round(low, 4), round(high, 4)
    (0.0552, 0.1744)
    """
    if n == 0:
        return 0.0, 1.0
    z, share = z_value(level), n_hits / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # at 0 and n hits the bound is exactly 0 and 1; rounding must not put it past the point
    return (0.0 if n_hits == 0 else centre - half), (1.0 if n_hits == n else centre + half)


def median_interval(values: Floats, level: float = LEVEL) -> tuple[float, float]:
    """Interval of the median by order statistics: no assumption about the distribution.

    Parameters
    ----------
    values : array, shape (n_rows,)
    """
    from scipy.stats import binom

    n = len(values)
    if n == 0:
        return math.nan, math.nan
    ordered = np.sort(values)
    rank = int(binom.ppf((1 - level) / 2, n, 0.5))
    return float(ordered[max(rank - 1, 0)]), float(ordered[min(n - rank, n - 1)])


def draw_weights(
    n: int, seed: int, clusters: NDArray[np.int64] | None = None, n_draws: int = N_DRAWS
) -> Iterator[Floats]:
    """Bootstrap draws as row weights, in chunks of shape (n_in_chunk, n).

    Parameters
    ----------
    n : int
        Rows.
    seed : int
    clusters : array of int64, shape (n,), optional
        Entity codes 0..k-1: whole entities are drawn, so that repeated rows do not pass for independent ones.
    n_draws : int
    """
    rng = np.random.default_rng(seed)
    n_units = n if clusters is None else int(clusters.max()) + 1
    present = np.arange(n_units) if clusters is None else np.unique(clusters)
    size = max(1, min(n_draws, _CHUNK_VALUES // max(n, 1)))
    for start in range(0, n_draws, size):
        rows = min(size, n_draws - start)
        picked = present[rng.integers(0, len(present), (rows, len(present)))]
        counts = np.stack([np.bincount(row, minlength=n_units) for row in picked]).astype(np.float64)
        yield counts if clusters is None else counts[:, clusters]


def bootstrap_intervals(
    statistic: Callable[[Floats], Floats], n: int, seed: int, clusters: NDArray[np.int64] | None = None
) -> tuple[Floats, Floats]:
    """Percentile intervals of several statistics at once.

    Parameters
    ----------
    statistic : callable
        Row weights of shape (n_draws, n) -> array (n_draws, n_statistics); NaN where a draw has no value.
    n, seed, clusters : see `draw_weights`

    Returns
    -------
    low, high : arrays, shape (n_statistics,)
        NaN where no draw has a value.
    """
    drawn = np.vstack([statistic(weights) for weights in draw_weights(n, seed, clusters)])
    tail = (1 - LEVEL) / 2
    low, high = np.full((2, drawn.shape[1]), np.nan)
    known = ~np.isnan(drawn).all(axis=0)
    low[known], high[known] = np.nanquantile(drawn[:, known], [tail, 1 - tail], axis=0)
    return low, high
