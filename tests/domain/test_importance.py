"""Importance, agreement of rankings and permutation losses, beside scipy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap, kendalltau
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.inspection import permutation_importance
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    cohen_kappa_score,
    f1_score,
    log_loss,
    mean_absolute_error,
    median_absolute_error,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)

from core.domain.importance import importance, places, rank_agreement
from core.domain.permutation import FIGURES, orders, permutation_losses

RNG = np.random.default_rng(5)


def test_interval_is_the_percentile_bootstrap_of_the_mean():
    points = RNG.normal(size=(400, 2)) * [1.0, 0.2]
    found = importance(("a", "b"), points, seed=3)
    assert found.order == ("a", "b")
    assert found.enough
    for column in range(2):
        size = np.abs(points[:, column])
        there = bootstrap((size,), np.mean, n_resamples=4000, method="percentile", rng=1).confidence_interval
        width = there.high - there.low
        assert found.value[column] == pytest.approx(size.mean(), abs=1e-12)
        assert found.low[column] == pytest.approx(there.low, abs=0.12 * width)
        assert found.high[column] == pytest.approx(there.high, abs=0.12 * width)


def test_interval_covers_the_true_mean_in_about_95_of_100():
    true = np.sqrt(2 / np.pi)
    inside = 0
    for draw in range(200):
        found = importance(("a",), np.random.default_rng(draw).normal(size=(100, 1)), seed=draw)
        inside += found.low[0] <= true <= found.high[0]
    assert 180 <= inside <= 199


def test_entities_that_repeat_do_not_pass_for_independent_rows():
    once = RNG.normal(size=(50, 1))
    repeated, entity = np.repeat(once, 8, axis=0), np.repeat(np.arange(50), 8)
    alone = importance(("a",), once, seed=1)
    naive, honest = importance(("a",), repeated, seed=1), importance(("a",), repeated, seed=1, clusters=entity)
    assert honest.high[0] - honest.low[0] == pytest.approx(alone.high[0] - alone.low[0], rel=0.15)
    assert naive.high[0] - naive.low[0] < 0.6 * (honest.high[0] - honest.low[0])


def test_no_rows_is_an_answer():
    found = importance(("a",), np.empty((0, 1)), seed=1)
    assert found.n == 0
    assert not found.enough
    assert np.isnan(found.value).all()


def test_rank_agreement_is_kendalls_tau():
    first, second = RNG.normal(size=12), RNG.normal(size=12)
    assert rank_agreement(first, second) == pytest.approx(kendalltau(first, second).statistic)
    assert np.isnan(rank_agreement(first, np.zeros(12)))
    assert places(np.array([1.0, 3.0, 3.0])).tolist() == [3, 1, 2]


class Linear(ClassifierMixin, BaseEstimator):
    """A fitted classifier with known weights."""

    def __init__(self, weights=(2.0, 0.5, 0.0)):
        self.weights = weights

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, X):
        p = 1 / (1 + np.exp(-(X @ np.array(self.weights))))
        return np.column_stack([1 - p, p])


def test_permutation_losses_are_those_of_scikit_learn():
    X = RNG.normal(size=(300, 3))
    model = Linear().fit(None, None)
    y = (RNG.random(300) < model.predict_proba(X)[:, 1]).astype(float)
    there = permutation_importance(model, X, y, scoring="roc_auc", n_repeats=4, random_state=7)
    # scikit-learn deals every column with the same generator, and shuffles what it shuffled before
    state = np.random.RandomState(np.random.RandomState(7).randint(np.iinfo(np.int32).max + 1))
    places_, dealt, order = np.arange(300), [], np.arange(300)
    for _ in range(4):
        state.shuffle(places_)
        order = order[places_]
        dealt.append(order)
    columns = {name: X[:, place] for place, name in enumerate("abc")}

    def predict(given, n):
        return {"m": model.predict_proba(np.column_stack([given[name] for name in "abc"]))[:, 1:]}

    found = permutation_losses(predict, columns, tuple("abc"), y, "auc", np.array(dealt))["m"]
    assert found.value == pytest.approx(there.importances_mean, abs=1e-12)
    spread = there.importances.std(axis=1, ddof=1)
    assert found.high - found.value == pytest.approx(3.182446 * spread / 2, rel=1e-5)
    assert found.whole == pytest.approx(roc_auc_score(y, model.predict_proba(X)[:, 1]))
    assert found.value[2] == 0
    assert found.n_repeats == 4


def test_the_sign_of_an_error_is_turned():
    y = RNG.normal(size=200)

    def predict(given, n):
        return {"m": given["x"][:, None]}

    found = permutation_losses(predict, {"x": y}, ("x",), y, "mae", orders(200, 3, 1))["m"]
    assert found.value[0] > 0.5
    assert found.low[0] > 0


def test_figures_are_those_of_scikit_learn():
    y, p = RNG.integers(0, 2, 200).astype(float), RNG.random(200)
    binary = p[:, None]
    assert FIGURES["auc"](y, binary) == pytest.approx(roc_auc_score(y, p))
    assert FIGURES["gini"](y, binary) == pytest.approx(2 * roc_auc_score(y, p) - 1)
    assert FIGURES["pr_auc"](y, binary) == pytest.approx(average_precision_score(y, p))
    assert FIGURES["brier"](y, binary) == pytest.approx(brier_score_loss(y, p))
    assert FIGURES["log_loss"](y, binary) == pytest.approx(log_loss(y, p))
    gap = max(np.mean(p[y == 1] >= cut) - np.mean(p[y == 0] >= cut) for cut in p)
    assert FIGURES["ks"](y, binary) == pytest.approx(gap)
    codes, full = RNG.integers(0, 3, 200), RNG.dirichlet(np.ones(3), 200)
    said, real = full.argmax(axis=1), codes.astype(float)
    assert FIGURES["macro_auc"](real, full) == pytest.approx(roc_auc_score(codes, full, multi_class="ovr"))
    assert FIGURES["accuracy"](real, full) == pytest.approx(accuracy_score(codes, said))
    assert FIGURES["macro_f1"](real, full) == pytest.approx(f1_score(codes, said, average="macro"))
    assert FIGURES["weighted_f1"](real, full) == pytest.approx(f1_score(codes, said, average="weighted"))
    assert FIGURES["kappa"](real, full) == pytest.approx(cohen_kappa_score(codes, said))
    assert FIGURES["log_loss"](real, full) == pytest.approx(log_loss(codes, full))
    value, guess = RNG.normal(size=200), RNG.normal(size=200)
    one = guess[:, None]
    assert FIGURES["r2"](value, one) == pytest.approx(r2_score(value, guess))
    assert FIGURES["mae"](value, one) == pytest.approx(mean_absolute_error(value, guess))
    assert FIGURES["rmse"](value, one) == pytest.approx(root_mean_squared_error(value, guess))
    assert FIGURES["median_ae"](value, one) == pytest.approx(median_absolute_error(value, guess))
