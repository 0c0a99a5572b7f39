"""Ceilings of a known truth: agreement with every pair counted, with scikit-learn on drawn outcomes, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from core.domain.metrics.ceiling import ceilings, expected_auc


def test_expected_auc_agrees_with_every_pair_counted() -> None:
    rng = np.random.default_rng(2)
    p = rng.random(60)
    scores = p.round(1)  # with ties
    won = total = 0.0
    for i in range(60):
        for j in range(60):
            if i != j:
                weight = p[i] * (1 - p[j])
                won += weight * ((scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j]))
                total += weight
    assert expected_auc(scores, p) == pytest.approx(won / total)


def test_binary_is_the_mean_over_drawn_outcomes() -> None:
    rng = np.random.default_rng(5)
    p = rng.beta(2, 6, 20_000)
    drawn = [roc_auc_score(rng.random(20_000) < p, p) for _ in range(20)]
    found = ceilings("binary", p)["auc"]
    assert found.value == pytest.approx(np.mean(drawn), abs=0.003)
    assert found.low < found.value < found.high
    assert found.high - found.low < 0.02


def test_no_other_score_reaches_the_truth() -> None:
    rng = np.random.default_rng(7)
    p = rng.beta(2, 6, 5_000)
    assert expected_auc(p + rng.normal(0, 0.1, 5_000), p) < ceilings("binary", p)["auc"].value
    assert expected_auc(p**3, p) == pytest.approx(ceilings("binary", p)["auc"].value)


def test_classes() -> None:
    rng = np.random.default_rng(3)
    truth = rng.dirichlet([1, 2, 3], 20_000)
    codes = (rng.random((20_000, 1)) > truth.cumsum(axis=1)).sum(axis=1)
    found = ceilings("multiclass", truth)
    assert found["accuracy"].value == pytest.approx((truth.argmax(axis=1) == codes).mean(), abs=0.01)
    macro = roc_auc_score(codes, truth, multi_class="ovr", average="macro")
    assert found["macro_auc"].value == pytest.approx(macro, abs=0.01)


def test_values() -> None:
    rng = np.random.default_rng(4)
    mean = rng.normal(0, 2, 20_000)
    observed = mean + rng.normal(0, 1, 20_000)
    found = ceilings("regression", mean, observed)["r2"]
    assert found.value == pytest.approx(r2_score(observed, mean))
    assert found.value == pytest.approx(0.8, abs=0.01)
    assert found.low < 0.8 < found.high


def test_a_truth_that_never_varies_has_no_auc_to_reach() -> None:
    assert ceilings("binary", np.full(1_000, 0.2))["auc"].value == pytest.approx(0.5)
    assert np.isnan(ceilings("binary", np.zeros(1_000))["auc"].value)
