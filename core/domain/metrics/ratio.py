"""How many times more often the outcome happens in one group of rows than in another."""

from __future__ import annotations

import math

from core.domain.metrics.intervals import z_value
from core.domain.metrics.measured import Measured


def risk_ratio(hits_a: int, n_a: int, hits_b: int, n_b: int) -> Measured:
    """Rate in group a over the rate in group b, with Katz's interval (normal on the log scale).

    Parameters
    ----------
    hits_a, n_a, hits_b, n_b : int
        Rows with the outcome, and rows, of each group.

    Examples
    --------
    >>> found = risk_ratio(20, 200, 40, 1000)
    >>> round(found.value, 2), round(found.low, 2), round(found.high, 2)
    (2.5, 1.49, 4.18)
    """
    n, n_events = n_a + n_b, min(hits_a, hits_b)
    if not hits_a or not hits_b:
        return Measured("risk_ratio", math.nan, math.nan, math.nan, n, n_events, "no outcome in one of the groups")
    value = hits_a / n_a / (hits_b / n_b)
    half = z_value() * math.sqrt(1 / hits_a - 1 / n_a + 1 / hits_b - 1 / n_b)
    return Measured(
        "risk_ratio", value, value * math.exp(-half), value * math.exp(half), n, n_events, "Katz, log scale"
    )
