from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from core.domain.compare.always_valid import half_width
from core.domain.experiment.sequential import msprt

RATE, ROWS, LOOKS, RUNS = 0.125, 10_000, 20, 3_000


@pytest.fixture(scope="module")
def equal_arms() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows per arm, difference and standard error at each look of A/A tests at 12.5 %, shape (n_runs, n_looks)."""
    rng = np.random.default_rng(20261121)
    step = ROWS // LOOKS
    hits = rng.binomial(step, RATE, (2, RUNS, LOOKS)).cumsum(axis=2)
    n = step * np.arange(1, LOOKS + 1)
    rates = hits / n
    se = np.sqrt((rates * (1 - rates)).sum(axis=0) / n)
    return n, rates[1] - rates[0], se


def test_twenty_looks_at_a_fixed_n_test_find_a_winner_in_a_quarter_of_equal_arms(equal_arms):
    _, difference, se = equal_arms
    found = (np.abs(difference / se) > 1.96).any(axis=1).mean()
    assert abs(found - 0.25) < 0.03


def test_the_sequential_test_hardly_ever_does(equal_arms):
    _, difference, se = equal_arms
    found = [
        any(msprt(d, s, tau=0.01).p < 0.05 for d, s in zip(*run, strict=True))
        for run in zip(difference, se, strict=True)
    ]
    assert 0.002 < np.mean(found) < 0.022  # .3 to 1.6 %, within Monte-Carlo error


def test_nor_does_the_confidence_sequence(equal_arms):
    n, difference, se = equal_arms
    halves = np.array([[half_width(2 * k * s * s, 2 * k, 2 * ROWS) for k, s in zip(n, run, strict=True)] for run in se])
    assert 0.0005 < (np.abs(difference) > halves).any(axis=1).mean() < 0.022


def test_it_finds_a_true_difference():
    rng = np.random.default_rng(3)
    step, found = 2_500, 0
    for _ in range(200):
        hits = rng.binomial(step, [[0.125], [0.14]], (2, 20)).cumsum(axis=1)
        n = step * np.arange(1, 21)
        rates = hits / n
        se = np.sqrt((rates * (1 - rates)).sum(axis=0) / n)
        found += any(msprt(d, s, 0.01).low > 0 for d, s in zip(rates[1] - rates[0], se, strict=True))
    assert found > 190


def test_the_ratio_is_that_of_the_mixture():
    """Integrated numerically: L = integral of N(d; theta, s) over N(theta; 0, tau), over N(d; 0, s)."""
    for difference, se, tau in ((0.012, 0.004, 0.01), (-0.03, 0.01, 0.02), (0.001, 0.01, 0.01)):
        mixed, _ = integrate.quad(
            lambda theta, d=difference, s=se, t=tau: stats.norm.pdf(d, theta, s) * stats.norm.pdf(theta, 0, t),
            -0.3,
            0.3,
            points=[0.0, difference],
        )
        ratio = mixed / stats.norm.pdf(difference, 0, se)
        assert msprt(difference, se, tau).p == pytest.approx(min(1.0, 1 / ratio), rel=1e-6)


def test_the_interval_holds_what_the_test_does_not_refute():
    found = msprt(0.02, 0.005, 0.01)
    for edge in (found.low, found.high):
        assert msprt(0.02 - edge, 0.005, 0.01).p == pytest.approx(0.05, rel=1e-9)


def test_without_a_spread_nothing_is_known():
    assert msprt(0.1, 0.0, 0.01) == msprt(0.1, math.nan, 0.01)
    assert msprt(0.1, 0.0, 0.01).p == 1.0
