"""One item then and now: every measure of it, and the p-values of its tests."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.domain.drift.bins import NOT_LISTED, Bins, Counted, Rows
from core.domain.drift.distances import Distance, between, ks, ks_p, wasserstein
from core.domain.drift.measures import Contingency, Divergence, contingency, divergence
from core.domain.drift.shares import Side, share_effect, share_p, vanished_p
from core.domain.profile import N_BINS, Counts
from core.domain.refusals import TYPE, worth_keeping

PSI, SHAPE, ABSENT, NEW, GONE = "PSI", "shape", "missing share", "new levels", "vanished levels"


@dataclass(frozen=True)
class Item:
    """An item's measures and tests; `tests` holds the p-value of each test that could say anything."""

    bins: Bins
    now: Counted
    before: Counted
    n: float  # effective rows with a known value
    m: float
    divergence: Divergence
    contingency: Contingency
    ks: Distance | None
    ks_p: float | None
    wasserstein: Distance | None
    missing: tuple[float, float]  # shares now and before
    new: tuple[float, float]
    gone: Mapping[str, float]  # level -> p
    tests: Mapping[str, float]

    @property
    def p(self) -> float:
        """The smallest p-value times the number of tests (Bonferroni)."""
        return min(1.0, min(self.tests.values(), default=1.0) * len(self.tests))

    @property
    def unseen(self) -> dict[str, int]:
        """New levels -> rows; those that hardly anybody shares, and those of personal columns, without their names."""
        kept = worth_keeping({(self.bins.name, TYPE, level): n for level, n in self.now.unseen.items()})
        named: Counter[str] = Counter()
        for (_, _, level), n in kept.items():
            named[level if level and not self.bins.personal else NOT_LISTED] += n
        return dict(named)

    @property
    def by_levels(self) -> bool:
        """Judged by a contingency test: categories, and numbers of at most ten values."""
        return by_levels(self.bins)

    @property
    def effect(self) -> float:
        """D, or Cramer's V of two samples of one size."""
        if self.by_levels or self.ks is None:
            return self.contingency.effect
        return self.ks.value

    def significant(self, test: str, cut: float) -> bool:
        """Whether one of the tests holds, given the largest p of an item that does."""
        return test in self.tests and self.tests[test] * len(self.tests) <= cut


def by_levels(bins: Bins) -> bool:
    """Whether few enough values occur for a table of them."""
    return not bins.is_number or (bins.points and int((bins.counts > 0).sum()) <= N_BINS)


def of_reference(bins: Bins) -> tuple[Counted, Rows]:
    """The reference as a window of its own."""
    unseen = {NOT_LISTED: bins.other} if bins.other else {}
    counted = Counted(
        bins.name, bins.counts, bins.missing, unseen, low=bins.low, high=bins.high, between=0 if bins.points else None
    )
    effective = counted.n / bins.design
    return counted, Rows(counted.n, int(effective), effective)


def measured(bins: Bins, now: Counted, before: Counted, worth: tuple[float, float], level: float, shape: bool) -> Item:
    """Every measure of one item.

    Parameters
    ----------
    worth : pair of float
        Effective rows per row, now and before.
    level : float
        The share of quiet periods in which this item alone may be raised.
    shape : bool
        Whether both sides have rows enough to compare how values fall.
    """
    n, m = int(now.counts.sum()) * worth[0], int(before.counts.sum()) * worth[1]
    sides = _coarse(bins, now), _coarse(bins, before)
    fine = now.fine and before.fine
    cells = (now.counts, before.counts) if fine and by_levels(bins) else sides
    table = contingency(*cells, n, m)
    distance = ks(*((now.counts, before.counts) if fine else sides), between=between(bins, now, before))
    d_p = ks_p(distance.value, n, m)
    gone = {} if bins.is_number else vanished_p(now.counts, before.counts, n, m)
    tests = _share_tests(now, before, worth, _once(bins, before))
    if gone:
        tests[GONE] = min(gone.values())
    if shape:
        tests[SHAPE] = table.p if by_levels(bins) else d_p
        tests[PSI] = 1.0  # counted before its noise is known, which depends on the number of tests
    found = divergence(*sides, 1 - level / max(len(tests), 1), n, m)
    if shape:
        tests[PSI] = found.p
    return Item(
        bins=bins,
        now=now,
        before=before,
        n=n,
        m=m,
        divergence=found,
        contingency=table,
        ks=distance if bins.is_number else None,
        ks_p=d_p if bins.is_number else None,
        wasserstein=wasserstein(bins, now, before) if bins.is_number else None,
        missing=(_share(now.missing, now.n), _share(before.missing, before.n)),
        new=(_share(_unseen(now), now.n), _share(_unseen(before), before.n)),
        gone={bins.levels[k]: p for k, p in gone.items()},
        tests=tests,
    )


def _share_tests(now: Counted, before: Counted, worth: tuple[float, float], once: int) -> dict[str, float]:
    """Tests of the missing share and of unseen levels, where there are any; `once` levels were as good as unseen."""
    tests = {}
    n, m = round(now.n * worth[0]), round(before.n * worth[1])
    missing = round(now.missing * worth[0]), round(before.missing * worth[1])
    unseen = round(_unseen(now) * worth[0]), round(_unseen(before) * worth[1])
    if any(missing):
        tests[ABSENT] = share_p(missing[0], n, missing[1], m)
    if any(unseen):
        tests[NEW] = share_p(unseen[0], n, min(unseen[1] + once, m), m, Side.MORE)
    return tests


def _once(bins: Bins, before: Counted) -> int:
    """Levels that the reference saw once: its share of rows that were new, and the next row's chance to be (Good 1953).

    Another window is held against the same list of levels, so that its unseen rows are counted already.
    """
    return int(np.count_nonzero(before.counts == 1)) if bins.levels and before.counts is bins.counts else 0


def _coarse(bins: Bins, side: Counted) -> Counts:
    return bins.in_coarse(side.counts) if side.fine else side.counts


def _unseen(side: Counted) -> int:
    return sum(side.unseen.values())


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def missing_effect(item: Item) -> float:
    """How much the missing share moved, as Cramer's V."""
    return share_effect(*item.missing)


def new_effect(item: Item) -> float:
    """How much the share of unseen levels moved; beyond any limit where the reference knows no such rows."""
    return share_effect(*item.new) if item.new[1] > 0 else math.inf
