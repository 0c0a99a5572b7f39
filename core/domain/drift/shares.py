"""Shares of rows then and now: values that are missing, levels that are new, levels that are gone."""

from __future__ import annotations

import math
from enum import StrEnum

import numpy as np

from core.domain.profile import Counts

LEAST_CELL = 5.0  # rows that every cell must expect before the score test takes over from Fisher's


class Side(StrEnum):
    """What would be remarkable."""

    BOTH = "differs"
    MORE = "is larger now"
    LESS = "is smaller now"


def share_p(hits: int, n: int, hits_before: int, n_before: int, side: Side = Side.BOTH) -> float:
    """How often chance alone makes two shares so unlike: Fisher's exact test, or the score test where rows are many.

    Parameters
    ----------
    hits, n : int
        Now, of n rows.
    hits_before, n_before : int

    Examples
    --------
    >>> round(share_p(8, 100, 10, 1_000), 5)
    7e-05
    """
    from scipy.special import ndtr

    total, marked = n + n_before, hits + hits_before
    if min(n, n_before, marked, total - marked) <= 0:
        return 1.0
    if min(marked, total - marked) * min(n, n_before) / total < LEAST_CELL:
        return _fisher(hits, n, marked, total, side)
    pooled = marked / total
    z = (hits / n - hits_before / n_before) / math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / n_before))
    if side is Side.BOTH:
        return 2 * float(ndtr(-abs(z)))
    return float(ndtr(-z if side is Side.MORE else z))


def _fisher(hits: int, n: int, marked: int, total: int, side: Side) -> float:
    from scipy.special import gammaln

    def ways(of: float, take: np.ndarray) -> np.ndarray:
        return np.asarray(gammaln(of + 1) - gammaln(take + 1) - gammaln(of - take + 1))

    possible = np.arange(max(0, n + marked - total), min(n, marked) + 1)
    log = ways(marked, possible) + ways(total - marked, n - possible) - ways(total, np.array(n))
    chance, place = np.exp(log), hits - int(possible[0])
    if side is Side.MORE:
        return float(min(chance[place:].sum(), 1.0))
    if side is Side.LESS:
        return float(min(chance[: place + 1].sum(), 1.0))
    return float(min(chance[chance <= chance[place] * (1 + 1e-7)].sum(), 1.0))


def share_effect(now: float, before: float) -> float:
    """Cramer's V of two shares, were both of as many rows: .1 is 0 to 2 %, 10 to 17 %, 50 to 60 %.

    >>> [round(share_effect(*pair), 2) for pair in ((0.02, 0.0), (0.17, 0.10), (0.6, 0.5))]
    [0.1, 0.1, 0.1]
    """
    middle = (now + before) / 2
    return abs(now - before) / 2 / math.sqrt(middle * (1 - middle)) if 0 < middle < 1 else 0.0


def vanished_p(now: Counts, reference: Counts, n: float, m: float) -> dict[int, float]:
    """Levels that the reference has and the window has not -> how often chance alone leaves one of them out.

    Parameters
    ----------
    now, reference : arrays of int, shape (n_levels,)
    n, m : float
        Effective rows.

    Examples
    --------
    >>> {k: round(p, 3) for k, p in vanished_p(np.array([50, 0, 0]), np.array([900, 90, 10]), 50, 1_000).items()}
    {1: 0.03, 2: 1.0}
    """
    rows, held = int(now.sum()), int(reference.sum())
    if min(rows, held) == 0:
        return {}
    gone = np.flatnonzero((now == 0) & (reference > 0)).tolist()
    scale = m / held
    known = max(int(np.count_nonzero(reference)), 1)
    found = {k: share_p(0, round(n), round(reference[k] * scale), round(m), Side.LESS) for k in gone}
    return {k: min(1.0, p * known) for k, p in found.items()}
