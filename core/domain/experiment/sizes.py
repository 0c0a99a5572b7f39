"""How long and how many: rows of each arm, and the days until they are there and their outcomes known."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date

from core.domain.compare.always_valid import half_width
from core.domain.compare.planning import ALPHA, POWER, day_of
from core.domain.metrics.intervals import z_value


def rows_for_rates(base: float, change: float, *, share: float = 0.5, power: float = POWER) -> tuple[int, int]:
    """Rows of the new arm and of the control to see a relative change of a rate.

    Parameters
    ----------
    base : float
        Rate of the control, (0, 1).
    change : float
        Relative: .05 is five per cent of the base.
    share, power : see `rows_for_means`

    Examples
    --------
    >>> rows_for_rates(0.125, 0.05)
    (44888, 44888)
    """
    other = base * (1 + change)
    if not (0 < base < 1 and 0 < other < 1 and 0 < share < 1):
        raise ValueError(f"Rates and the share lie between 0 and 1: {base!r}, {other!r}, {share!r}.")
    return _rows(other * (1 - other), base * (1 - base), other - base, share, power)


def rows_for_means(variance: float, change: float, *, share: float = 0.5, power: float = POWER) -> tuple[int, int]:
    """Rows of the new arm and of the control to see a change of a mean, both arms of one variance.

    Parameters
    ----------
    variance : float
        Of one row's value.
    change : float
        Absolute, in the unit of the value.
    share : float
        Of all rows in the new arm, (0, 1).
    power : float

    Examples
    --------
    >>> rows_for_means(1.0, 0.1)
    (1570, 1570)
    """
    if not (variance > 0 and change > 0 and 0 < share < 1):
        raise ValueError(f"A variance and a change are positive, a share is in (0, 1): {variance}, {change}, {share}.")
    return _rows(variance, variance, change, share, power)


def _rows(of_new: float, of_control: float, change: float, share: float, power: float) -> tuple[int, int]:
    """The normal formula with a variance for each arm: n = (z_alpha/2 + z_power)^2 (v1 + v0 / ratio) / change^2."""
    from scipy.special import ndtri

    ratio = (1 - share) / share  # control rows for each row of the new arm
    z = z_value(1 - ALPHA) + float(ndtri(power))
    n_new = math.ceil(z * z * (of_new + of_control / ratio) / change**2)
    return n_new, math.ceil(n_new * ratio)


def every_look(power: float = POWER) -> float:
    """How many times the rows of a test read once it takes to tell as much by bounds that hold at every look.

    The bounds are those of the confidence sequence where it is narrowest.

    Examples
    --------
    >>> round(every_look(), 2)
    1.91
    """
    from scipy.special import ndtri

    n = 10_000  # any: the sequence, tuned for n, is the same multiple of the standard error at every n
    wide = half_width(1.0, n, n) * math.sqrt(n)
    return float(((wide + ndtri(power)) / (z_value(1 - ALPHA) + ndtri(power))) ** 2)


@dataclass(frozen=True)
class Size:
    """What it takes to see a change, at a split and a flow of rows.

    Attributes
    ----------
    n_new, n_control : int
        Mature rows with an outcome, of the new arm and of the control.
    share : float
        Of the new arm.
    rows_per_day : float
        Of both arms.
    """

    n_new: int
    n_control: int
    share: float
    rows_per_day: float

    @property
    def n_rows(self) -> int:
        """Of both arms."""
        return self.n_new + self.n_control

    @property
    def days(self) -> float:
        """Until the slower arm has its rows; infinite while none come.

        >>> round(Size(25_353, 228_177, 0.1, 200.0).days)
        1268
        """
        if self.rows_per_day <= 0:
            return math.inf
        return max(self.n_new / self.share, self.n_control / (1 - self.share)) / self.rows_per_day

    def at_every_look(self) -> Size:
        """What it takes when it may be looked at every day."""
        factor = every_look()
        return replace(self, n_new=math.ceil(self.n_new * factor), n_control=math.ceil(self.n_control * factor))

    def read_out(self, begins: date, horizon_days: int) -> date | None:
        """The day on which the last planned row's outcome counts; None when that is out of sight."""
        return day_of((self.days + horizon_days) / 7, begins)
