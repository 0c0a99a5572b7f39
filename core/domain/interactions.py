"""Pairs of raw columns that work together: Friedman and Popescu's H (2008, Predictive learning via rule ensembles).

For two columns j and k, F_jk is the score were all rows to share a row's values of both, F_j and F_k of one, each
centred. What F_jk is beyond F_j + F_k is the interaction: H^2 = sum (F_jk - F_j - F_k)^2 / sum F_jk^2, and its root
mean square is the interaction in units of the score.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.domain.columns import Columns
from core.domain.dependence import Score
from core.domain.features import Floats

_BLOCK = 20_000  # rows scored at once


@dataclass(frozen=True)
class Interaction:
    """How much of a pair's joint effect is more than the sum of both."""

    first: str
    second: str
    h: float  # 0 additive, 1 nothing but interaction; NaN where the pair has no effect
    strength: float  # root mean square of the interaction, in units of the score
    n: int


def interactions(score: Score, columns: Columns, n_rows: int, names: Sequence[str]) -> tuple[Interaction, ...]:
    """Every pair of the columns named, the strongest first; scores n_rows^2 rows per column and pair.

    Parameters
    ----------
    score : callable
    columns : mapping of str to array, shape (n_rows, ...)
    n_rows : int
    names : sequence of str
        Raw columns.

    Examples
    --------
    >>> cross = {"a": np.array([-1.0, -1, 1, 1]), "b": np.array([-1.0, 1, -1, 1])}
    >>> found = interactions(lambda columns, n: columns["a"] * columns["b"], cross, 4, ("a", "b"))
    >>> found[0].h, found[0].strength
    (1.0, 1.0)
    """
    single = {name: _shared(score, columns, n_rows, (name,)) for name in names}
    found = []
    for first, second in combinations(names, 2):
        both = _shared(score, columns, n_rows, (first, second))
        beyond = both - single[first] - single[second]
        whole, part = float(both @ both), float(beyond @ beyond)
        small = whole <= 1e-24 * n_rows
        h = math.nan if small else math.sqrt(part / whole)
        found.append(Interaction(first, second, h, math.sqrt(part / n_rows), n_rows))
    return tuple(sorted(found, key=lambda item: -item.strength))


def _shared(score: Score, columns: Columns, n_rows: int, names: tuple[str, ...]) -> Floats:
    """Centred mean score were all rows to share each row's values of some columns, shape (n_rows,)."""
    step = max(1, _BLOCK // n_rows)
    means = []
    for start in range(0, n_rows, step):
        rows = np.arange(start, min(start + step, n_rows))
        mixed = {
            name: np.repeat(values[rows], n_rows, axis=0) if name in names else np.concatenate([values] * len(rows))
            for name, values in columns.items()
        }
        means.append(score(mixed, len(rows) * n_rows).reshape(len(rows), n_rows).mean(axis=1))
    found = np.concatenate(means)
    return np.asarray(found - found.mean())
