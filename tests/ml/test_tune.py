"""Tuning: on earlier rows only, the same twice, honest about what ran, and never worse than it says."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from core.domain.recipe import ModelSpec, Split
from core.domain.usecase import Task
from core.ml import tune as tuning
from core.ml.evaluate import labelled_rows
from core.ml.fit import fit_models
from core.ml.objectives import log_loss_of
from core.ml.rehearsal import Score, fit_on, prepare_folds
from core.ml.train import Trained, train
from core.ml.tune import Budget, Tuned, tune
from core.usecases import lead_scoring

from .conftest import Rows, small_rows, typed


@pytest.fixture(scope="module")
def rows() -> Rows:
    return typed(lead_scoring.USE_CASE, 2_500, 11)


@pytest.fixture(scope="module")
def tuned(rows: Rows) -> Tuned:
    return tune(rows.use_case, rows.columns, rows.target, times=rows.times, budget=Budget(trials=6, folds=2))


@pytest.fixture(scope="module")
def trained(rows: Rows, tuned: Tuned) -> Trained:
    return train(replace(rows.use_case, recipe=tuned.recipe), rows.columns, rows.target, times=rows.times)


def test_what_ran_is_counted_and_fits_in_a_card(tuned: Tuned) -> None:
    facts = tuned.facts
    assert facts["trials_run"] == 6 == sum(model["trials"] for model in facts["models"].values())
    assert set(facts["models"]) == {"lightgbm", "logistic", "elastic"}
    assert json.loads(json.dumps(facts)) == facts
    assert sum(point["present"] for point in facts["points"]) == 3
    assert any(point["front"] for point in facts["points"])


def test_the_same_seed_finds_the_same(rows: Rows, tuned: Tuned) -> None:
    again = tune(rows.use_case, rows.columns, rows.target, times=rows.times, budget=Budget(trials=6, folds=2))
    assert again.recipe == tuned.recipe
    assert again.facts["points"] == tuned.facts["points"]


def test_present_parameters_stay_where_nothing_beats_them(tuned: Tuned) -> None:
    for spec in tuned.recipe.models:
        facts = tuned.facts["models"].get(spec.name)
        if facts is not None:
            assert facts["best_cv"] >= facts["present_cv"]
            assert facts["kept_present"] == (facts["best_cv"] == facts["present_cv"])
            assert dict(spec.params) == facts["params"]


def test_only_held_out_rows_judge_what_was_tuned(trained: Trained, tuned: Tuned) -> None:
    assert trained.metrics["main"] == "held_out"
    assert set(trained.metrics["sets"]) == {"held_out"}
    held = trained.metrics["sets"]["held_out"]
    assert held["n"] == len(trained.reference) == 500
    assert {"auc", "log_loss"} <= set(held["models"]["lightgbm"])


def test_held_out_rows_change_nothing_in_the_search(rows: Rows, tuned: Tuned, trained: Trained) -> None:
    other = rows.target.copy()
    other[trained.reference] = 1 - other[trained.reference]
    again = tune(rows.use_case, rows.columns, other, times=rows.times, budget=Budget(trials=6, folds=2))
    assert again.recipe == tuned.recipe


def test_dropped_features_reach_no_model(rows: Rows, trained: Trained, tuned: Tuned) -> None:
    dropped = set(tuned.recipe.dropped)
    assert dropped == set(tuned.facts["dropped"])
    assert not dropped & set(trained.compiled.feature_names)
    assert trained.compile_difference < 1e-12


def test_a_feature_of_pure_noise_is_dropped_and_one_that_decides_is_kept() -> None:
    rows = small_rows(Task.BINARY, 1_500)
    found = tune(rows.use_case, rows.columns, rows.target, budget=Budget(trials=3, folds=2))
    assert "quiet" in found.recipe.dropped
    assert not {"x", "gap"} & set(found.recipe.dropped)


@pytest.mark.parametrize("family", ["logistic", "elastic", "lightgbm", "forest"])
@pytest.mark.parametrize("few", [False, True])
def test_probabilities_know_nothing_of_class_weights(family: str, few: bool) -> None:
    rows = small_rows(Task.BINARY, 4_000, seed=3)
    rare = np.where(np.random.default_rng(1).random(4_000) < (0.97 if few else 0.8), 0.0, rows.target)
    specs = (ModelSpec("plain", family), ModelSpec("weighted", family, {"class_weight": "balanced"}))
    case = replace(rows.use_case, recipe=replace(rows.use_case.recipe, models=specs))
    labelled = labelled_rows(case, rows.columns, rare, None, None, 1)
    part = labelled.splitter.partition()
    fitted = fit_models(case, labelled.matrix, labelled.target, part.train, part.calibration, 1)
    said = fitted.predict(labelled.matrix[part.test])
    rate = rare[part.test].mean()
    assert said["weighted"].mean() == pytest.approx(rate, abs=0.015)  # not near a half
    assert log_loss_of(rare[part.test], said["weighted"]) < 1.1 * log_loss_of(rare[part.test], said["plain"])


def test_probabilities_of_classes_know_nothing_of_weights() -> None:
    rows = small_rows(Task.MULTICLASS, 4_000, seed=3)
    drawn = np.random.default_rng(1).random(4_000) < 0.9
    target = np.where(drawn & (rows.target == 2), 0.0, rows.target)
    specs = tuple(ModelSpec(family, family, {"class_weight": "balanced"}) for family in ("logistic", "lightgbm"))
    case = replace(rows.use_case, recipe=replace(rows.use_case.recipe, models=specs))
    labelled = labelled_rows(case, rows.columns, target, None, None, 1)
    part = labelled.splitter.partition()
    fitted = fit_models(case, labelled.matrix, labelled.target, part.train, part.calibration, 1)
    shares = np.bincount(target[part.test].astype(int)) / len(part.test)
    for output in fitted.predict(labelled.matrix[part.test]).values():
        assert output.mean(axis=0) == pytest.approx(shares, abs=0.03)


def test_folds_look_forward_and_models_on_them_are_calibrated(rows: Rows) -> None:
    labelled = labelled_rows(rows.use_case, rows.columns, rows.target, rows.times, None, 1)
    assert labelled.splitter.kind is Split.TIME
    folds = prepare_folds(rows.use_case, labelled, 3)
    sizes = [len(fold.sample.target) for fold in folds]
    assert sizes == sorted(sizes) and len(folds) == 3
    model = fit_on(rows.use_case, rows.use_case.recipe.models[1], folds[0], 1)
    assert type(model).__name__ == "CalibratedModel"


def test_time_that_is_up_ends_the_search_and_is_told(rows: Rows) -> None:
    found = tune(rows.use_case, rows.columns, rows.target, times=rows.times, budget=Budget(40, 0.0, 2))
    assert found.facts["trials_run"] == 0
    assert found.facts["trials_asked"] == 40
    assert [spec.params for spec in found.recipe.models] == [spec.params for spec in rows.use_case.recipe.models]


def test_a_trial_below_the_median_in_both_aims_is_cut_short() -> None:
    search = tuning._Search(ModelSpec("m", "logistic"), None, 9, Score(0.6, 1.0))
    assert not search.hopeless([Score(0.0, 0.0)])
    search.first_folds = [[Score(0.6 + place / 100, float(place)), Score(0.9, 9.0)] for place in range(5)]
    assert search.hopeless([Score(0.61, 1.0)])
    assert not search.hopeless([Score(0.61, 3.0)])


def test_parameters_that_cannot_be_fitted_are_counted_as_failed(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    impossible = {"lightgbm": {"num_leaves": -1}, "logistic": {"C": -1.0}, "elastic": {"C": -1.0}}
    monkeypatch.setattr(tuning, "suggest", lambda trial, spec, *_: impossible[spec.family])
    found = tune(rows.use_case, rows.columns, rows.target, times=rows.times, budget=Budget(4, 5, 2))
    assert (found.facts["trials_run"], found.facts["trials_failed"]) == (4, 4)
