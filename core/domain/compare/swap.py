"""The swap set: what changes hands when one arm's choice replaces another's, at the same number of rows.

At equal coverage both arms flag the same number of rows, so the rows only one of them flags are equal in number too:
their outcomes are the whole difference. McNemar's test has size 0 there and is not used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.compare.rates import RateDifference, newcombe
from core.domain.features import Floats

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Swap:
    """Rows that only one of two arms flags, and how they ended.

    Attributes
    ----------
    coverage : float
        Share of rows that each arm flags.
    n_rows, n_both : int
        Rows in all, and flagged by both.
    rates : RateDifference
        Outcome rate among rows only the challenger flags (a) and only the champion flags (b).
    money : float or None
        What the exchange brings: gain of the challenger's rows minus the champion's, in the policy's currency.
    """

    coverage: float
    n_rows: int
    n_both: int
    rates: RateDifference
    money: float | None = None

    @property
    def n_moved(self) -> int:
        """Rows that only the challenger flags."""
        return self.rates.n_a


def flag_top(scores: Floats, n_flagged: int) -> Flags:
    """The n rows with the highest scores; of tied ones those that come first, so that the number is exact.

    Examples
    --------
    >>> flag_top(np.array([0.2, 0.9, 0.2, 0.1]), 2)
    array([ True,  True, False, False])
    """
    chosen = np.zeros(len(scores), dtype=bool)
    chosen[np.argsort(-scores, kind="stable")[:n_flagged]] = True
    return chosen


def swap_set(outcomes: Floats, champion: Floats, challenger: Floats, coverage: float) -> Swap:
    """Compare two arms at one coverage.

    Parameters
    ----------
    outcomes : array, shape (n_rows,), 0 or 1
    champion, challenger : arrays, shape (n_rows,)
        Scores; the highest are flagged.
    coverage : float
        Share of rows that is flagged, (0, 1).

    Examples
    --------
    >>> outcomes = np.array([1.0, 0.0, 1.0, 0.0])
    >>> found = swap_set(outcomes, np.array([0.9, 0.8, 0.2, 0.1]), np.array([0.9, 0.1, 0.8, 0.2]), 0.5)
    >>> found.n_moved, found.rates.rate_a, found.rates.rate_b
    (1, 1.0, 0.0)
    """
    n_flagged = round(coverage * len(outcomes))
    a, b = flag_top(challenger, n_flagged), flag_top(champion, n_flagged)
    return swap_of(outcomes, b, a)


def swap_of(outcomes: Floats, champion: Flags, challenger: Flags) -> Swap:
    """The swap set of two sets of flags.

    Raises
    ------
    ValueError
        They flag different numbers of rows: a comparison at unequal coverage says nothing about the arms.
    """
    if champion.sum() != challenger.sum():
        raise ValueError(f"Coverage differs: {int(champion.sum())} and {int(challenger.sum())} rows are flagged.")
    only_a, only_b = challenger & ~champion, champion & ~challenger
    hits = int(outcomes[only_a].sum()), int(outcomes[only_b].sum())
    rates = newcombe(hits[0], int(only_a.sum()), hits[1], int(only_b.sum()))
    n_rows = len(outcomes)
    return Swap(float(champion.sum() / n_rows) if n_rows else 0.0, n_rows, int((champion & challenger).sum()), rates)
