"""Every figure against scikit-learn, and every interval against what it promises."""

import warnings

import numpy as np
import pytest
from sklearn import metrics as theirs

from core.domain.metrics.baseline import Verdict, against_baseline, constant_outputs
from core.domain.metrics.binary import binary_metrics, ranking_metrics
from core.domain.metrics.catalogue import METRICS
from core.domain.metrics.intervals import bootstrap_intervals, draw_weights, median_interval, wilson
from core.domain.metrics.multiclass import class_metrics, multiclass_metrics
from core.domain.metrics.recalibration import fit_line
from core.domain.metrics.regression import regression_metrics


def _binary(n: int = 600, ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    logit = rng.normal(size=n)
    outcomes = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(float)
    p = 1 / (1 + np.exp(-logit - 0.5 * rng.normal(size=n)))
    return outcomes, np.round(p, 1) if ties else p


@pytest.mark.parametrize("ties", [False, True])
def test_binary_figures_agree_with_scikit_learn(ties: bool) -> None:
    outcomes, p = _binary(ties=ties)
    false_rate, true_rate, _ = theirs.roc_curve(outcomes, p)
    expected = {
        "auc": theirs.roc_auc_score(outcomes, p),
        "gini": 2 * theirs.roc_auc_score(outcomes, p) - 1,
        "pr_auc": theirs.average_precision_score(outcomes, p),
        "ks": (true_rate - false_rate).max(),
        "brier": theirs.brier_score_loss(outcomes, p),
        "log_loss": theirs.log_loss(outcomes, np.clip(p, 1e-15, 1 - 1e-15)),
        "accuracy": theirs.accuracy_score(outcomes, p >= 0.5),
    }
    found = binary_metrics(outcomes, p, seed=1)
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value, abs=1e-12), name
        assert found[name].low < found[name].value < found[name].high, name
        assert name in METRICS


def test_multiclass_figures_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(5)
    p = rng.dirichlet([2, 3, 1], 500)
    codes = np.array([rng.choice(3, p=row) for row in p])
    predicted = p.argmax(axis=1)
    expected = {
        "accuracy": theirs.accuracy_score(codes, predicted),
        "macro_f1": theirs.f1_score(codes, predicted, average="macro"),
        "weighted_f1": theirs.f1_score(codes, predicted, average="weighted"),
        "kappa": theirs.cohen_kappa_score(codes, predicted),
        "macro_auc": theirs.roc_auc_score(codes, p, multi_class="ovr", average="macro"),
        "log_loss": theirs.log_loss(codes, p),
    }
    found = multiclass_metrics(codes, p, seed=1)
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value, abs=1e-12), name
        assert found[name].low < found[name].value < found[name].high, name
        assert name in METRICS


def test_a_class_that_never_occurs_leaves_the_macro_mean() -> None:
    codes, predicted = np.array([0, 0, 1, 1] * 10), np.array([0, 1, 1, 1] * 10)
    found = class_metrics(codes, predicted, 3, seed=1)
    assert found["macro_f1"].value == pytest.approx(theirs.f1_score(codes, predicted, average="macro"), abs=1e-12)


def test_regression_figures_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(6)
    values = 1e6 + 50 * rng.normal(size=400)
    predictions = values + 20 * rng.normal(size=400)
    expected = {
        "r2": theirs.r2_score(values, predictions),
        "mae": theirs.mean_absolute_error(values, predictions),
        "median_ae": theirs.median_absolute_error(values, predictions),
        "rmse": theirs.root_mean_squared_error(values, predictions),
        "decile_lift": values[np.argsort(-predictions)[:40]].mean() / values.mean(),
    }
    found = regression_metrics(values, predictions, seed=1)
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value, rel=1e-9), name
        assert found[name].low < found[name].value < found[name].high, name
        assert name in METRICS


@pytest.mark.parametrize(("n_hits", "n"), [(0, 20), (3, 40), (40, 40), (500, 1000)])
def test_wilson_agrees_with_scipy(n_hits: int, n: int) -> None:
    from scipy.stats import binomtest

    interval = binomtest(n_hits, n).proportion_ci(0.95, method="wilson")
    assert wilson(n_hits, n) == pytest.approx((interval.low, interval.high), abs=1e-12)


