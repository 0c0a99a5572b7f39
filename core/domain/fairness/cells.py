"""Rows counted by group, decisions and outcome: the counts say everything that rates by group can say.

A bootstrap draws from the counts and not from the rows, so its time does not grow with them. Where entities repeat,
entities whose rows fall into the same cells share a pattern, and patterns are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain.fairness.rates import Codes, Flags
from core.domain.features import Floats

N_DRAWS, FEW_DRAWS, MANY_PATTERNS = 500, 200, 20_000  # so many patterns come of so many rows that few draws do
UNKNOWN, NEGATIVE, POSITIVE = 0, 1, 2
_DENSE_CODES = 2_000_000  # cells that are counted in one array; above, codes are sorted
_CHUNK_VALUES = 4_000_000  # draws held at once: 32 MB


@dataclass(frozen=True)
class Cells:
    """Distinct rows, and how often each occurs.

    Attributes
    ----------
    n_groups : int
    group : array of int64, shape (n_cells,)
    selected : array of bool, shape (n_arms, n_cells)
    outcome : array of int64, shape (n_cells,)
        UNKNOWN, NEGATIVE or POSITIVE.
    patterns : sparse matrix, shape (n_patterns, n_cells), or None
        Rows by cell of one entity; None where no entity repeats, and each cell is a pattern.
    times : array of int64, shape (n_patterns,)
        Entities that have the pattern.
    """

    n_groups: int
    group: Codes
    selected: Flags
    outcome: Codes
    patterns: Any
    times: Codes

    @cached_property
    def counts(self) -> Floats:
        """Rows by cell, shape (n_cells,)."""
        return np.asarray(self.rows_in(self.times), dtype=np.float64)

    def rows_in(self, times: Any) -> Any:
        """Rows by cell where every pattern occurs so often; arrays of shape (..., n_patterns) to (..., n_cells)."""
        return times if self.patterns is None else times @ self.patterns

    def base(self, kind: str) -> Floats:
        """1 for cells that the rate is taken over, shape (n_cells,); kind is selection, tpr or fpr."""
        if kind == "selection":
            return np.ones(len(self.group))
        wanted = POSITIVE if kind == "tpr" else NEGATIVE
        return np.asarray(self.outcome == wanted, dtype=np.float64)

    @cached_property
    def membership(self) -> Floats:
        """1 where a cell is of a group, shape (n_cells, n_groups)."""
        return np.asarray(self.group[:, None] == np.arange(self.n_groups), dtype=np.float64)

    def draws(self, seed: int) -> Iterator[Floats]:
        """Rows by cell in bootstrap draws of entities, in chunks of shape (n_in_chunk, n_cells)."""
        rng = np.random.default_rng(seed)
        n_draws = N_DRAWS if len(self.times) < MANY_PATTERNS else FEW_DRAWS
        total = int(self.times.sum())
        size = max(1, min(n_draws, _CHUNK_VALUES // max(len(self.times), 1)))
        for start in range(0, n_draws, size):
            drawn = rng.multinomial(total, self.times / total, size=min(size, n_draws - start))
            yield np.asarray(self.rows_in(drawn), dtype=np.float64)


@dataclass(frozen=True)
class Rows:
    """Rows, or lines that stand for several equal ones.

    Attributes
    ----------
    selected : array of bool, shape (n_arms, n_rows)
    outcome : array, shape (n_rows,)
        1, 0, or NaN where it is not known.
    entities : array of int64, shape (n_rows,), optional
        Codes of entities, where they repeat.
    times : array of int64, shape (n_rows,), optional
        How many rows each line stands for; 1 by default.
    """

    selected: Flags
    outcome: NDArray[Any]
    entities: Codes | None = None
    times: Codes | None = None


def cells_of(groups: Codes, n_groups: int, rows: Rows) -> Cells:
    """Count rows by cell.

    Parameters
    ----------
    groups : array of int64, shape (n_rows,)
        Codes from 0; negative ones count nowhere.
    n_groups : int
    rows : Rows
    """
    kept = groups >= 0
    state = np.where(np.isnan(rows.outcome), UNKNOWN, np.where(rows.outcome > 0, POSITIVE, NEGATIVE))[kept]
    codes = groups[kept].astype(np.int64)
    for arm in rows.selected:
        codes = codes * 2 + arm[kept]
    n = np.ones(len(codes), dtype=np.int64) if rows.times is None else rows.times[kept]
    present, places = _coded(codes * 3 + state, n_groups * 3 << len(rows.selected))
    shifts = np.arange(len(rows.selected))[::-1, None]
    facts: dict[str, Any] = {
        "n_groups": n_groups,
        "group": present // 3 >> len(rows.selected),
        "selected": (present // 3 >> shifts & 1).astype(bool),
        "outcome": present % 3,
    }
    if rows.entities is None:
        return Cells(**facts, patterns=None, times=_sums(places, n, len(present)))
    return Cells(**facts, **_patterns(rows.entities[kept], places, n, len(present)))


def _coded(codes: Codes, n_codes: int) -> tuple[Codes, Codes]:
    """Codes that occur, and each row's place among them."""
    if n_codes > _DENSE_CODES:
        present, places = np.unique(codes, return_inverse=True)
        return present, places
    present = np.flatnonzero(np.bincount(codes, minlength=n_codes))
    place = np.zeros(n_codes, dtype=np.int64)
    place[present] = np.arange(len(present))
    return present, place[codes]


def _sums(places: Codes, n: Codes, n_places: int) -> Codes:
    return np.bincount(places, weights=n, minlength=n_places).round().astype(np.int64)


def _patterns(entities: Codes, places: Codes, times: Codes, n_cells: int) -> dict[str, Any]:
    """Distinct rows of the table of entities by cells, and how often each occurs."""
    from scipy.sparse import csr_matrix

    names, entity = np.unique(entities, return_inverse=True)
    pairs, pair = np.unique(entity * n_cells + places, return_inverse=True)
    n = _sums(pair, times, len(pairs))
    owner, cell = pairs // n_cells, pairs % n_cells
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    marks = np.random.default_rng(0).integers(1, 2**63, n_cells, dtype=np.uint64)  # two patterns with one sum: 2^-64
    sums = np.add.reduceat(marks[cell] * n.astype(np.uint64), starts) if len(starts) else np.array([], dtype=np.uint64)
    _, first, often = np.unique(sums, return_index=True, return_counts=True)
    table = csr_matrix((n.astype(np.float64), (owner, cell)), shape=(len(names), n_cells))
    return {"patterns": table[first], "times": often}
