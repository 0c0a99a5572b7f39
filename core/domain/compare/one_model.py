"""Whether several arms are one model in several coats: they rank rows alike, and no gain worth having is left open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from core.domain.compare.difference import Difference

LEAST_RANK = 0.98  # Spearman's correlation of two arms' scores
LEVEL = 0.90  # two one-sided tests at 5 % each


@dataclass(frozen=True)
class Pair:
    """Two arms on the same rows.

    Attributes
    ----------
    a, b : str
    rank : float
        Spearman's correlation of their scores.
    difference : Difference or None
        Of a over b in the primary metric, with an interval at `LEVEL`; None where it cannot be measured.
    """

    a: str
    b: str
    rank: float
    difference: Difference | None

    def same(self, minimum_gain: float) -> bool:
        """Whether they rank alike, and the whole interval of their difference is smaller than a gain worth having."""
        found = self.difference
        if found is None or not found.enough or not self.rank >= LEAST_RANK:
            return False
        return -minimum_gain < found.low and found.high < minimum_gain


@dataclass(frozen=True)
class Coats:
    """The largest set of arms that are one model, each pair of them the same.

    Attributes
    ----------
    arms : tuple of str
        In the order given; () where no two are the same.
    whole : bool
        Whether that is all of them.
    pairs : tuple of Pair
        Of every two arms.
    """

    arms: tuple[str, ...]
    whole: bool
    pairs: tuple[Pair, ...]

    @property
    def within(self) -> tuple[Pair, ...]:
        """The pairs inside the set."""
        return tuple(pair for pair in self.pairs if pair.a in self.arms and pair.b in self.arms)

    @property
    def least_rank(self) -> float:
        """The smallest rank correlation inside the set; of all pairs where there is no set."""
        return min((pair.rank for pair in self.within or self.pairs), default=float("nan"))

    @property
    def reach(self) -> float:
        """The largest difference that any interval inside the set admits; of all pairs where there is no set."""
        measured = [pair.difference for pair in self.within or self.pairs if pair.difference is not None]
        return max((max(abs(found.low), abs(found.high)) for found in measured), default=float("nan"))


def coats(names: Sequence[str], pairs: Sequence[Pair], minimum_gain: float) -> Coats:
    """Find the largest set of arms of which every two are the same; of equal sets the first.

    Parameters
    ----------
    names : sequence of str
        Arms, at most about a dozen.
    pairs : sequence of Pair
        Every two of them, in any order.
    minimum_gain : float
        The policy's, in units of the primary metric.

    Notes
    -----
    Two arms are the same when the interval of their difference at 90 % lies inside -+ the minimum gain: two one-sided
    tests at 5 % (Schuirmann 1987). That every pair of a set must pass needs no correction (intersection-union).
    """
    alike = {frozenset((pair.a, pair.b)) for pair in pairs if pair.same(minimum_gain)}
    for size in range(len(names), 1, -1):
        for chosen in combinations(names, size):
            if all(frozenset(pair) in alike for pair in combinations(chosen, 2)):
                return Coats(chosen, size == len(names), tuple(pairs))
    return Coats((), False, tuple(pairs))
