"""Attributions beside shap's own, and the rules that hold for every model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.domain.features import Feature, feature_matrix, raw
from core.domain.usecase import Task
from core.errors import DeskError
from core.ml.bundle import Bundle, Card
from core.ml.compiled import LinearMember, MeanMember, ObjectMember, StackMember, TreeMember
from core.ml.explain import Explainer
from core.ml.scorer import Scorer


def scorer_of(use_case, compiled):
    names = tuple(member.name for member in compiled.members)
    cutoffs = {name: (0.6, 0.4) for name in names}
    facts = {"use_case": use_case.key, "version": "v1", "created_at": "", "task": str(use_case.task)}
    card = Card(
        **facts,
        origin="train",
        champion=names[0],
        models=names,
        families={},
        feature_names=use_case.feature_names,
        cutoffs=cutoffs,
    )
    return Scorer(use_case, Bundle(card, compiled, {}, None))


def explained(trained_small, task, n_rows=60):
    rows, trained = trained_small[task]
    found = Explainer(scorer_of(rows.use_case, trained.compiled), rows.columns, len(rows.target))
    few = {name: values[:n_rows] for name, values in rows.columns.items()}
    return found, few, found.explain(few, n_rows)


def of_features(found, by_input):
    """shap's values by input, shape (n_rows, n_inputs), summed to features."""
    features = np.zeros((len(by_input), len(found.use_case.features)))
    np.add.at(features.T, found.compiled.source, by_input.T)
    return features


def members(found, kind):
    chosen = [member for member in found.compiled.members if isinstance(member, kind)]
    assert chosen
    return chosen


@pytest.mark.parametrize("task", list(Task))
def test_linear_attributions_are_those_of_shap_given_the_full_background(trained_small, task):
    import shap

    found, few, made = explained(trained_small, task)
    rows, _ = trained_small[task]
    everyone = found.compiled.inputs(feature_matrix(found.use_case.features, rows.columns, len(rows.target)))
    assert np.isnan(rows.columns["gap"]).any() and found.compiled.indicator.any()
    for member in members(found, LinearMember):
        for output in range(member.coef.shape[1]):
            masker = shap.maskers.Independent(everyone, max_samples=len(everyone))
            theirs = shap.LinearExplainer((member.coef[:, output], member.intercept[output]), masker)
            values = member.calibration.slope * of_features(found, theirs.shap_values(everyone[:60]))
            assert np.abs(made[member.name].feature_margins[:, :, output] - values).max() < 1e-9 * np.abs(values).max()


@pytest.mark.parametrize("task", list(Task))
def test_tree_attributions_are_those_of_shaps_own_trees(trained_small, task):
    import shap

    found, few, made = explained(trained_small, task)
    inputs = found.compiled.inputs(feature_matrix(found.use_case.features, few, 60))
    for member in members(found, TreeMember):
        trees = shap.TreeExplainer(member.booster, feature_perturbation="tree_path_dependent").model.trees
        k = member.booster.num_model_per_iteration()
        for output in range(k):
            alone = shap.TreeExplainer(trees[output::k], feature_perturbation="tree_path_dependent")
            values = np.asarray(alone.shap_values(inputs, check_additivity=False)).reshape(60, -1)
            values = member.calibration.slope * of_features(found, values)
            ours = made[member.name].feature_margins[:, :, output]
            assert np.abs(ours - values).max() < 1e-6 * np.abs(values).max()


@pytest.mark.parametrize("task", list(Task))
def test_an_ensemble_is_the_mean_of_its_members(trained_small, task):
    found, _, made = explained(trained_small, task)
    for member in members(found, MeanMember):
        theirs = [made[name] for name in member.of]
        assert np.abs(made[member.name].points - np.mean([item.points for item in theirs], axis=0)).max() < 1e-9
        assert np.allclose(made[member.name].base, np.mean([item.base for item in theirs], axis=0))


@pytest.mark.parametrize("task", list(Task))
def test_a_row_is_explained_alone_as_in_a_file_to_the_last_bit(trained_small, task):
    found, few, made = explained(trained_small, task)
    for row in (0, 7, 59):
        alone = found.explain({name: values[row : row + 1] for name, values in few.items()}, 1)
        for name, item in alone.items():
            assert (item.points[0] == made[name].points[row]).all()


def test_margins_and_points_add_up_for_every_model(trained_small):
    for task in Task:
        found, _, made = explained(trained_small, task)
        for item in made.values():
            size = max(1.0, np.abs(item.score).max())
            assert np.abs(item.base + item.feature_points.sum(axis=1) - item.score).max() < 1e-9 * size
            assert item.error < 1e-9 * size


def test_without_class_values_the_points_are_of_the_likeliest_class(trained_small):
    rows, trained = trained_small[Task.MULTICLASS]
    case = replace(rows.use_case, target=replace(rows.use_case.target, class_values=()))
    found = Explainer(scorer_of(case, trained.compiled), rows.columns, len(rows.target))
    for item in found.explain(rows.columns, len(rows.target)).values():
        assert np.abs(item.base + item.points.sum(axis=1) - item.score).max() < 1e-9
        assert len(np.unique(item.base.round(12))) > 1  # another class, another base


