"""Intervals that may be looked at every day: they hold at all times at once."""

from __future__ import annotations

import math

from core.domain.metrics.measured import LEVEL


def tuned_for(n_rows: int, level: float = LEVEL) -> float:
    """The rho^2 that makes the interval narrowest at n_rows (Waudby-Smith et al. 2024, eq. 82)."""
    tail = 1 - level
    log = -2 * math.log(tail)
    return (log + math.log(log + 1)) / n_rows


def half_width(row_variance: float, n_rows: int, planned: int, level: float = LEVEL) -> float:
    """Half width of the asymptotic confidence sequence for a mean.

    Parameters
    ----------
    row_variance : float
        Variance of one row's contribution: n x standard error squared.
    n_rows : int
        Rows so far.
    planned : int
        Rows at which the interval is to be narrowest.
    level : float
        Probability that the interval holds the truth at every n at once.

    Notes
    -----
    sqrt(v) sqrt(2 (n rho^2 + 1) / (n^2 rho^2) log(sqrt(n rho^2 + 1) / alpha)).

    Source: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, "Time-uniform central limit theory and asymptotic
    confidence sequences", Annals of Statistics 52 (2024), theorem 2.2.

    Examples
    --------
    >>> round(half_width(1.0, 1_000, 1_000) / (1.96 / 1_000**0.5), 2)
    1.55
    """
    if n_rows <= 0:
        return math.inf
    rho2 = tuned_for(max(planned, 1), level)
    spread = n_rows * rho2 + 1
    return math.sqrt(row_variance * 2 * spread / (n_rows**2 * rho2) * math.log(math.sqrt(spread) / (1 - level)))
