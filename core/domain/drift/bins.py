"""What is compared: one item (a score, a raw column, a feature) as rows per bin, in the reference and in a window.

Counts add up over batches, days and machines, so the same judgement runs on rows counted here, in SQL, or from what
each batch logged. Numbers are counted in up to 256 fine bins (Kolmogorov-Smirnov, Wasserstein), and these again in the
at most ten coarse bins of a version's profile (PSI and its kin); levels of a category in one bin each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.domain.columns import MISSING, OTHER, Array
from core.domain.drift.edges import fine_edges
from core.domain.features import Floats
from core.domain.profile import Counts, quantile_edges

NOT_LISTED = "another level"  # rows of unseen levels whose texts nobody kept


class Of(StrEnum):
    """What an item is."""

    SCORE = "score"
    RAW = "raw column"
    FEATURE = "feature"


@dataclass(frozen=True, eq=False)
class Bins:
    """One item's bins, and the rows of the reference in them.

    Attributes
    ----------
    name : str
        Unique beside `of`.
    edges : tuple of float
        Numbers: inner edges, ascending, at most 255; bin k holds edge[k-1] < x <= edge[k]. The first bin is below
        every value of the reference, the last one above. Empty for levels.
    levels : tuple of str
        Categories: bin k holds level k. Empty for numbers.
    counts : array of int64, shape (n_bins,)
        Rows of the reference that have a value.
    missing, other : int
        Rows of the reference without a value, and with a level that is not among `levels`.
    coarse : tuple of int, length n_bins
        Coarse bin of each bin: numbers at most ten, levels themselves.
    points : bool
        Numbers: every bin between the ends holds one value of the reference.
    calendar : bool
        A function of the date alone: shown, never judged.
    low, high, sd : float
        Smallest and largest value and standard deviation in the reference; NaN for levels.
    design : float
        Rows of the reference over its effective rows, where entities repeat in it.
    column : str
        Raw columns: the schema's column that is counted; another name than `name` only for one level of a set.
    member : int
        The place of that level in the set's column; -1 for everything else.
    personal : bool
        Its values are about one person: a level nobody listed is counted and never named.
    """

    name: str
    of: Of
    edges: tuple[float, ...]
    levels: tuple[str, ...]
    counts: Counts
    missing: int
    coarse: tuple[int, ...]
    other: int = 0
    points: bool = False
    calendar: bool = False
    low: float = math.nan
    high: float = math.nan
    sd: float = math.nan
    design: float = 1.0
    column: str = ""
    member: int = -1
    personal: bool = False

    @property
    def is_number(self) -> bool:
        return not self.levels and len(self.counts) > 0  # a category may know no level at all

    @property
    def n_coarse(self) -> int:
        return max(self.coarse, default=-1) + 1

    @property
    def coarse_edges(self) -> tuple[float, ...]:
        """Inner edges of the coarse bins: those of the version's profile."""
        return tuple(edge for k, edge in enumerate(self.edges) if self.coarse[k] != self.coarse[k + 1])

    def in_coarse(self, counts: Counts) -> Counts:
        """Counts per coarse bin, shape (n_coarse,), of counts per bin."""
        return np.bincount(self.coarse, weights=counts, minlength=self.n_coarse).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Counted:
    """The same item in a window, counted in the bins of the reference.

    Attributes
    ----------
    counts : array of int64, shape (n_bins,), or (n_coarse,) where not `fine`
        Rows that have a value, or one of the known levels.
    missing : int
    unseen : mapping of str to int
        Levels that the reference does not know -> rows.
    fine : bool
        False: counted in the coarse bins only, as features are that each batch appended.
    low, high : float
        Smallest and largest value, where known; without them the error of a Wasserstein distance is not.
    between : int or None
        Rows within the reference's ends whose value is no edge; None where nobody looked. Where every bin of the
        reference holds one value, only these rows can hide anything within bins.
    """

    name: str
    counts: Counts
    missing: int
    unseen: Mapping[str, int] = field(default_factory=dict)
    fine: bool = True
    low: float = math.nan
    high: float = math.nan
    between: int | None = None

    @property
    def n(self) -> int:
        """Rows, with and without a value."""
        return int(self.counts.sum()) + self.missing + sum(self.unseen.values())


@dataclass(frozen=True)
class Rows:
    """How much a window tells: its rows, its entities, and the rows that independent ones would be as good as."""

    n: int
    n_entities: int
    n_effective: float


