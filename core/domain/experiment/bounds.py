"""When to turn back: bounds, not point rates, so that one bad row of fifty is no reason."""

from __future__ import annotations

from dataclasses import dataclass

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
    """The exact lower bound (Clopper & Pearson 1934) of a rate that is looked at several times.

    It has to be the exact one: Wilson's, which is good in the middle, calls one bad row of one a breach.

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
    >>> rate_bound("error rate", 1, 1, 0.06).breached
    False
    """
    from scipy.special import betaincinv

    tail = (1 - LEVEL) / looks
    low = float(betaincinv(hits, n - hits + 1, tail)) if hits else 0.0
    return Bound(name, hits, n, hits / n if n else 0.0, low, limit)
