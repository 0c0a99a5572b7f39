"""Precision, recall and F1 against scikit-learn, with intervals that cover."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn import metrics as theirs

from core.domain.metrics.catalogue import METRICS, metric_of
from core.domain.metrics.decisions import by_class_metrics, decision_metrics, policy_metrics
from core.domain.metrics.regression import regression_metrics
from core.domain.policy import Band, Policy, Tone

HIGH = Band("high", "act", Tone.GOOD, at_least=0.6)
LOW = Band("low", "leave", Tone.BAD)


def draw(n: int = 800, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 2, n)
    return (rng.random(n) < p).astype(float), p


def test_decisions_at_the_policys_cutoff_and_at_capacity_agree_with_scikit_learn() -> None:
    outcomes, p = draw()
    found = policy_metrics(Policy((HIGH, LOW), capacity=0.25), outcomes, p, seed=1)
    top = np.zeros(len(p))
    top[np.argsort(-p)[:200]] = 1
    for suffix, flagged in (("", p >= 0.6), ("_at_capacity", top)):
        precision, recall, f1, _ = theirs.precision_recall_fscore_support(outcomes, flagged, average="binary")
        for name, value in (("precision", precision), ("recall", recall), ("f1", f1)):
            figure = found[name + suffix]
            assert figure.value == pytest.approx(value, abs=1e-12), name
            assert figure.low < figure.value < figure.high, name
            assert figure.name == name + suffix and figure.name in METRICS
    assert found["flagged"].value == (p >= 0.6).mean()
    assert found["precision"].n == (p >= 0.6).sum() and found["recall"].n == outcomes.sum()


def test_a_share_is_cut_on_the_rows_themselves_and_without_a_capacity_there_are_no_such_figures() -> None:
    outcomes, p = draw()
    shared = Policy((Band("high", "act", Tone.GOOD, share=0.1), LOW))
    found = policy_metrics(shared, outcomes, p, seed=1)
    assert set(found) == {"precision", "recall", "f1", "flagged"}
    assert found["flagged"].value == pytest.approx(0.1, abs=0.002)


def test_an_arm_with_bands_of_its_own_is_judged_by_them() -> None:
    outcomes, p = draw()
    own = p >= 0.9
    found = policy_metrics(Policy((HIGH, LOW)), outcomes, p, seed=1, top_band=own)
    assert found["precision"].value == outcomes[own].mean()


def test_decisions_by_class_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(4)
    codes, predicted = rng.integers(0, 3, 500), rng.integers(0, 3, 500)
    found = by_class_metrics(codes, predicted, ("Low", "Mid", "High"), seed=1)
    expected = theirs.precision_recall_fscore_support(codes, predicted)[:3]
    for name, values in zip(("precision", "recall", "f1"), expected, strict=True):
        for label, value in zip(("Low", "Mid", "High"), values, strict=True):
            assert found[f"{name}:{label}"].value == pytest.approx(value, abs=1e-12)
    assert metric_of("f1:High").label == "F1 of High"


def test_the_intervals_cover_the_true_figures() -> None:
    truth = policy_metrics(Policy((HIGH, LOW)), *draw(400_000, 9), seed=1)
    covered = dict.fromkeys(("precision", "recall", "f1"), 0)
    for seed in range(300):
        found = policy_metrics(Policy((HIGH, LOW)), *draw(300, 1_000 + seed), seed=1)
        for name in covered:
            covered[name] += found[name].low <= truth[name].value <= found[name].high
    for name, count in covered.items():
        assert 0.92 <= count / 300 <= 0.98, name


def test_repeated_rows_of_an_entity_widen_the_interval() -> None:
    outcomes, p = draw(300)
    copies = np.repeat(np.arange(300), 4)
    once = decision_metrics(outcomes == 1, p >= 0.6, seed=1)
    honest = decision_metrics(outcomes[copies] == 1, p[copies] >= 0.6, seed=1, clusters=copies)
    for name, figure in once.items():
        assert honest[name].value == figure.value
        assert honest[name].high - honest[name].low == pytest.approx(figure.high - figure.low, rel=0.3), name
        assert "entity" in honest[name].method


def test_nothing_flagged_has_no_precision_and_warns_nobody() -> None:
    outcomes, p = draw(100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for clusters in (None, np.arange(100)):
            found = decision_metrics(outcomes == 1, p > 2, seed=1, clusters=clusters)
            assert np.isnan(found["precision"].value) and np.isnan(found["precision"].low)
            assert found["recall"].value == 0 and found["f1"].value == 0
            assert not found["precision"].enough


def test_decile_lift_is_left_out_where_the_mean_is_no_measure() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=400)
    assert "decile_lift" not in regression_metrics(values - values.mean(), values, seed=1)
    constant = regression_metrics(values + 5, np.full(400, 5.0), seed=1)
    assert constant["decile_lift"].value == pytest.approx(1.0)
