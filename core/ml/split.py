"""Which rows train, calibrate, set intervals and judge: held out by time, by group, or at random by class.

Every function takes and returns row positions; nothing here looks at a feature.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.domain.columns import Array
from core.domain.recipe import Split
from core.errors import InputError

Rows = NDArray[np.int64]

TEST_SHARE = 0.20
CALIBRATION_SHARE = 0.15  # of all rows: early stopping, the probability map, the spread of residuals
CONFORMAL_SHARE = 0.10  # of all rows, where a prediction needs an interval
N_FOLDS = 5


@dataclass(frozen=True)
class Partition:
    """Row positions of the parts, each ascending; no row is in two. `conformal` may be empty."""

    train: Rows
    calibration: Rows
    test: Rows
    conformal: Rows = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @property
    def known(self) -> Rows:
        """Every row that is not tested on."""
        return np.concatenate([self.train, self.calibration, self.conformal])

    def parts(self) -> dict[str, Rows]:
        """The parts by name, in the order rows flow through them; none that is empty."""
        found = {"train": self.train, "calibration": self.calibration, "conformal": self.conformal, "test": self.test}
        return {name: rows for name, rows in found.items() if len(rows)}


@dataclass(frozen=True)
class Splitter:
    """How the rows of one training are held out.

    Attributes
    ----------
    kind : Split
    strata : array of int64, shape (n_rows,)
        Class codes; all zero for regression. Read by random splits only.
    times : array of datetime64, or of numbers that order the rows, shape (n_rows,), or None
        Rows without a time count as the oldest, so that they can only train.
    groups : array of int64, shape (n_rows,), or None
        Entity codes, see `group_codes`.
    seed : int
    """

    kind: Split
    strata: NDArray[np.int64]
    times: Array | None
    groups: NDArray[np.int64] | None
    seed: int

    def __post_init__(self) -> None:
        if self.kind is Split.TIME and self.times is None:
            raise InputError("The recipe splits by time, and these rows have no time.", "Name the time column.")
        if self.kind is Split.GROUP and self.groups is None:
            raise InputError("The recipe splits by group, and these rows have no group.", "Name the group column.")

    @property
    def n_rows(self) -> int:
        return len(self.strata)

    def as_random(self) -> Splitter:
        """The same rows, split at random by class: the figure that stands beside the honest one."""
        return Splitter(Split.RANDOM, self.strata, self.times, self.groups, self.seed)

    def partition(self, conformal: bool = False) -> Partition:
        """Train, calibration and test rows of the whole, and conformal rows if asked for.

        By time the conformal rows are the last before the test rows: the likest to what comes next. The test
        rows are the same with and without them.
        """
        rest, test = self.hold_out(np.arange(self.n_rows), TEST_SHARE)
        if not conformal:
            train, calibration = self.hold_out(rest, CALIBRATION_SHARE / (1 - TEST_SHARE))
            return Partition(train, calibration, test)
        rest, held = self.hold_out(rest, CONFORMAL_SHARE / (1 - TEST_SHARE))
        train, calibration = self.hold_out(rest, CALIBRATION_SHARE / (1 - TEST_SHARE - CONFORMAL_SHARE))
        return Partition(train, calibration, test, held)

    def hold_out(self, rows: Rows, share: float) -> tuple[Rows, Rows]:
        """Split rows into (kept, held out), both ascending, about `share` of them held out.

        Raises
        ------
        InputError
            Every row has the same time, or the same group.
        """
        if self.kind is Split.TIME:
            ordered, at = self._by_time(rows)
            cut = _tie_free(at, round(len(rows) * (1 - share)))
            kept, held = ordered[:cut], ordered[cut:]
        elif self.kind is Split.GROUP:
            held_out = self._groups_held(rows, share)
            kept, held = rows[~held_out], rows[held_out]
        else:
            drawn = self._stratified_share(rows, share)
            kept, held = rows[~drawn], rows[drawn]
        if len(kept) == 0 or len(held) == 0:
            what = "time" if self.kind is Split.TIME else "group"
            raise InputError(
                f"{len(rows)} rows cannot be split by {what}: there are fewer than two of them.",
                f"Give rows of at least two {what}s, or split at random.",
            )
        return np.sort(kept), np.sort(held)

    def folds(self, n_folds: int = N_FOLDS) -> list[tuple[Rows, Rows]]:
        """(train, test) positions: forward chaining by time, whole groups, or stratified folds.

        By time the rows are cut into n_folds + 1 blocks; each block but the first is tested by a model
        trained on all blocks before it.
        """
        rows = np.arange(self.n_rows)
        if self.kind is Split.TIME:
            ordered, at = self._by_time(rows)
            cuts = sorted({_tie_free(at, round(len(rows) * k / (n_folds + 1))) for k in range(1, n_folds + 1)})
            edges = [cut for cut in cuts if 0 < cut < len(rows)] + [len(rows)]
            return [(np.sort(ordered[:start]), np.sort(ordered[start:end])) for start, end in pairwise(edges)]
        fold = self._group_folds(n_folds) if self.kind is Split.GROUP else self._stratified(rows, n_folds)
        return [(rows[fold != k], rows[fold == k]) for k in range(n_folds) if (fold == k).any()]

    def _by_time(self, rows: Rows) -> tuple[Rows, Array]:
        assert self.times is not None
        if self.times.dtype.kind == "M":
            at = self.times[rows].astype("datetime64[us]").view(np.int64)  # NaT is the smallest integer: oldest
        else:
            at = np.nan_to_num(self.times[rows].astype(np.float64), nan=-np.inf)
        order = np.argsort(at, kind="stable")
        return rows[order], at[order]

    def _stratified(self, rows: Rows, n_folds: int) -> NDArray[np.int64]:
        """Fold of each row, dealt out in turn within each class after a shuffle."""
        rng = np.random.default_rng(self.seed)
        fold = np.empty(len(rows), dtype=np.int64)
        for stratum in np.unique(self.strata[rows]):
            members = np.flatnonzero(self.strata[rows] == stratum)
            fold[rng.permutation(members)] = np.arange(len(members)) % n_folds
        return fold

    def _stratified_share(self, rows: Rows, share: float) -> NDArray[np.bool_]:
        rng = np.random.default_rng(self.seed)
        drawn = np.zeros(len(rows), dtype=bool)
        for stratum in np.unique(self.strata[rows]):
            members = np.flatnonzero(self.strata[rows] == stratum)
            drawn[rng.permutation(members)[: round(share * len(members))]] = True
        return drawn

    def _groups_held(self, rows: Rows, share: float) -> NDArray[np.bool_]:
        assert self.groups is not None
        codes, inverse, sizes = np.unique(self.groups[rows], return_inverse=True, return_counts=True)
        order = np.random.default_rng(self.seed).permutation(len(codes))
        before = np.cumsum(sizes[order]) - sizes[order]
        held = np.zeros(len(codes), dtype=bool)
        held[order[before < share * len(rows)]] = True
        held[order[-1]] = False  # one group stays to be trained on, however large the first ones are
        return np.asarray(held[inverse])

    def _group_folds(self, n_folds: int) -> NDArray[np.int64]:
        """Fold of each row: groups by size, the largest first, each to the smallest fold so far."""
        assert self.groups is not None
        _, inverse, sizes = np.unique(self.groups, return_inverse=True, return_counts=True)
        order = np.random.default_rng(self.seed).permutation(len(sizes))
        order = order[np.argsort(-sizes[order], kind="stable")]
        filled, fold = np.zeros(n_folds), np.empty(len(sizes), dtype=np.int64)
        for group in order.tolist():
            fold[group] = filled.argmin()
            filled[fold[group]] += sizes[group]
        return np.asarray(fold[inverse])


def group_codes(groups: Array | None) -> NDArray[np.int64] | None:
    """Entities as codes 0..k-1, shape (n_rows,)."""
    if groups is None:
        return None
    return np.asarray(np.unique(np.asarray(groups).astype(str), return_inverse=True)[1], dtype=np.int64)


def _tie_free(at: Array, cut: int) -> int:
    """The position nearest to `cut` that separates no two equal times; 0 or len(at) if there is none."""
    cut = min(max(cut, 1), len(at) - 1) if len(at) > 1 else 0
    left = int(np.searchsorted(at, at[cut], side="left"))
    right = int(np.searchsorted(at, at[cut], side="right"))
    inside = [place for place in (left, right) if 0 < place < len(at)]
    return min(inside, key=lambda place: abs(place - cut)) if inside else 0