def number_bins(
    name: str,
    of: Of,
    values: Floats,
    *,
    calendar: bool = False,
    design: float = 1.0,
    column: str = "",
    member: int = -1,
) -> Bins:
    """Bins of a number, and the reference counted in them.

    Parameters
    ----------
    values : array, shape (n_rows,)
        Of the reference; NaN where missing.
    design : float
        Rows over effective rows (`core.domain.drift.entities`).
    column, member : str, int
        See `Bins`.

    Examples
    --------
    >>> bins = number_bins("age", Of.RAW, np.array([1.0, 2.0, 2.0, np.nan]))
    >>> bins.counts.tolist(), bins.missing, bins.in_coarse(bins.counts).tolist(), bins.coarse_edges
    ([0, 1, 2, 0], 1, [1, 2], (1.0,))
    """
    ordered = np.sort(values)
    present = ordered[: len(ordered) - int(np.count_nonzero(values != values))]
    profile = quantile_edges(present)
    edges, points = fine_edges(present, profile)
    counted = count_numbers_in(edges, ordered)
    coarse = np.searchsorted(profile, (*edges, math.inf)).tolist()
    finite = present[np.isfinite(present)]
    low, high, sd = (float(finite[0]), float(finite[-1]), float(finite.std())) if len(finite) else [math.nan] * 3
    return Bins(
        name,
        of,
        edges,
        (),
        counted,
        len(ordered) - len(present),
        tuple(coarse),
        points=points,
        calendar=calendar,
        low=low,
        high=high,
        sd=sd,
        design=design,
        column=column or name,
        member=member,
    )


def level_bins(
    name: str, of: Of, levels: Sequence[str], codes: Array, *, design: float = 1.0, personal: bool = False
) -> Bins:
    """Bins of a category, one per level, and the reference counted in them.

    Parameters
    ----------
    levels : sequence of str
    codes : array of int, shape (n_rows,)
        Of the reference: places in `levels`, `OTHER` unseen, `MISSING` missing.

    Examples
    --------
    >>> bins = level_bins("channel", Of.RAW, ("web", "shop"), np.array([0, 0, 1, MISSING]))
    >>> bins.counts.tolist(), bins.missing, bins.other
    ([2, 1], 1, 0)
    """
    counts, other, missing = _level_counts(len(levels), codes)
    every = tuple(range(len(levels)))
    known = Bins(name, of, (), tuple(levels), counts, missing, every, other, design=design, column=name)
    return replace(known, personal=personal)


def count_numbers(bins: Bins, values: Floats) -> Counted:
    """A window's numbers, shape (n_rows,), NaN where missing, in the fine bins of the reference.

    Sorted once: the edges are then looked up among the rows, not the rows among the edges.
    """
    ordered = np.sort(values)  # NaN comes last
    counts = count_numbers_in(bins.edges, ordered)
    n = int(counts.sum())
    if n == 0:
        return Counted(bins.name, counts, len(ordered))
    at_edges = np.searchsorted(ordered[:n], bins.edges, "right") - np.searchsorted(ordered[:n], bins.edges)
    between = n - int(counts[0]) - int(counts[-1]) - int(at_edges.sum())
    missing = len(ordered) - n
    return Counted(bins.name, counts, missing, low=float(ordered[0]), high=float(ordered[n - 1]), between=between)


def count_numbers_in(edges: Sequence[float], ordered: Floats) -> Counts:
    """Rows with a value per bin, shape (n_edges + 1,), of values in ascending order with NaN last."""
    n = int(np.searchsorted(ordered, math.nan))
    reached = np.searchsorted(ordered[:n], np.asarray(edges, dtype=np.float64), side="right")
    return np.diff(np.concatenate([[0], reached, [n]])).astype(np.int64)


def count_levels(bins: Bins, codes: Array, unseen: Mapping[str, int] | None = None) -> Counted:
    """A window's levels in the bins of the reference.

    Parameters
    ----------
    codes : array of int, shape (n_rows,)
        Places in `bins.levels`, `OTHER`, `MISSING`.
    unseen : mapping of str to int, optional
        The texts behind `OTHER` -> rows, where they are known.
    """
    counts, other, missing = _level_counts(len(bins.levels), codes)
    named = dict(unseen) if unseen is not None else ({NOT_LISTED: other} if other else {})
    return Counted(bins.name, counts, missing, named)


def _level_counts(n_levels: int, codes: Array) -> tuple[Counts, int, int]:
    found = np.bincount(codes.astype(np.int64) - MISSING, minlength=n_levels - MISSING).astype(np.int64)
    return found[-MISSING:], int(found[OTHER - MISSING]), int(found[0])


def bin_of(bins: Bins, values: Array, *, coarse: bool = True) -> NDArray[np.int64]:
    """The bin of every value, shape (n_rows,), -1 where it has none: missing, or a level the reference lacks."""
    if not bins.is_number:
        return np.maximum(values.astype(np.int64), -1)
    place = np.searchsorted(bins.edges, values)
    place = np.asarray(bins.coarse)[place] if coarse else place
    return np.where(np.isnan(values), -1, place)