def test_a_stack_adds_up_its_members(trained_small):
    found, few, made = explained(trained_small, Task.BINARY)
    coef = np.array([[0.7], [0.4]])
    stack = StackMember("stack", ("logistic", "lightgbm"), coef, np.array([0.1]))
    compiled = replace(found.compiled, members=(*found.compiled.members, stack))
    rows, _ = trained_small[Task.BINARY]
    item = Explainer(scorer_of(found.use_case, compiled), rows.columns, len(rows.target)).explain(few, 60, ["stack"])
    parts = [made[name].feature_margins for name in stack.of]
    assert np.abs(item["stack"].feature_margins - 0.7 * parts[0] - 0.4 * parts[1]).max() < 1e-12


def test_a_forest_is_averaged(make_small):
    from core.domain.recipe import ModelSpec, Recipe
    from core.ml.train import train

    models = (ModelSpec("forest", "forest"), ModelSpec("logistic", "logistic"))
    rows = make_small(Task.BINARY, recipe=Recipe(models, champion="forest"))
    trained = train(rows.use_case, rows.columns, rows.target)
    found = Explainer(scorer_of(rows.use_case, trained.compiled), rows.columns, len(rows.target))
    assert found.explain(rows.columns, len(rows.target))["forest"].error < 1e-9


def test_an_estimator_without_a_closed_form_is_explained_by_shap(trained_small):
    rows, trained = trained_small[Task.BINARY]
    known = trained.compiled
    logistic = members(Explainer(scorer_of(rows.use_case, known), rows.columns, 900), LinearMember)[0]
    plain = replace(logistic, name="object")

    def predict(inputs):  # linear in the score, so that the exact answer is known
        return plain.margins(inputs).T

    compiled = replace(known, members=(ObjectMember("object", predict),))
    found = Explainer(scorer_of(rows.use_case, compiled), rows.columns, 900)
    few = {name: values[:4] for name, values in rows.columns.items()}
    state = np.random.get_state()[1].tolist()  # noqa: NPY002
    item = found.explain(few, 4)["object"]
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002 - nobody else's draws are changed
    inputs = compiled.inputs(feature_matrix(rows.use_case.features, few, 4))
    exact = of_features(found, plain.coef[:, 0] * (inputs - found._masked.mean(axis=0)))
    assert np.abs(item.feature_points - exact).max() < 1e-9
    assert item.feature_margins is None and item.error < 1e-9
    alone = found.explain({name: values[2:3] for name, values in few.items()}, 1)["object"]
    assert (alone.points[0] == item.points[2]).all()


def test_reasons_that_miss_the_score_are_not_shown(trained_small, monkeypatch):
    found, few, _ = explained(trained_small, Task.BINARY)
    wrong = replace(found.background, mean=found.background.mean + 1.0)
    monkeypatch.setattr(
        "core.ml.explain.linear_margin", lambda member, inputs, _: shifted(member, inputs, found, wrong)
    )
    with pytest.raises(DeskError, match=r"reasons of logistic miss its score by 0\.\d+"):
        found.explain(few, 60, ["logistic"])


def shifted(member, inputs, found, wrong):
    from core.ml.margins import linear_margin

    return replace(linear_margin(member, inputs, found.background), base=linear_margin(member, inputs, wrong).base)


def test_reference_attributions_are_kept(trained_small):
    found, _, _ = explained(trained_small, Task.BINARY)
    assert found.reference_attributions("logistic") is found.reference_attributions("logistic")
    assert len(found.reference_attributions("logistic").base) == 900


def test_raw_columns_gain_what_their_features_do(make_small, trained_small):
    """A feature of two columns is shared between them; one that is at its typical value gains nothing by it."""
    rows, trained = trained_small[Task.BINARY]
    product = Feature("x", ("x", "quiet"), lambda x, quiet: x * quiet, "x times quiet")
    case = replace(rows.use_case, features=(product, raw("gap"), *rows.use_case.features[2:]))
    names = (product.name, *rows.use_case.feature_names[1:])
    assert case.feature_names == names
    columns = {**rows.columns, "quiet": np.where(np.isnan(rows.columns["quiet"]), 0.0, rows.columns["quiet"])}
    found = Explainer(scorer_of(case, trained.compiled), columns, 900)
    shares = found._shares(columns, feature_matrix(case.features, columns, 900))[0]
    assert shares.shape == (2, 900) and np.abs(shares.sum(axis=0) - 1).max() < 1e-12
    typical = found._typical["x"][0]
    at = columns["x"] == typical
    assert at.any() and (shares[0, at & (columns["quiet"] != found._typical["quiet"][0])] == 0).all()


@pytest.mark.parametrize("task", list(Task))
def test_margins_by_raw_column_are_those_of_the_features_whatever_the_block(trained_small, task, monkeypatch):
    found, few, made = explained(trained_small, task)
    inputs = found.compiled.inputs(feature_matrix(found.use_case.features, few, 60))
    monkeypatch.setattr("core.ml.explain.BLOCK", 7)
    for member in (*members(found, LinearMember), *members(found, TreeMember)):
        by_column = found.column_margins(few, inputs, member.name)
        assert by_column.shape == (len(made[member.name].base_margin), len(found.columns), 60)
        by_feature = np.moveaxis(made[member.name].feature_margins, 2, 0)
        assert np.abs(by_column[:, 0] - by_feature[:, :, 0]).max() < 1e-12 * max(1, np.abs(by_feature).max())
        assert np.abs(by_column.sum(axis=1) - by_feature.sum(axis=2)).max() < 1e-9 * max(1, np.abs(by_feature).max())
