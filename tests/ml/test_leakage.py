"""The leakage screen: planted leaks are named with their signs, honest columns are not."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from core.domain.columns import Column, Kind, Missing
from core.domain.inference import Choices, infer
from core.domain.inference.columns import Role
from core.domain.usecase import Task
from core.ml.leakage import Screen, screen
from core.ml.leakage_signs import later_words, missing_gap, one_class_values

N_ROWS = 3_000


def number(name: str) -> Column:
    return Column(name, Kind.NUMBER, missing=Missing.IMPUTE)


def category(name: str, *levels: str) -> Column:
    return Column(name, Kind.CATEGORY, levels=levels, missing=Missing.LEVEL)


@pytest.fixture(scope="module")
def planted() -> Screen:
    """Two honest columns, noise, and four leaks of different kinds."""
    rng = np.random.default_rng(11)
    honest, other = rng.normal(size=N_ROWS), rng.integers(0, 3, N_ROWS)
    target = (rng.random(N_ROWS) < 1 / (1 + np.exp(1 - honest - 0.4 * other))).astype(float)
    columns = {
        "honest": honest,
        "segment": other.astype(np.int16),
        "noise": rng.normal(size=N_ROWS),
        "noise level": rng.integers(0, 40, N_ROWS).astype(np.int16),
        "amount": target * 10 + rng.normal(0, 3, N_ROWS),  # strong by itself, and it adds
        "called on": np.where((target == 1) | (rng.random(N_ROWS) < 0.3), 1.0, np.nan) * rng.random(N_ROWS),
        "remark": np.where((target == 0) & (rng.random(N_ROWS) < 0.2), 1, 0).astype(np.int16),
        "last contact": target + rng.normal(0, 1.5, N_ROWS),
    }
    schema = [
        *(number("honest"), category("segment", "a", "b", "c"), number("noise")),
        *(category("noise level", *map(str, range(40))), number("amount"), number("called on")),
        *(category("remark", "none", "wrong number"), number("last contact")),
    ]
    return screen(Task.BINARY, schema, columns, target)


def finding(found: Screen, name: str):
    return next(item for item in found.findings if item.column == name)


def test_every_planted_leak_is_flagged_and_nothing_else(planted):
    assert set(planted.flagged) == {"amount", "called on", "remark", "last contact"}
    assert planted.findings[0].column == "amount"


def test_each_leak_is_flagged_for_what_it_does(planted):
    assert any("alone it reaches AUC" in reason for reason in finding(planted, "amount").reasons)
    assert any("adds" in reason for reason in finding(planted, "amount").reasons)
    assert any("missing share differs by" in reason for reason in finding(planted, "called on").reasons)
    assert finding(planted, "called on").missing_gap == pytest.approx(0.7, abs=0.05)
    assert any("'wrong number' (" in reason for reason in finding(planted, "remark").reasons)
    assert finding(planted, "last contact").reasons == ("named like something later (last)",)


def test_the_score_without_the_flagged_ones_stands_beside(planted):
    assert planted.score_all > 0.98
    assert 0.6 < planted.score_unflagged < 0.85
    assert (planted.metric, planted.n_rows, planted.n_folds) == ("auc", N_ROWS, 5)


def test_noise_reads_as_noise_however_many_levels_it_has(planted):
    for name in ("noise", "noise level"):
        assert finding(planted, name).alone == pytest.approx(0.5, abs=0.03)


def test_alone_is_the_auc_of_the_column():
    rng = np.random.default_rng(5)
    values = rng.normal(size=20_000)
    target = (values + rng.normal(size=20_000) > 0.5).astype(float)
    found = screen(Task.BINARY, [number("x")], {"x": values}, target)
    assert found.findings[0].alone == pytest.approx(roc_auc_score(target, values), abs=0.01)


def test_regression_and_classes():
    rng = np.random.default_rng(8)
    values, noise = rng.normal(size=N_ROWS), rng.normal(size=N_ROWS)
    found = screen(
        Task.REGRESSION, [number("leak"), number("noise")], {"leak": values, "noise": noise}, values + 0.1 * noise
    )
    assert found.metric == "r2"
    assert found.flagged == ("leak",)
    assert finding(found, "leak").alone > 0.95
    codes = np.digitize(values, [-0.5, 0.5]).astype(float)
    found = screen(Task.MULTICLASS, [number("leak"), number("noise")], {"leak": values, "noise": noise}, codes)
    assert finding(found, "leak").alone > 0.95
    assert finding(found, "noise").alone == pytest.approx(0.5, abs=0.05)


def test_a_group_never_stands_on_both_sides():
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(60), 10)
    target = np.repeat(rng.integers(0, 2, 60), 10).astype(float)
    columns, schema = {"who": groups.astype(np.int16)}, [category("who", *map(str, range(60)))]
    assert screen(Task.BINARY, schema, columns, target).findings[0].alone > 0.95
    assert screen(Task.BINARY, schema, columns, target, groups=groups).findings[0].alone < 0.7


def test_the_same_rows_give_the_same_screen():
    rng = np.random.default_rng(4)
    columns = {"a": rng.normal(size=500), "b": rng.normal(size=500)}
    target = rng.integers(0, 2, 500).astype(float)
    schema = [number("a"), number("b")]
    assert screen(Task.BINARY, schema, columns, target) == screen(Task.BINARY, schema, columns, target)


def test_a_value_of_one_class_must_be_more_than_luck():
    column = category("x", "a", "b", "c")
    values = np.repeat(np.array([0, 1, 2], np.int16), [900, 25, 120])
    classes = np.zeros(1_045, np.int64)
    classes[:100] = 1
    # all rows of b and c are of class 0, nine rows in ten are: 25 such rows are luck, 120 are not
    assert [(item.value, item.n_rows, item.code) for item in one_class_values(column, values, classes)] == [
        ("c", 120, 0)
    ]


def test_nineteen_rows_are_never_enough():
    column = category("x", "a", "b")
    classes = np.repeat([0, 1], 500)
    values = np.zeros(1_000, np.int16)
    values[:19] = 1
    assert one_class_values(column, values, classes) == ()
    values[:20] = 1
    assert [item.value for item in one_class_values(column, values, classes)] == ["b"]


def test_missing_gap_compares_the_two_most_different_classes():
    assert missing_gap(np.array([1, 0, 1, 1, 0, 0], bool), np.array([0, 0, 1, 1, 2, 2])) == 1.0
    assert missing_gap(np.zeros(4, bool), np.array([0, 0, 1, 1])) == 0.0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Last Notable Activity", ("last",)),
        ("Lead Quality", ("quality",)),
        ("ChgOffPrinGr", ("chg off",)),
        ("MIS_Status", ("status",)),
        ("Tags", ("tags",)),
        ("resolution_date", ("resolution",)),
        ("days_to_recovery", ("recovery",)),
        ("lastname", ()),
        ("Total Time Spent on Website", ()),
        ("vendor", ()),
        ("age", ()),
    ],
)
def test_names_that_sound_later(name, words):
    assert later_words(name) == words


def test_the_leaks_of_the_real_leads_are_named(real_data):
    from core.store.intake import read_text_table

    table = read_text_table(real_data("x_education_leads.csv"))[0].slice(0, 3_000)
    seen = infer(table, Choices("Converted", null_texts=("Select",)))
    columns = [item.column for item in seen.of_role(Role.FEATURE)]
    found = screen(seen.target.task, columns, seen.features, seen.target.values)
    assert found.flagged[0] == "Tags"
    assert {"Lead Quality", "Last Activity"} <= set(found.flagged)
    assert finding(found, "Tags").alone > 0.9
    assert finding(found, "Tags").adds == max(item.adds for item in found.findings if item.adds is not None)
    assert found.score_all - found.score_unflagged > 0.05
