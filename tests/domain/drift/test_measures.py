"""Every measure of drift against its formula and against scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from core.domain.drift.measures import contingency, divergence, pooled_cells, psi, rows_needed
from core.domain.drift.shares import Side, share_effect, share_p, vanished_p

RNG = np.random.default_rng(3)


def test_psi_against_its_formula_and_limit_against_simulation() -> None:
    shares = np.full(10, 0.1)
    now, reference = RNG.multinomial(300, shares), RNG.multinomial(3_000, shares)
    c, r = (now + 0.5) / (now + 0.5).sum(), (reference + 0.5) / (reference + 0.5).sum()
    value, limit = psi(now, reference, 0.0)
    assert value == pytest.approx(stats.entropy(c, r) + stats.entropy(r, c))
    found = divergence(now, reference)
    assert found.kl == pytest.approx(stats.entropy(c, r)), "KL(current || reference)"
    assert found.js == pytest.approx(jensenshannon(c, r, base=2))
    assert found.noise == limit and found.noise == pytest.approx((1 / 300 + 1 / 3_000) * stats.chi2.ppf(0.95, 9))
    assert found.p == pytest.approx(stats.chi2.sf(value / (1 / 300 + 1 / 3_000), 9))
    draws = [psi(RNG.multinomial(300, shares), RNG.multinomial(3_000, shares), 0.0)[0] for _ in range(2_000)]
    assert np.mean(np.array(draws) > limit) == pytest.approx(0.05, abs=0.015)
    assert psi(now, reference, 0.5)[1] == 0.5, "never below the policy's band"
    assert psi(now * 0, reference, 0.1)[1] == math.inf


def test_a_tail_of_rare_levels_is_no_noise_of_its_own() -> None:
    shares = np.concatenate([[0.5, 0.3, 0.15], np.full(100, 0.0005)])
    raised = 0
    for _ in range(500):
        found = divergence(RNG.multinomial(400, shares), RNG.multinomial(50_000, shares))
        assert found.n_bins == 4
        raised += found.psi > found.noise
    assert raised / 500 < 0.08
    few, many = np.array([200, 120, 78, 1, 1]), np.array([20_000, 12_000, 7_800, 100, 100])
    assert divergence(few, many).n_bins == divergence(many, few).n_bins, "whichever side knows less"
    few, many = np.array([200, 120, 80, 0, 0]), np.array([20_000, 12_000, 7_968, 16, 16])
    assert divergence(few, many).n_bins == divergence(many, few).n_bins == 3
    whole, half = divergence(np.array([90, 10]), np.array([500, 0])), divergence(np.array([90, 0]), np.array([500, 0]))
    assert whole.psi > whole.noise and whole.n_bins == 2, "what is beside the one bin of the reference counts"
    assert (half.psi, half.n_bins) == (0.0, 1)


def test_psi_of_a_hundred_rows_exceeds_its_band_in_four_of_five_runs() -> None:
    """10 reference-quantile bins, 100 against 100 rows of one N(0, 1): the band of .1 means nothing there."""
    above, noise = 0, 0
    for _ in range(2_000):
        reference, now = RNG.normal(size=100), RNG.normal(size=100)
        edges = np.quantile(reference, np.arange(1, 10) / 10)
        found = divergence(*(np.bincount(np.searchsorted(edges, side), minlength=10) for side in (now, reference)))
        above += found.psi > 0.1
        noise += found.psi > found.noise
    assert above / 2_000 == pytest.approx(0.80, abs=0.04)
    assert noise / 2_000 < 0.07
    even = np.full(10, 100)
    assert (rows_needed(even, 0.1), rows_needed(even, 0.1, 1 - 0.05 / 36)) == (170, 271)
    tail = np.concatenate([[600, 300], np.full(300, 1)])
    assert rows_needed(tail, 0.1) < 170, "levels too rare to expect a row are one bin"


def test_contingency_is_scipys() -> None:
    for n, m in ((300, 4_000), (2_000, 2_000), (60, 60)):
        shares = RNG.dirichlet(np.ones(8))
        now, reference = RNG.multinomial(n, shares), RNG.multinomial(m, shares)
        table = pooled_cells(np.vstack([now, reference]).astype(float))
        expected = stats.contingency.expected_freq(table)
        assert (expected >= 5).all() and table.sum() == n + m
        found, other = contingency(now, reference), stats.chi2_contingency(table, correction=False)
        assert (found.statistic, found.p) == pytest.approx((other.statistic, other.pvalue), rel=1e-9)
        assert found.cramers_v == pytest.approx(stats.contingency.association(table.astype(int)), rel=1e-9)


def test_effective_rows_count_as_so_many() -> None:
    now, reference = np.array([30, 50, 70]), np.array([500, 500, 500])
    once, fourfold = contingency(now, reference), contingency(now * 4, reference * 2, n=150, m=1_500)
    assert (fourfold.statistic, fourfold.p) == pytest.approx((once.statistic, once.p))
    assert divergence(now * 4, reference * 2, n=150, m=1_500).noise == divergence(now, reference).noise


def test_the_effect_does_not_shrink_where_the_reference_is_large() -> None:
    now, reference = np.array([300, 700]), np.array([200, 800])
    small, large = contingency(now, reference), contingency(now, reference * 100)
    assert small.effect == pytest.approx(small.cramers_v) == pytest.approx(large.effect)
    assert large.cramers_v < small.cramers_v / 2


@pytest.mark.parametrize("cells", [(5, 200, 30, 4_000), (0, 300, 6, 900), (3, 200, 0, 9_000), (40, 900, 60, 1_000)])
def test_shares_against_scipy(cells: tuple[int, int, int, int]) -> None:
    hits, n, before, m = cells
    table = np.array([[hits, n - hits], [before, m - before]])
    if (stats.contingency.expected_freq(table) >= 5).all():
        assert share_p(*cells) == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue, rel=1e-9)
        return
    for side, word in ((Side.BOTH, "two-sided"), (Side.MORE, "greater"), (Side.LESS, "less")):
        assert share_p(*cells, side) == pytest.approx(stats.fisher_exact(table, word).pvalue, rel=1e-6)


def test_the_effect_of_a_share_is_cramers_v() -> None:
    table = np.array([[170, 830], [100, 900]])
    assert share_effect(0.17, 0.10) == pytest.approx(stats.contingency.association(table))
    assert share_effect(0, 0) == 0 and share_effect(1, 1) == 0 and share_effect(1, 0) == 1


def test_absence_by_chance_is_as_rare_as_stated() -> None:
    shares = np.array([0.8, 0.17, 0.01, 0.01, 0.01])
    quiet = 0
    for _ in range(1_000):
        gone = vanished_p(RNG.multinomial(300, shares), RNG.multinomial(3_000, shares), 300, 3_000)
        quiet += any(p < 0.05 for p in gone.values())
    assert quiet / 1_000 < 0.05
    assert vanished_p(np.array([300, 0]), np.array([2_000, 1_000]), 300, 3_000)[1] < 1e-20
