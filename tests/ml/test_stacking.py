"""A stack is fitted on margins its members never trained on, serves without them, and says what scikit-learn says."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from core.domain.recipe import ModelSpec, Recipe
from core.domain.usecase import Task
from core.errors import InputError
from core.ml.calibrate import outputs_of
from core.ml.compile import TOLERANCE, largest_difference
from core.ml.compiled import Compiled, StackMember, link
from core.ml.families import Sample
from core.ml.preprocess import feature_frame
from core.ml.stacking import out_of_fold, stacked_margins
from core.ml.train import Trained, train
from core.store.compiled_file import pack, unpack

FAMILIES = {
    Task.BINARY: ("logistic", "forest", "lightgbm"),
    Task.MULTICLASS: ("logistic", "forest", "lightgbm"),
    Task.REGRESSION: ("ridge", "forest", "lightgbm"),
}


def recipe(task: Task) -> Recipe:
    members = tuple(ModelSpec(name, name) for name in FAMILIES[task])
    return Recipe((ModelSpec("ensemble", "stack"), *members), champion="ensemble")


@pytest.fixture(scope="module")
def stacked(make_small: Callable[..., Any]) -> dict[Task, tuple[Any, Trained]]:
    made = {task: make_small(task, n_rows=1500, recipe=recipe(task)) for task in Task}
    return {task: (rows, train(rows.use_case, rows.columns, rows.target)) for task, rows in made.items()}


def reference(rows: Any, trained: Trained) -> np.ndarray:
    from core.domain.features import feature_matrix

    columns = {name: values[trained.reference] for name, values in rows.columns.items()}
    return feature_matrix(rows.use_case.features, columns, len(trained.reference))


@pytest.mark.parametrize("task", Task)
def test_the_compiled_stack_says_what_scikit_learn_says(stacked: dict, task: Task) -> None:
    rows, trained = stacked[task]
    member = trained.compiled.members[0]
    assert isinstance(member, StackMember) and member.of == FAMILIES[task]
    assert trained.compiled.uncompiled == ()
    assert trained.compile_difference <= TOLERANCE
    bent = replace(member, coef=member.coef * (1 + 1e-9))
    wrong = replace(trained.compiled, members=(bent, *trained.compiled.members[1:]))
    frame = feature_frame(rows.use_case, reference(rows, trained))
    with pytest.raises(Exception, match="compiled form of ensemble differs"):
        largest_difference(wrong, trained.preprocessor, trained.models, frame)


@pytest.mark.parametrize("task", Task)
def test_a_stack_is_a_linear_model_over_its_members_margins(stacked: dict, task: Task) -> None:
    """Computed again from nothing but the members' own margins and the linear model's numbers."""
    rows, trained = stacked[task]
    compiled: Compiled = trained.compiled
    member: Any = compiled.members[0]
    margins = compiled.margins(compiled.inputs(reference(rows, trained)))
    side_by_side = np.vstack([margins[name] for name in member.of]).T
    linear = side_by_side @ member.coef + member.intercept
    said = link(task, (member.calibration.slope * linear + np.asarray(member.calibration.intercept)).T)
    served = compiled.predict(compiled.inputs(reference(rows, trained)))["ensemble"]
    np.testing.assert_allclose(served, said, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("task", Task)
def test_a_row_scores_the_same_alone(stacked: dict, task: Task) -> None:
    rows, trained = stacked[task]
    matrix = reference(rows, trained)
    together = trained.compiled.predict(trained.compiled.inputs(matrix))["ensemble"]
    for place in (0, 7, 33):
        alone = trained.compiled.predict(trained.compiled.inputs(matrix[place : place + 1]))["ensemble"]
        assert (alone[0] == together[place]).all()


@pytest.mark.parametrize("task", Task)
def test_a_stack_comes_back_from_its_file_to_the_last_bit(stacked: dict, task: Task) -> None:
    rows, trained = stacked[task]
    texts = {m.name: m.booster_text for m in trained.compiled.members if hasattr(m, "booster_text")}
    back = unpack(pack(trained.compiled), texts, lambda name: None)  # type: ignore[arg-type, return-value]
    matrix = reference(rows, trained)
    found, expected = back.predict(back.inputs(matrix)), trained.compiled.predict(trained.compiled.inputs(matrix))
    assert list(found) == list(expected)
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])


@pytest.mark.parametrize("task", Task)
def test_the_scikit_learn_stack_survives_joblib(stacked: dict, task: Task) -> None:
    rows, trained = stacked[task]
    stream = io.BytesIO()
    joblib.dump(trained.models["ensemble"], stream)
    stream.seek(0)
    back = joblib.load(stream)
    table = trained.preprocessor.transform(feature_frame(rows.use_case, reference(rows, trained)))
    np.testing.assert_array_equal(outputs_of(back, task, table), outputs_of(trained.models["ensemble"], task, table))


@pytest.mark.parametrize("task", Task)
def test_a_stack_is_as_good_as_its_members(stacked: dict, task: Task) -> None:
    _, trained = stacked[task]
    figures = trained.metrics["sets"][trained.metrics["main"]]["models"]
    metric, sign = {"binary": ("log_loss", -1), "multiclass": ("log_loss", -1), "regression": ("r2", 1)}[task]
    worst = min(sign * figures[name][metric]["value"] for name in FAMILIES[task])
    assert sign * figures["ensemble"][metric]["value"] > worst


def test_margins_come_from_models_that_never_saw_the_row() -> None:
    """On labels that are pure noise a deep tree knows its own rows by heart; out of fold it must know nothing."""
    rng = np.random.default_rng(3)
    inputs, target = rng.normal(size=(600, 3)), rng.integers(0, 2, 600).astype(float)
    sample = Sample(inputs, target, inputs[:100], target[:100])
    spec = ModelSpec("deep", "forest", {"num_leaves": 200, "max_depth": -1, "min_child_samples": 1})
    from core.ml.calibrate import CalibratedModel
    from core.ml.families import fit_family

    whole = CalibratedModel(fit_family(spec, "binary", sample, 1).estimator, 1.0, (0.0,), ("a", "b", "c"))
    inside = stacked_margins({"deep": whole}, inputs)[:, 0]
    outside = out_of_fold("binary", {"deep": whole}, [spec], sample, 3, 1)[:, 0]
    assert np.corrcoef(inside, target)[0, 1] > 0.5
    assert abs(np.corrcoef(outside, target)[0, 1]) < 0.15
    trusting = LogisticRegression().fit(inside[:, None], target).coef_[0, 0]
    assert LogisticRegression().fit(outside[:, None], target).coef_[0, 0] < 0.3 * trusting


def test_weights_of_a_regression_stack_are_never_negative(stacked: dict) -> None:
    _, trained = stacked[Task.REGRESSION]
    final = trained.models["ensemble"].estimator.final
    assert isinstance(final, LinearRegression) and (final.coef_ >= 0).all() and final.coef_.sum() > 0.5


def test_a_class_of_one_row_is_refused() -> None:
    rng = np.random.default_rng(4)
    sample = Sample(rng.normal(size=(60, 2)), np.r_[np.zeros(59), 1.0], rng.normal(size=(10, 2)), np.zeros(10))
    with pytest.raises(InputError, match="one training row"):
        out_of_fold("binary", {"m": None}, [ModelSpec("m", "logistic")], sample, 3, 1)


def test_a_mean_beside_a_stack_does_not_count_the_members_twice(make_small: Callable[..., Any]) -> None:
    models = (
        ModelSpec("logistic", "logistic"),
        ModelSpec("ridge", "ridge"),
        ModelSpec("stack", "stack"),
        ModelSpec("vote", "mean"),
    )
    rows = make_small(Task.BINARY, n_rows=400, recipe=Recipe(models, champion="logistic"))
    trained = train(rows.use_case, rows.columns, rows.target)
    assert trained.compiled.members[3].of == ("logistic", "ridge")  # type: ignore[union-attr]
