"""How many rows a comparison takes, and when they will be there."""

from __future__ import annotations

import math
from datetime import date, timedelta

from core.domain.metrics.intervals import z_value

POWER = 0.8
ALPHA = 0.05


def rows_needed(row_variance: float, gain: float, *, power: float = POWER, alpha: float = ALPHA) -> int:
    """Rows that show a gain of this size with this power: n = v ((z_alpha/2 + z_power) / gain)^2.

    Parameters
    ----------
    row_variance : float
        Variance of the paired difference times the number of rows it was measured on.
    gain : float
        The policy's minimum gain, never the observed one: what was seen by luck needs few rows, by luck.
    power : float
    alpha : float
        Two-sided.

    Examples
    --------
    >>> rows_needed(20_000 * 0.00135**2, 0.01)
    2861
    """
    from scipy.special import ndtri

    if gain <= 0:
        raise ValueError(f"A minimum gain is positive, not {gain!r}.")
    return math.ceil(row_variance * ((z_value(1 - alpha) + float(ndtri(power))) / gain) ** 2)


def weeks_until(n_needed: int, n_now: int, rows_per_week: float) -> float:
    """Weeks until there are as many mature rows; 0 when there are, infinite when none come.

    >>> weeks_until(2900, 1500, 100.0)
    14.0
    """
    missing = n_needed - n_now
    if missing <= 0:
        return 0.0
    return missing / rows_per_week if rows_per_week > 0 else math.inf


def day_of(weeks: float, today: date) -> date | None:
    """The day in so many weeks; None when it is more than a hundred years away."""
    if not math.isfinite(weeks) or weeks > 5_200:
        return None
    return today + timedelta(days=math.ceil(weeks * 7))
