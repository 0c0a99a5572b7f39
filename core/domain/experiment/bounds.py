"""When to turn back: bounds, not point rates, so that one bad row of fifty is no reason."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.metrics.intervals import wilson

LEVEL = 0.95


@dataclass(frozen=True)
class Bound:
    """A rate, its one-sided lower bound, and the limit it is held against."""

    name: str
    hits: int
    n: int
    rate: float
    low: float
    limit: float

    @property
    def breached(self) -> bool:
        """Whether even the lower bound is above the limit."""
        return self.low > self.limit


def rate_bound(name: str, hits: int, n: int, limit: float, looks: int = 1) -> Bound:
    """The lower bound of a rate that is looked at several times.

    Parameters
    ----------
    hits, n : int
    limit : float
        A fraction.
    looks : int
        How often the rate is looked at in all: each look gets its share of the error (Bonferroni).

    Examples
    --------
    >>> rate_bound("error rate", 2, 50, 0.02).breached, rate_bound("error rate", 30, 500, 0.02).breached
    (False, True)
    """
    level = 1 - 2 * (1 - LEVEL) / looks  # one-sided
    low, _ = wilson(hits, n, level)
    return Bound(name, hits, n, hits / n if n else 0.0, low if n else 0.0, limit)
