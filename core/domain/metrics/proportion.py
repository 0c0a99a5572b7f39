"""A proportion with its Wilson interval."""

from __future__ import annotations

import math

from core.domain.metrics.intervals import wilson
from core.domain.metrics.measured import Measured


def proportion(name: str, n_hits: int, n: int, n_events: int | None = None) -> Measured:
    """Share of hits among n rows.

    >>> found = proportion("accuracy", 90, 100)
    >>> round(found.value, 2), round(found.low, 3), round(found.high, 3)
    (0.9, 0.826, 0.945)
    """
    low, high = wilson(n_hits, n)
    return Measured(name, n_hits / n if n else math.nan, low, high, n, n_events, "Wilson")
