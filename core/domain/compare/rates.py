"""Two proportions: their difference with Newcombe's interval, and whether groups have the sizes they should."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.metrics.intervals import wilson
from core.domain.metrics.measured import LEVEL


@dataclass(frozen=True)
class RateDifference:
    """Rate of one group minus that of another."""

    rate_a: float
    rate_b: float
    difference: float
    low: float
    high: float
    n_a: int
    n_b: int


def newcombe(hits_a: int, n_a: int, hits_b: int, n_b: int, level: float = LEVEL) -> RateDifference:
    """Difference of two independent proportions, a - b, with Newcombe's (1998) hybrid score interval (method 10).

    Examples
    --------
    >>> found = newcombe(56, 70, 48, 80)
    >>> round(found.low, 4), round(found.high, 4)
    (0.0524, 0.3339)
    """
    if n_a == 0 or n_b == 0:
        nothing = math.nan
        return RateDifference(nothing, nothing, nothing, -1.0, 1.0, n_a, n_b)
    a, b = hits_a / n_a, hits_b / n_b
    (low_a, high_a), (low_b, high_b) = wilson(hits_a, n_a, level), wilson(hits_b, n_b, level)
    low = a - b - math.hypot(a - low_a, high_b - b)
    high = a - b + math.hypot(high_a - a, b - low_b)
    return RateDifference(a, b, a - b, low, high, n_a, n_b)


def sample_ratio_p(observed: Sequence[int], shares: Sequence[float]) -> float:
    """p-value that arms of these sizes came of these shares (chi-square, one degree less than arms).

    Parameters
    ----------
    observed : sequence of int, shape (n_arms,)
    shares : sequence of float, shape (n_arms,), summing to 1

    Examples
    --------
    >>> round(sample_ratio_p([5_000, 5_200], [0.5, 0.5]), 4)
    0.0477
    >>> sample_ratio_p([0, 70], [0.0, 1.0]), sample_ratio_p([3, 70], [0.0, 1.0])  # an arm nobody may meet
    (1.0, 0.0)
    """
    from scipy.special import chdtrc

    if any(seen and not share for seen, share in zip(observed, shares, strict=True)):
        return 0.0
    open_arms = [(seen, share) for seen, share in zip(observed, shares, strict=True) if share]
    total = sum(observed)
    if total == 0 or len(open_arms) < 2:
        return 1.0
    statistic = sum((seen - total * share) ** 2 / (total * share) for seen, share in open_arms)
    return float(chdtrc(len(open_arms) - 1, statistic))
