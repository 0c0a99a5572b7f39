"""How much a drift matters: what the change in where rows fall does to the mean score, in points of the score."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.domain.columns import Array
from core.domain.features import Floats
from core.domain.metrics.intervals import z_value
from core.domain.metrics.measured import LEVEL, Measured
from core.domain.profile import Counts


@dataclass(frozen=True)
class MeanPoints:
    """Mean attribution of one item per bin of it, over reference rows, in points of the score.

    Attributes
    ----------
    means : array, shape (n_bins,)
        0 where no reference row fell.
    counts : array of int64, shape (n_bins,)
    """

    means: Floats
    counts: Counts


def mean_points(bins: Array, points: Floats, n_bins: int) -> MeanPoints:
    """Mean points per bin.

    Parameters
    ----------
    bins : array of int, shape (n_rows,)
        Bin of each reference row, -1 where it has none (left out).
    points : array, shape (n_rows,)
        Attribution of the item in each row.
    """
    kept = bins >= 0
    counts = np.bincount(bins[kept], minlength=n_bins).astype(np.int64)
    sums = np.bincount(bins[kept], weights=points[kept], minlength=n_bins)
    return MeanPoints(np.divide(sums, counts, out=np.zeros(n_bins), where=counts > 0), counts)


def impact(
    now: Counts,
    reference: Counts,
    mean_attribution: Floats,
    n: float | None = None,
    m: float | None = None,
    level: float = LEVEL,
) -> Measured:
    """Sum over bins of the change in share x mean attribution: by how many points the mean score moves with the item.

    The interval is that of two multinomial samples; the mean attributions are taken as known.

    Parameters
    ----------
    now, reference : arrays of int, shape (n_bins,)
    mean_attribution : array, shape (n_bins,)
        Points of the score, over reference rows.
    n, m : float, optional
        Effective rows, where entities repeat.

    Returns
    -------
    Measured
        `value` in points; NaN where a side has no rows.

    Examples
    --------
    >>> found = impact(np.array([400, 600]), np.array([500, 500]), np.array([-0.02, 0.02]))
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.004, 0.0023, 0.0057)
    """
    rows, held = int(now.sum()), int(reference.sum())
    method = f"two multinomial samples, {level:.0%}"
    if min(rows, held) == 0:
        return Measured("impact", math.nan, math.nan, math.nan, rows, None, "no rows")
    c, r = now / rows, reference / held
    value = float((c - r) @ mean_attribution)
    spread = _variance(c, mean_attribution) / (n or rows) + _variance(r, mean_attribution) / (m or held)
    half = z_value(level) * math.sqrt(spread)
    return Measured("impact", value, value - half, value + half, rows, None, method)


def _variance(shares: Floats, values: Floats) -> float:
    return max(float(shares @ values**2) - float(shares @ values) ** 2, 0.0)
