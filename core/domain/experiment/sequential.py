"""A test that may be looked at after every row: the mixture sequential probability ratio test."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.domain.metrics.measured import LEVEL


@dataclass(frozen=True)
class Sequential:
    """A difference as it stands, with what holds at every look at once."""

    p: float  # always-valid: the least of all looks so far may be quoted
    low: float
    high: float


def msprt(difference: float, se: float, tau: float, level: float = LEVEL) -> Sequential:
    """Always-valid p-value and interval of a difference of two means or proportions.

    Parameters
    ----------
    difference : float
        Mean of the new arm minus that of the control.
    se : float
        Its standard error at this look: sqrt(v1 / n1 + v0 / n0).
    tau : float
        Spread of the differences the mixture expects, N(0, tau^2), in the unit of the difference; fixed before
        the first look.
    level : float

    Notes
    -----
    The likelihood ratio of the mixture is L = sqrt(s / (s + t)) exp(t d^2 / (2 s (s + t))) with s = se^2, t = tau^2;
    the p-value is min(1, 1 / L), and the interval holds every difference that it does not refute.

    Source: Johari, Koomen, Pekelis & Walsh, "Always valid inference: continuous monitoring of A/B tests",
    Operations Research 70 (2022), section 4.

    Examples
    --------
    >>> found = msprt(0.01, 0.0047, 0.01)
    >>> round(found.p, 3), round(found.low, 4), round(found.high, 4)
    (0.368, -0.0044, 0.0244)
    """
    if not se > 0:
        return Sequential(1.0, -math.inf, math.inf)
    s, t = se * se, tau * tau
    log_ratio = 0.5 * math.log(s / (s + t)) + t * difference**2 / (2 * s * (s + t))
    half = math.sqrt(2 * s * (s + t) / t * (math.log(1 / (1 - level)) + 0.5 * math.log((s + t) / s)))
    return Sequential(math.exp(-max(log_ratio, 0.0)), difference - half, difference + half)
