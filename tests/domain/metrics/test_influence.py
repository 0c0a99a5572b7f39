from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from core.domain.metrics.auc import auc
from core.domain.metrics.influence import auc_of, macro_auc_of, mean_of, r2_of
from core.domain.metrics.multiclass import multiclass_metrics
from core.domain.metrics.regression import regression_metrics

RNG = np.random.default_rng(5)


def binary(n: int) -> tuple[np.ndarray, np.ndarray]:
    outcomes = (RNG.random(n) < 0.2).astype(float)
    return outcomes, np.round(RNG.normal(outcomes * 0.8, 1), 2)  # rounded: ties


def test_auc_and_interval_are_delongs() -> None:
    outcomes, scores = binary(700)
    ours, theirs = auc_of(outcomes, scores), auc(outcomes, scores)
    assert ours.value == pytest.approx(roc_auc_score(outcomes, scores), abs=1e-12)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert (ours.n, ours.n_events) == (theirs.n, theirs.n_events)


def test_repeated_rows_do_not_narrow_the_interval() -> None:
    outcomes, scores = binary(600)
    once = auc_of(outcomes, scores)
    twice = auc_of(np.tile(outcomes, 3), np.tile(scores, 3), np.tile(np.arange(600), 3))
    assert twice.value == pytest.approx(once.value)
    assert twice.high - twice.low == pytest.approx(once.high - once.low, rel=0.01)
    blind = auc_of(np.tile(outcomes, 3), np.tile(scores, 3))
    assert blind.high - blind.low < 0.65 * (once.high - once.low)


def test_macro_auc_agrees_with_scikit_learn_and_the_bootstrap() -> None:
    codes = RNG.integers(0, 3, 900)
    raw = RNG.random((900, 3)) + 0.4 * np.eye(3)[codes]
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    ours = macro_auc_of(codes, probabilities)
    theirs = multiclass_metrics(codes, probabilities, seed=1)["macro_auc"]
    assert ours.value == pytest.approx(roc_auc_score(codes, probabilities, multi_class="ovr"), abs=1e-12)
    assert ours.high - ours.low == pytest.approx(theirs.high - theirs.low, rel=0.12)


def test_r2_and_mae_agree_with_the_bootstrap() -> None:
    values = RNG.normal(10, 3, 1_500)
    predictions = values + RNG.normal(0, 2, 1_500)
    theirs = regression_metrics(values, predictions, seed=1)
    for ours in (r2_of(values, predictions), mean_of("mae", np.abs(values - predictions))):
        other = theirs[ours.name]
        assert ours.value == pytest.approx(other.value, abs=1e-12)
        assert ours.high - ours.low == pytest.approx(other.high - other.low, rel=0.12)


def test_too_few_rows_have_no_interval() -> None:
    assert np.isnan(auc_of(np.zeros(5), np.arange(5.0)).value)
    assert np.isnan(auc_of(np.array([1.0, 0, 0]), np.arange(3.0)).low)
    assert mean_of("mae", np.array([])).n == 0
    assert np.isnan(r2_of(np.ones(4), np.arange(4.0)).value)
    perfect = auc_of(np.repeat([0.0, 1.0], 40), np.arange(80.0))
    assert perfect.value == 1
    assert perfect.low < 0.95
