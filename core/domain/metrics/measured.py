"""A figure as the desk shows it: with its interval, its n, and how both came about."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

MIN_EVENTS = 30
LEVEL = 0.95


@dataclass(frozen=True)
class Measured:
    """One metric of one model on one set of rows.

    Attributes
    ----------
    name : str
        See `core.domain.metrics.catalogue`.
    value, low, high : float
        Point and 95 % interval; NaN where undefined.
    n : int
        Rows.
    n_events : int or None
        Rows of the rarer side: positives, or the smallest class; None for regression.
    method : str
        How the interval was made.
    """

    name: str
    value: float
    low: float
    high: float
    n: int
    n_events: int | None
    method: str

    @property
    def enough(self) -> bool:
        """False: too few rows for a judgement; shown in grey.

        >>> Measured("auc", 0.7, 0.5, 0.9, 500, 29, "DeLong").enough
        False
        """
        if self.n_events is None:
            return self.n >= MIN_EVENTS
        return min(self.n_events, self.n - self.n_events) >= MIN_EVENTS

    def as_json(self) -> dict[str, Any]:
        """Plain values; undefined figures are None, because JSON has no NaN."""
        facts: dict[str, Any] = asdict(self)
        for name in ("value", "low", "high"):
            facts[name] = facts[name] if math.isfinite(facts[name]) else None
        return facts | {"enough": self.enough}
