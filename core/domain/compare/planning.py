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


def rows_for_rates(base: float, change: float, *, share: float = 0.5, power: float = POWER) -> tuple[int, int]:
    """Rows per arm to see a relative change of a rate: the normal formula with unpooled variances.

    Parameters
    ----------
    base : float
        Rate of the control, (0, 1).
    change : float
        Relative: .05 is five per cent of the base.
    share : float
        Of all rows in the new arm, (0, 1).

    Returns
    -------
    int, int
        Rows of the new arm and of the control.

    Examples
    --------
    >>> rows_for_rates(0.125, 0.05)
    (44888, 44888)
    """
    from scipy.special import ndtri

    other = base * (1 + change)
    if not (0 < base < 1 and 0 < other < 1 and 0 < share < 1):
        raise ValueError(f"Rates and the share lie between 0 and 1: {base!r}, {other!r}, {share!r}.")
    ratio = (1 - share) / share  # control rows for each row of the new arm
    z = z_value(1 - ALPHA) + float(ndtri(power))
    variance = other * (1 - other) + base * (1 - base) / ratio
    n_new = math.ceil(z * z * variance / (other - base) ** 2)
    return n_new, math.ceil(n_new * ratio)
