"""Training, whole: honest figures, the same scores twice, and no better claim than the data allow."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from core.domain.metrics.auc import delong
from core.domain.recipe import ModelSpec, Recipe, Split
from core.domain.usecase import Task, UseCase
from core.errors import InputError, UnknownName
from core.ml.train import Trained, train


def ceiling(use_case: UseCase, columns: dict, seed: int = 5, n_draws: int = 20) -> tuple[float, float]:
    """Mean and standard deviation of the AUC that the true probability reaches on these rows."""
    assert use_case.truth is not None
    p = use_case.truth(columns)
    rng = np.random.default_rng(seed)
    reached = [delong((rng.random(len(p)) < p).astype(float), p)[0] for _ in range(n_draws)]
    return float(np.mean(reached)), float(np.std(reached))


def held_out(rows: object, trained: Trained) -> tuple[dict, np.ndarray]:
    columns = {name: values[trained.reference] for name, values in rows.columns.items()}  # type: ignore[attr-defined]
    return columns, rows.target[trained.reference]  # type: ignore[attr-defined]


def test_leads_reach_their_documented_auc_and_not_more_than_can_be(leads: object, trained_leads: Trained) -> None:
    columns, _ = held_out(leads, trained_leads)
    best, noise = ceiling(leads.use_case, columns)  # type: ignore[attr-defined]
    figures = trained_leads.metrics["sets"]["held_out"]["models"]
    for model in ("lightgbm", "logistic", "elastic", "ensemble"):
        value = figures[model]["auc"]["value"]
        assert 0.85 < value < best + 3 * noise, model
        assert trained_leads.metrics["verdicts"][model] == "better than the baseline"


def test_leads_models_beat_the_rules_on_the_same_rows(trained_leads: Trained) -> None:
    held = trained_leads.metrics["sets"]["held_out"]
    assert held["rules"]["auc"]["n"] == held["models"]["lightgbm"]["auc"]["n"]
    assert held["rules"]["auc"]["high"] < held["models"]["lightgbm"]["auc"]["low"]


def test_purchases_stay_below_the_ceiling_and_are_one_model(purchases: object, trained_purchases: Trained) -> None:
    columns, _ = held_out(purchases, trained_purchases)
    best, noise = ceiling(purchases.use_case, columns)  # type: ignore[attr-defined]
    figures = trained_purchases.metrics["sets"]["held_out"]["models"]
    for model in figures:
        assert 0.56 < figures[model]["auc"]["value"] < best + 3 * noise, model
    correlations = np.corrcoef(list(trained_purchases.reference_scores.values()))
    assert correlations.min() > 0.95


def test_purchases_scale_the_five_named_features_first(trained_purchases: Trained, purchases: object) -> None:
    names = trained_purchases.compiled.feature_names
    use_case = purchases.use_case  # type: ignore[attr-defined]
    assert names[:5] == use_case.recipe.scaled
    assert names[5:] == tuple(name for name in use_case.feature_names if name not in use_case.recipe.scaled)
    kind, rest = trained_purchases.preprocessor.transformers_[0][1], trained_purchases.preprocessor.transformers_[1][1]
    assert type(kind).__name__ == "StandardScaler"
    assert rest == "passthrough" or type(rest).__name__ == "FunctionTransformer"


def test_probabilities_are_calibrated_on_rows_never_trained_on(trained_leads: Trained) -> None:
    for model, facts in trained_leads.calibration.items():
        line = facts["on_test"]
        assert abs(line["slope"] - 1) < 0.15, model
        assert abs(line["intercept"]) < 4 * line["intercept_se"], model


def test_the_bundle_fits_its_own_reference(trained_leads: Trained, leads: object) -> None:
    assert trained_leads.compile_difference <= 1e-12
    parts = trained_leads.split["parts"]
    assert parts["test"]["rows"] == len(trained_leads.reference) == trained_leads.profile["n"]
    assert parts["train"]["to"] < parts["calibration"]["from"] < parts["calibration"]["to"] < parts["test"]["from"]
    assert sum(part["rows"] for part in parts.values()) == len(leads.target)  # type: ignore[attr-defined]
    assert trained_leads.cutoffs["lightgbm"] == (0.7, 0.5, 0.3)
    score = trained_leads.reference_scores["lightgbm"]
    assert (score >= trained_leads.capacity_cutoffs["lightgbm"]).mean() == pytest.approx(0.2, abs=0.002)


def test_purchases_are_cut_at_the_rules_coverage(trained_purchases: Trained) -> None:
    for model, (high, medium) in trained_purchases.cutoffs.items():
        score = trained_purchases.reference_scores[model]
        assert (score >= high).mean() == pytest.approx(0.012, abs=0.001)
        assert (score >= medium).mean() == pytest.approx(0.672, abs=0.001)


def test_everything_that_goes_into_a_card_is_json(trained_leads: Trained) -> None:
    parts = (trained_leads.metrics, trained_leads.split, trained_leads.calibration, trained_leads.profile)
    for part in (*parts, trained_leads.lineage):
        assert json.loads(json.dumps(part, allow_nan=False)) == part


def test_an_honest_split_shows_the_random_figure_beside_it(trained_leads: Trained) -> None:
    sets = trained_leads.metrics["sets"]
    assert trained_leads.metrics["main"] == "held_out"
    assert set(sets) == {"held_out", "random_cross_validated"}
    assert sets["random_cross_validated"]["label"] == "random 5-fold on 20,000 of 24,000 rows"


@pytest.mark.parametrize("task", list(Task))
def test_the_same_seed_gives_the_same_scores_bit_for_bit(task: Task, trained_small: dict) -> None:
    rows, first = trained_small[task]
    again = train(rows.use_case, rows.columns, rows.target)
    for model, score in first.reference_scores.items():
        assert score.tobytes() == again.reference_scores[model].tobytes()
    assert first.metrics == again.metrics
    assert first.lineage["data_sha256"] == again.lineage["data_sha256"]
    other = train(rows.use_case, rows.columns, rows.target, seed=7)
    assert not np.array_equal(first.reference, other.reference)


@pytest.mark.parametrize("task", list(Task))
def test_every_task_trains_end_to_end(task: Task, trained_small: dict) -> None:
    rows, trained = trained_small[task]
    assert trained.metrics["main"] == "cross_validated"
    assert set(trained.metrics["verdicts"].values()) == {"better than the baseline"}
    assert trained.compile_difference <= 1e-12
    assert tuple(trained.models) == rows.use_case.recipe.model_names
    figures = trained.metrics["sets"]["cross_validated"]
    assert figures["n"] == len(rows.target)
    name = {Task.BINARY: "auc", Task.MULTICLASS: "macro_auc", Task.REGRESSION: "r2"}[task]
    for model in trained.models:
        assert figures["models"][model][name]["value"] > 0.6, model


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_is_no_better_than_the_baseline(task: Task, seed: int, make_small: Callable[..., object]) -> None:
    rows = make_small(task, signal=0.0, seed=seed)
    trained = train(rows.use_case, rows.columns, rows.target)  # type: ignore[attr-defined]
    assert trained.verdict == "no better than the baseline"


@pytest.mark.parametrize("task", list(Task))
def test_scores_mean_what_the_models_say(task: Task, trained_small: dict) -> None:
    rows, trained = trained_small[task]
    from core.domain.features import feature_matrix
    from core.ml.preprocess import feature_frame

    columns = {name: values[trained.reference] for name, values in rows.columns.items()}
    matrix = feature_matrix(rows.use_case.features, columns, len(trained.reference))
    table = trained.preprocessor.transform(feature_frame(rows.use_case, matrix))
    for name, model in trained.models.items():
        if task is Task.REGRESSION:
            expected = model.predict(table)
        elif task is Task.BINARY:
            expected = model.predict_proba(table)[:, 1]
        else:
            expected = model.predict_proba(table) @ np.array([0.0, 0.5, 1.0])
        assert trained.reference_scores[name] == pytest.approx(expected, rel=1e-9)


def test_the_ensemble_is_the_mean_of_the_fitted_members(trained_leads: Trained) -> None:
    scores = trained_leads.reference_scores
    mean = (scores["lightgbm"] + scores["logistic"] + scores["elastic"]) / 3
    assert np.array_equal(scores["ensemble"], mean)


def test_group_splits_count_no_entity_twice(make_small: Callable[..., object]) -> None:
    rows = make_small(Task.BINARY)
    recipe = replace(rows.use_case.recipe, split=Split.GROUP)  # type: ignore[attr-defined]
    entities = np.array([f"e{k % 150}" for k in range(len(rows.target))], dtype=object)  # type: ignore[attr-defined]
    trained = train(replace(rows.use_case, recipe=recipe), rows.columns, rows.target, groups=entities)  # type: ignore[attr-defined]
    assert trained.split["groups_on_both_sides"] == 0
    assert set(trained.metrics["sets"]) == {"held_out", "cross_validated", "random_cross_validated"}
    assert "entity" in trained.metrics["sets"]["cross_validated"]["models"]["logistic"]["auc"]["method"]


def test_small_data_by_time_are_judged_forward_in_time(make_small: Callable[..., object]) -> None:
    rows = make_small(Task.BINARY)
    n_rows = len(rows.target)  # type: ignore[attr-defined]
    recipe = replace(rows.use_case.recipe, split=Split.TIME)  # type: ignore[attr-defined]
    times = np.datetime64("2026-01-01", "us") + np.arange(n_rows).astype("timedelta64[h]")
    trained = train(replace(rows.use_case, recipe=recipe), rows.columns, rows.target, times=times)  # type: ignore[attr-defined]
    forward = trained.metrics["sets"]["cross_validated"]
    assert forward["label"] == "5 forward steps in time"
    assert forward["n"] == n_rows - n_rows // 6
    assert trained.metrics["sets"]["random_cross_validated"]["n"] == n_rows
    assert trained.reference.tolist() == list(range(n_rows - n_rows // 5, n_rows))


def test_few_events_are_said_and_not_judged(make_small: Callable[..., object]) -> None:
    rows = make_small(Task.BINARY, n_rows=300)
    target = np.zeros(300)
    target[np.argsort(-rows.columns["x"])[:20]] = 1.0  # type: ignore[attr-defined]
    trained = train(rows.use_case, rows.columns, target)  # type: ignore[attr-defined]
    assert trained.verdict == "too few rows to tell"
    assert any("left uncalibrated" in note for note in trained.notes)


def test_a_fit_that_stops_early_is_said_and_never_warns(make_small: Callable[..., object]) -> None:
    rows = make_small(Task.BINARY)
    models = (ModelSpec("elastic", "elastic", {"max_iter": 1, "tol": 1e-12}), ModelSpec("mean", "mean"))
    case = replace(rows.use_case, recipe=Recipe(models, champion="elastic"))  # type: ignore[attr-defined]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trained = train(case, rows.columns, rows.target)  # type: ignore[attr-defined]
    assert "elastic stopped before it converged, after 1 passes." in trained.notes


@pytest.mark.parametrize("task", list(Task))
def test_the_other_families_train_too(task: Task, make_small: Callable[..., object]) -> None:
    rows = make_small(task)
    models = tuple(ModelSpec(name, name) for name in ("forest", "ridge", "logistic"))
    case = replace(rows.use_case, recipe=Recipe(models, champion="forest"))  # type: ignore[attr-defined]
    trained = train(case, rows.columns, rows.target)  # type: ignore[attr-defined]
    assert set(trained.metrics["verdicts"].values()) == {"better than the baseline"}
    figures = trained.metrics["sets"]["cross_validated"]["models"]
    name = {Task.BINARY: "auc", Task.MULTICLASS: "macro_auc", Task.REGRESSION: "r2"}[task]
    assert abs(figures["forest"][name]["value"] - figures["logistic"][name]["value"]) < 0.2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda y: y[:40], "40 labelled rows"),
        (lambda y: np.where(np.arange(len(y)) == 3, np.nan, y), "1 rows have no usable y"),
        (lambda y: y + 1, "codes outside its classes"),
        (lambda y: y * 0, "No training row has y = 'yes'"),
    ],
)
def test_targets_that_cannot_be_trained_on(
    change: Callable[[np.ndarray], np.ndarray], words: str, make_small: Callable[..., object]
) -> None:
    rows = make_small(Task.BINARY)
    with pytest.raises(InputError, match=words):
        train(rows.use_case, rows.columns, change(rows.target))  # type: ignore[attr-defined]


def test_an_unknown_family_is_refused_by_name(make_small: Callable[..., object]) -> None:
    rows = make_small(Task.BINARY)
    case = replace(rows.use_case, recipe=Recipe((ModelSpec("a", "lightgmb"),), champion="a"))  # type: ignore[attr-defined]
    with pytest.raises(UnknownName, match="Did you mean 'lightgbm'"):
        train(case, rows.columns, rows.target)  # type: ignore[attr-defined]


def test_progress_rises_to_one(make_small: Callable[..., object]) -> None:
    rows = make_small(Task.BINARY)
    shares: list[float] = []
    train(rows.use_case, rows.columns, rows.target, progress=lambda what, share: shares.append(share))  # type: ignore[attr-defined]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
