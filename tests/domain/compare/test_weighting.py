from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import r2_score, roc_auc_score

from core.domain.compare.difference import auc_part, difference
from core.domain.compare.weighting import (
    effective_n,
    weighted_auc_part,
    weighted_macro_auc_part,
    weighted_mean_part,
    weighted_r2_part,
)

RNG = np.random.default_rng(6)
N = 500
Y = (RNG.random(N) < 0.3).astype(float)
S = np.round(RNG.normal(size=N) + Y, 1)  # with ties
W = RNG.choice([1.0, 20.0], N, p=[0.9, 0.1])


def test_points_agree_with_scikit_learn():
    assert weighted_auc_part(Y, S, W).value == pytest.approx(roc_auc_score(Y, S, sample_weight=W), abs=1e-12)
    values, guess = RNG.normal(size=N), RNG.normal(size=N)
    assert weighted_r2_part(values, guess, W).value == pytest.approx(r2_score(values, guess, sample_weight=W))
    assert weighted_mean_part(values, W).value == pytest.approx(np.average(values, weights=W))
    codes = RNG.integers(0, 3, N)
    p = RNG.dirichlet([1, 1, 1], N)
    areas = [roc_auc_score(codes == k, p[:, k], sample_weight=W) for k in range(3)]
    assert weighted_macro_auc_part(codes.astype(float), p, W).value == pytest.approx(np.mean(areas))


def test_equal_weights_are_delong():
    plain, ours = auc_part(Y, S), weighted_auc_part(Y, S, np.full(N, 3.0))
    assert ours.value == pytest.approx(plain.value, abs=1e-12)
    error = [math.sqrt((part.influence**2).sum()) for part in (plain, ours)]
    assert error[1] == pytest.approx(error[0], rel=0.01)


def test_a_row_of_weight_two_counts_like_two_rows():
    twice = np.concatenate([np.arange(N), np.arange(N)[:100]])
    weights = np.where(np.arange(N) < 100, 2.0, 1.0)
    assert weighted_auc_part(Y, S, weights).value == pytest.approx(roc_auc_score(Y[twice], S[twice]), abs=1e-12)


@pytest.mark.parametrize("kind", ["auc", "r2", "mean"])
def test_influences_are_those_of_the_jackknife(kind):
    guess = S + RNG.normal(size=N)
    part = {
        "auc": lambda rows: weighted_auc_part(Y[rows], S[rows], W[rows]),
        "r2": lambda rows: weighted_r2_part(S[rows], guess[rows], W[rows]),
        "mean": lambda rows: weighted_mean_part(S[rows], W[rows]),
    }[kind]
    everyone = np.arange(N)
    left_out = np.array([part(np.delete(everyone, k)).value for k in everyone])
    jackknife = math.sqrt((N - 1) / N * ((left_out - left_out.mean()) ** 2).sum())
    found = part(everyone)
    assert found.influence.sum() == pytest.approx(0, abs=1e-12)
    assert math.sqrt((found.influence**2).sum()) == pytest.approx(jackknife, rel=0.08)


def test_effective_n():
    assert effective_n(np.ones(80)) == 80
    assert effective_n(np.concatenate([np.ones(1_000), np.full(20, 50.0)])) == pytest.approx(2_000**2 / 51_000)
    assert effective_n(np.empty(0)) == 0


def drawn(rng, n):
    """The process: champion and challenger each know half of the risk, and are worth the same."""
    x1, x2 = rng.normal(size=(2, n))
    y = (rng.random(n) < 1 / (1 + np.exp(3 - 0.7 * x1 - 0.7 * x2))).astype(float)
    return y, 0.7 * x1, 0.7 * x2


ONE_RUN = 0.0037  # standard deviation of one run of 400,000 rows at half of them rejected, less at fewer


@pytest.mark.parametrize(
    ("rejected", "published", "looks_better"), [(0.10, 0.038, 0.037), (0.30, 0.062, 0.067), (0.50, 0.078, 0.085)]
)
def test_selective_labels_flatter_the_challenger_and_a_random_slice_repairs_it(rejected, published, looks_better):
    """Equal arms; outcomes of the rows the champion accepts only, then with 5 % random accepts among the others.

    `published` is one run of the process; `looks_better` the mean of 25, which the same process gives here.
    """
    assert published == pytest.approx(looks_better, abs=2.5 * ONE_RUN)
    rng = np.random.default_rng(17)
    naive, repaired, errors, effective = [], [], [], []
    for _ in range(8):
        y, champion, challenger = drawn(rng, 200_000)
        accepted = champion < np.quantile(champion, 1 - rejected)
        parts = [auc_part(y[accepted], s[accepted]) for s in (challenger, champion)]
        naive.append(parts[0].value - parts[1].value)
        lucky = ~accepted & (rng.random(len(y)) < 0.05)
        seen = accepted | lucky
        weights = np.where(lucky, 20.0, 1.0)[seen]
        parts = [weighted_auc_part(y[seen], s[seen], weights) for s in (challenger, champion)]
        found = difference("auc", *parts)
        repaired.append(found.gain)
        errors.append(found.se)
        effective.append(effective_n(weights) / len(weights))
    assert np.mean(naive) == pytest.approx(looks_better, abs=0.005)
    assert abs(np.mean(repaired)) < 3 * np.mean(errors) / math.sqrt(8)
    assert abs(np.mean(repaired)) < looks_better / 3
    assert max(effective) < 0.6, "unbiased, but noisy: few rows carry the answer"


def test_the_interval_of_the_repaired_difference_holds_as_often_as_it_says():
    rng = np.random.default_rng(3)
    held = []
    for _ in range(150):
        y, champion, challenger = drawn(rng, 12_000)
        accepted = champion < np.quantile(champion, 0.7)
        lucky = ~accepted & (rng.random(len(y)) < 0.05)
        seen = accepted | lucky
        weights = np.where(lucky, 20.0, 1.0)[seen]
        found = difference("auc", *(weighted_auc_part(y[seen], s[seen], weights) for s in (challenger, champion)))
        held.append(found.low <= 0 <= found.high)
    assert 0.90 <= np.mean(held) <= 0.99
    assert stats.binomtest(sum(held), 150, 0.95).pvalue > 0.01
