"""The swap set: what changes hands when one arm's choice replaces another's, at the same number of rows.

At equal coverage both arms take the same number of rows, so the rows only one of them takes are equal in number too:
their outcomes, and what they bring, are the whole difference. McNemar's test has size 0 there and is not used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.compare.rates import newcombe
from core.domain.features import Floats
from core.domain.metrics.influence import standard_error
from core.domain.metrics.intervals import z_value
from core.domain.metrics.measured import MIN_EVENTS

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Exchange:
    """Rows that only one of two arms takes, and how they ended.

    Attributes
    ----------
    n_rows, n_taken, n_both : int
        Rows in all, taken by each arm, taken by both.
    n_moved : int
        Rows that only the challenger takes: as many as only the champion takes.
    challenger, champion : float
        Mean outcome of the rows only the one or the other takes; NaN where none is.
    difference, low, high : float
        The first minus the second, with its 95 % interval.
    method : str
        Of the interval.
    money, money_low, money_high : float or None
        What the exchange brings in all; None without costs.
    """

    n_rows: int
    n_taken: int
    n_both: int
    n_moved: int
    challenger: float
    champion: float
    difference: float
    low: float
    high: float
    method: str
    money: float | None = None
    money_low: float | None = None
    money_high: float | None = None

    @property
    def enough(self) -> bool:
        """False: too few rows change hands for a judgement; shown in grey."""
        return self.n_moved >= MIN_EVENTS


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


def exchange(
    values: Floats,
    champion: Floats,
    challenger: Floats,
    coverage: float,
    *,
    worth: Floats | None = None,
    clusters: Codes | None = None,
) -> Exchange:
    """Compare two arms at one coverage.

    Parameters
    ----------
    values : array, shape (n_rows,)
        Outcomes as numbers; of 0 and 1 the interval is Newcombe's, unless entities repeat.
    champion, challenger : arrays, shape (n_rows,)
        Scores; the highest are taken.
    coverage : float
        Share of rows that each takes, (0, 1).
    worth : array, shape (n_rows,), optional
        What taking each row brings, given its outcome.
    clusters : array of int64, shape (n_rows,), optional
        Entity codes from 0, where entities repeat.

    Examples
    --------
    >>> values = np.array([1.0, 0.0, 1.0, 0.0])
    >>> found = exchange(values, np.array([4.0, 3, 2, 1]), np.array([4.0, 1, 3, 2]), 0.5, worth=100 * values)
    >>> found.n_moved, found.difference, found.money
    (1, 1.0, 100.0)
    """
    n_taken = min(max(round(coverage * len(values)), 1), len(values))
    return exchange_of(
        values, flag_top(champion, n_taken), flag_top(challenger, n_taken), worth=worth, clusters=clusters
    )


def exchange_of(
    values: Floats, champion: Flags, challenger: Flags, *, worth: Floats | None = None, clusters: Codes | None = None
) -> Exchange:
    """The same of rows that are flagged already, such as by rules.

    Raises
    ------
    ValueError
        They flag different numbers of rows: a comparison at unequal coverage says nothing about the arms.
    """
    n_taken = int(champion.sum())
    if n_taken != challenger.sum():
        raise ValueError(f"Coverage differs: {n_taken} and {int(challenger.sum())} rows are flagged.")
    only_a, only_b = challenger & ~champion, champion & ~challenger
    moved = int(only_a.sum())
    money = _money(worth, only_a, only_b, clusters)
    if moved == 0:
        nothing = float("nan")
        facts = nothing, nothing, 0.0, 0.0, 0.0, "the same rows are taken"
    else:
        facts = _rates(values, only_a, only_b, clusters)
    return Exchange(len(values), n_taken, int((champion & challenger).sum()), moved, *facts, *money)


def _rates(
    values: Floats, only_a: Flags, only_b: Flags, clusters: Codes | None
) -> tuple[float, float, float, float, float, str]:
    a, b = values[only_a], values[only_b]
    mean_a, mean_b = float(a.mean()), float(b.mean())
    if clusters is None and bool(np.isin(values, (0.0, 1.0)).all()):
        found = newcombe(int(a.sum()), len(a), int(b.sum()), len(b))
        return mean_a, mean_b, found.difference, found.low, found.high, "Newcombe"
    influence = np.zeros(len(values))
    influence[only_a] = (a - mean_a) / len(a)
    influence[only_b] = -(b - mean_b) / len(b)
    half = z_value() * standard_error(influence, clusters)
    difference = mean_a - mean_b
    method = "normal" if clusters is None else "normal, by entity"
    return mean_a, mean_b, difference, difference - half, difference + half, method


def _money(
    worth: Floats | None, only_a: Flags, only_b: Flags, clusters: Codes | None
) -> tuple[float | None, float | None, float | None]:
    """Sum over the rows that change hands; its variance is n times that of a row's part in it."""
    if worth is None:
        return None, None, None
    brought = worth * (only_a.astype(np.float64) - only_b)
    total = float(brought.sum())
    half = z_value() * standard_error(brought - brought.mean(), clusters)
    return total, total - half, total + half


def in_shares(scores: Floats, sizes: Codes) -> Codes:
    """Bands of given sizes by rank: the highest scores into the first, ties in the order of the rows.

    Examples
    --------
    >>> in_shares(np.array([0.1, 0.9, 0.5]), np.array([1, 2])).tolist()
    [1, 0, 1]
    """
    bands = np.empty(len(scores), dtype=np.int64)
    bands[np.argsort(-scores, kind="stable")] = np.repeat(np.arange(len(sizes)), sizes)
    return bands
