"""How far rates lie apart between groups: the gap, its interval, what chance makes of it, and another arm's gap.

The highest of several rates minus the lowest is biased upward: equal groups never read 0. So every gap stands beside
its value under permuted groups, and its lower bound holds for all pairs of groups at once, so that choosing the
farthest pair costs nothing. Simulated (500 draws, equal groups): a percentile interval of the gap excludes 0 in 100 %
of samples, this lower bound in 6 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.domain.fairness.cells import Cells
from core.domain.fairness.rates import Codes, demographic_parity_ratio, rates, spread
from core.domain.features import Floats
from core.domain.metrics.intervals import wilson
from core.domain.metrics.measured import Measured

LEAST_GROUP = 30
N_PERMUTED = 1_000
RATES = ("selection", "tpr", "fpr")
KINDS = {"parity": ("selection",), "odds": ("tpr", "fpr"), "tpr": ("tpr",), "fpr": ("fpr",)}


@dataclass(frozen=True)
class Gap:
    """Highest minus lowest rate over the groups that have 30 rows; of `odds`, the larger of two such gaps.

    Attributes
    ----------
    kind : str
        A key of KINDS.
    value, low, high : float
        `low` holds for all pairs of groups at once, `high` is a percentile of the draws; 95 % together.
    expected, noise : float
        Mean of the gap where groups are dealt out anew, which is what equal groups would read; and the limit that in
        95 of 100 deals none of the gaps looked at together would exceed.
    ratio : float
        Lowest over highest rate, of parity only.
    rate : str
        Which rate it is the gap of.
    highest, lowest : int
        Codes of the two groups.
    groups : tuple of int
        Codes of the groups that counted.
    n : int
        Rows of these groups that the rate is taken over.
    """

    kind: str
    value: float
    low: float
    high: float
    expected: float
    noise: float
    ratio: float
    rate: str
    highest: int
    lowest: int
    groups: tuple[int, ...]
    n: int


def group_rates(cells: Cells, arm: int, kind: str) -> tuple[Measured, ...]:
    """Every group's rate of one arm with Wilson's interval, n shrunk by the design effect where entities repeat."""
    base, hit = _of(cells, arm, kind)
    n, hits = (cells.counts * base) @ cells.membership, (cells.counts * hit) @ cells.membership
    effects = _effects(cells, arm, kind)
    found = []
    for total, count, effect in zip(n, hits, effects, strict=True):
        low, high = wilson(float(count / effect), float(total / effect))
        value = float(count / total) if total else math.nan
        how = "Wilson" if effect == 1 else f"Wilson, n divided by the design effect {effect:.2f}"
        found.append(Measured(kind, value, float(low), float(high), int(total), None, how))
    return tuple(found)


def _of(cells: Cells, arm: int, kind: str) -> tuple[Floats, Floats]:
    base = cells.base(kind)
    return base, base * cells.selected[arm]


def _effects(cells: Cells, arm: int, kind: str) -> Floats:
    """Design effect of each group's rate: variance by entity over variance by row, at least 1."""
    if cells.patterns is None:
        return np.ones(cells.n_groups)
    base, hit = _of(cells, arm, kind)
    by_group = cells.membership
    n, hits = (cells.counts * base) @ by_group, (cells.counts * hit) @ by_group
    share = np.nan_to_num(rates(hits, n))
    apart = cells.patterns @ (by_group * hit[:, None]) - share * (cells.patterns @ (by_group * base[:, None]))
    plain = n * share * (1 - share)
    with np.errstate(invalid="ignore", divide="ignore"):
        effect = (cells.times @ np.square(apart)) / plain
    return np.maximum(1.0, np.where(plain > 0, effect, 1.0))


@dataclass(frozen=True)
class Drawn:
    """Rates of one arm by group: on the rows, and in the draws.

    Attributes
    ----------
    large : array of int64
        Groups with 30 rows.
    rates : array, shape (n_large,)
    se : array, shape (n_large,)
        Never 0: of a rate with half a hit and half a miss added.
    draws : array, shape (n_draws, n_large)
    """

    large: Codes
    n: Floats
    rates: Floats
    se: Floats
    draws: Floats


Draws = Mapping[tuple[int, str], Drawn]  # by arm and rate


def drawn_rates(cells: Cells, seed: int) -> Draws:
    """Rates of every arm and kind under the same draws, so that differences between arms are paired."""
    asked = [(arm, kind) for arm in range(len(cells.selected)) for kind in RATES]
    n_groups = cells.n_groups
    sums = np.hstack(
        [cells.membership * cells.base(kind)[:, None] for kind in RATES]
        + [cells.membership * _of(cells, arm, kind)[1][:, None] for arm, kind in asked]
    )
    totals = np.vstack([counts @ sums for counts in cells.draws(seed)]).reshape(-1, len(RATES) + len(asked), n_groups)
    return {
        (arm, kind): _drawn(cells, arm, kind, rates(totals[:, len(RATES) + place], totals[:, RATES.index(kind)]))
        for place, (arm, kind) in enumerate(asked)
    }