def test_the_bootstrap_of_a_mean_is_as_wide_as_theory_says() -> None:
    values = np.random.default_rng(7).normal(size=2000)
    low, high = bootstrap_intervals(lambda w: (w @ values / w.sum(axis=1))[:, None], 2000, seed=1)
    assert high[0] - low[0] == pytest.approx(2 * 1.96 * values.std() / np.sqrt(2000), rel=0.15)


def test_the_same_seed_draws_the_same_interval() -> None:
    outcomes, p = _binary()
    assert binary_metrics(outcomes, p, seed=3) == binary_metrics(outcomes, p, seed=3)
    assert binary_metrics(outcomes, p, seed=3)["brier"] != binary_metrics(outcomes, p, seed=4)["brier"]


def test_repeated_rows_of_an_entity_do_not_narrow_the_interval() -> None:
    outcomes, p = _binary(300)
    once = binary_metrics(outcomes, p, seed=1)
    copies = np.repeat(np.arange(300), 4)
    naive = binary_metrics(outcomes[copies], p[copies], seed=1)
    honest = binary_metrics(outcomes[copies], p[copies], seed=1, clusters=copies)
    for name in ("auc", "brier", "ks", "accuracy"):
        width = once[name].high - once[name].low
        assert naive[name].high - naive[name].low < 0.65 * width, name
        assert honest[name].high - honest[name].low == pytest.approx(width, rel=0.25), name


def test_clusters_that_are_absent_from_the_rows_are_never_drawn() -> None:
    weights = np.vstack(list(draw_weights(4, 1, np.array([0, 0, 7, 7]))))
    assert (weights.sum(axis=1) == 4).all()


def test_the_median_interval_covers_the_median() -> None:
    rng = np.random.default_rng(8)
    covered = [low <= 0 <= high for low, high in (median_interval(rng.normal(size=101)) for _ in range(500))]
    assert 0.92 <= np.mean(covered) <= 0.99


def test_one_class_alone_gives_no_figure_and_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = ranking_metrics(np.zeros(50), np.arange(50.0), seed=1)
    assert all(np.isnan(measured.value) for measured in found.values())
    assert found["auc"].as_json()["value"] is None


def test_a_constant_score_is_exactly_the_baseline() -> None:
    outcomes, _ = _binary()
    found = binary_metrics(outcomes, np.full(len(outcomes), 0.4), seed=1)
    assert (found["auc"].value, found["auc"].low, found["auc"].high) == (0.5, 0.5, 0.5)
    assert found["pr_auc"].value == pytest.approx(outcomes.mean())
    assert against_baseline("binary", found, found) is Verdict.NO_BETTER


def test_verdicts_hang_on_the_lower_bound() -> None:
    outcomes, p = _binary()
    good, baseline = binary_metrics(outcomes, p, seed=1), {}
    assert against_baseline("binary", good, baseline) is Verdict.BETTER
    noise = binary_metrics(outcomes, np.random.default_rng(3).random(len(p)), seed=1)
    assert against_baseline("binary", noise, baseline) is Verdict.NO_BETTER
    few = binary_metrics(outcomes[:40], p[:40], seed=1)
    assert against_baseline("binary", few, baseline) is Verdict.UNKNOWN


def test_constant_outputs_are_the_training_shares() -> None:
    assert constant_outputs("multiclass", np.array([0.0, 2, 2, 1]), 3, 1).tolist() == [[0.25, 0.25, 0.5]]
    assert constant_outputs("regression", np.array([1.0, 3]), 0, 2).tolist() == [[2.0], [2.0]]


def test_the_calibration_line_agrees_with_an_unpenalised_logistic_regression() -> None:
    from sklearn.linear_model import LogisticRegression

    outcomes, p = _binary()
    margins = np.log(p / (1 - p))
    line = fit_line(margins, outcomes)
    model = LogisticRegression(C=np.inf, tol=1e-10).fit(margins[:, None], outcomes)
    assert (line.slope, line.intercept) == pytest.approx((model.coef_[0, 0], model.intercept_[0]), abs=1e-5)
    assert line.converged
