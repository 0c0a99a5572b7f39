"""Whether an item's two sides have rows enough to be compared, and what the comparison says."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.drift.bins import Bins, Counted, Rows
from core.domain.drift.item import Item, measured
from core.domain.drift.limits import Limits
from core.domain.drift.measures import rows_needed


@dataclass(frozen=True)
class Look:
    """One item of a window, measured.

    Attributes
    ----------
    needed : int
        Entities that each side must have.
    have, have_before : int
        Entities of all rows, now and before.
    valued, valued_before : int
        The same, of the rows that have a value.
    worth : float
        Effective rows per row, now.
    """

    item: Item
    needed: int
    have: int
    have_before: int
    valued: int
    valued_before: int
    worth: float

    @property
    def judged(self) -> bool:
        """Whether it is in the family that is judged together."""
        both = min(self.have, self.have_before) >= self.needed
        return both and not self.item.bins.calendar and bool(self.item.tests)

    @property
    def enough(self) -> bool:
        """Whether there are values enough to compare how they fall."""
        return min(self.valued, self.valued_before) >= self.needed


def look(bins: Bins, now: tuple[Counted, Rows], before: tuple[Counted, Rows], share: float, limits: Limits) -> Look:
    """Measure one item; `share` of quiet periods may raise it."""
    needed = max(limits.minimum_rows, rows_needed(bins.in_coarse(bins.counts), limits.psi_moderate, 1 - share))
    (have, valued), (have_before, valued_before) = _entities(*now), _entities(*before)
    worth = _worth(now[1]), _worth(before[1])
    item = measured(bins, now[0], before[0], worth, share, min(valued, valued_before) >= needed)
    return Look(item, needed, have, have_before, valued, valued_before, worth[0])


def _worth(rows: Rows) -> float:
    return rows.n_effective / rows.n if rows.n else 0.0


def _entities(counted: Counted, rows: Rows) -> tuple[int, int]:
    """Entities that the item was counted of, and those with a value; as many per row as in the whole window."""
    per_row = rows.n_entities / max(rows.n, counted.n, 1)
    return round(counted.n * per_row), round(int(counted.counts.sum()) * per_row)