def _drawn(cells: Cells, arm: int, kind: str, draws: Floats) -> Drawn:
    base, hit = _of(cells, arm, kind)
    n, hits = (cells.counts * base) @ cells.membership, (cells.counts * hit) @ cells.membership
    large = np.flatnonzero(n >= LEAST_GROUP)
    n, hits, effects = n[large], hits[large], _effects(cells, arm, kind)[large]
    softened = (hits + 0.5) / (n + 1)
    se = np.sqrt(softened * (1 - softened) / (n / effects))
    return Drawn(large, n, hits / n, se, draws[:, large])


def gap_of(cells: Cells, drawn: Draws, arm: int, kind: str, seed: int, family: int = 1) -> Gap | None:
    """The gap of one arm; None where fewer than two groups have 30 rows for a rate that it needs.

    Parameters
    ----------
    cells, drawn
        Of the same rows.
    arm : int
    kind : str
        A key of KINDS.
    seed : int
    family : int
        How many gaps are looked at together: of many that are equal, some exceed what one does by chance.
    """
    found = {name: drawn[arm, name] for name in KINDS[kind]}
    if any(len(part.large) < 2 for part in found.values()):
        return None
    name = max(found, key=lambda rate: float(spread(found[rate].rates)))
    widest = found[name]
    gaps = np.max([np.ptp(part.draws, axis=1) for part in found.values()], axis=0)
    dealt = np.max([_permuted(cells, arm, rate, found[rate], seed) for rate in found], axis=0)
    value = float(spread(widest.rates))
    return Gap(
        kind=kind,
        value=value,
        low=_lower(list(found.values())),
        high=max(value, _quantile(gaps, 0.975)),
        expected=float(dealt.mean()),
        noise=float(np.quantile(dealt, 1 - 0.05 / family, method="higher")),
        ratio=demographic_parity_ratio(widest.rates) if kind == "parity" else math.nan,
        rate=name,
        highest=int(widest.large[widest.rates.argmax()]),
        lowest=int(widest.large[widest.rates.argmin()]),
        groups=tuple(int(code) for code in widest.large),
        n=int(sum(part.n.sum() for part in found.values())),
    )


def _lower(parts: list[Drawn]) -> float:
    """Largest over all pairs of groups of: their difference minus a multiple of its standard error.

    The multiple is the 95 % limit, over draws, of the largest standardised difference of any pair from its own value.
    """
    apart, errors, moved = [], [], []
    for part in parts:
        one, other = np.triu_indices(len(part.large), 1)
        error = np.sqrt(part.se[one] ** 2 + part.se[other] ** 2)
        off = part.draws - part.rates
        apart.append(np.abs(part.rates[one] - part.rates[other]))
        errors.append(error)
        moved.append((np.abs(off[:, one] - off[:, other]) / error).max(axis=1))
    multiple = _quantile(np.max(moved, axis=0), 0.95)
    return max(0.0, float((np.concatenate(apart) - multiple * np.concatenate(errors)).max()))


def _permuted(cells: Cells, arm: int, kind: str, found: Drawn, seed: int) -> Floats:
    """Gaps where the rows' groups are dealt out anew, shape (N_PERMUTED,).

    How many hits each group then has is multivariate hypergeometric, given the groups' sizes. Where entities repeat,
    sizes are divided by the mean design effect.
    """
    effects = _effects(cells, arm, kind)[found.large]
    effect = float((effects * found.n).sum() / found.n.sum())
    sizes = np.maximum(np.round(found.n / effect), 1).astype(np.int64)
    hits = round(float((found.rates * found.n).sum()) / effect)
    dealt = np.random.default_rng(seed).multivariate_hypergeometric(
        sizes, min(hits, int(sizes.sum())), size=N_PERMUTED, method="marginals"
    )
    return np.asarray(np.ptp(dealt / sizes, axis=1))


@dataclass(frozen=True)
class Wider:
    """How much wider one arm's gap is than another's on the same rows, under the same draws."""

    kind: str
    value: float
    low: float
    high: float


def wider_by(drawn: Draws, champion: int, other: int, kind: str) -> Wider | None:
    """The paired difference of two arms' gaps; None where one has none."""
    sides = [[drawn[arm, name] for name in KINDS[kind]] for arm in (champion, other)]
    if any(len(part.large) < 2 for side in sides for part in side):
        return None
    a, b = (float(max(float(spread(part.rates)) for part in side)) for side in sides)
    first, second = (np.max([np.ptp(part.draws, axis=1) for part in side], axis=0) for side in sides)
    low, high = (_quantile(second - first, share) for share in (0.025, 0.975))
    return Wider(kind, b - a, min(low, b - a), max(high, b - a))


def _quantile(drawn: Floats, share: float) -> float:
    """A quantile of the draws in which every large group has a row: of thirty, all but one in 10^13."""
    return float(np.quantile(drawn[~np.isnan(drawn)], share))
