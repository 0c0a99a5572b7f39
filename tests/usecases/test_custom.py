"""Use case files: what is written is read back equal, what cannot be meant is refused by name."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.columns import Column, Kind, Missing, Unseen
from core.domain.features import feature_matrix
from core.domain.inference import Choices, infer
from core.domain.parsing import parse_row
from core.domain.policy import Band, Mode, Money, Policy, Tone
from core.domain.recipe import ModelSpec, Recipe, Split
from core.domain.usecase import Target, Task
from core.errors import InputError
from core.usecases.custom import CustomColumn, CustomSpec, adopted_spec, build, dump, key_of, load, parse, save

SPEC = CustomSpec(
    key="loans",
    title='Loans, "new" ones\nand \\ old',
    question="Will it default?",
    noun="loan",
    task=Task.BINARY,
    target=Target("bad", ("no", "yes"), "the loan defaulted", 90),
    columns=(
        CustomColumn(Column("opened", Kind.TIME, time_format="%d.%m.%Y"), ("hour", "weekday", "weekend", "month")),
        CustomColumn(Column("id", Kind.ID, missing=Missing.ALLOW, personal=True)),
        CustomColumn(
            Column(
                *("amount", Kind.NUMBER, "Amount", "EUR", "what was lent"),
                minimum=0,
                usual=(1.5, 2000.0),
                missing=Missing.IMPUTE,
                null_texts=("?",),
                decimal=",",
            ),
            ("value",),
            "numbers; decimal comma",
        ),
        CustomColumn(
            Column(
                *("city", Kind.CATEGORY),
                levels=("Köln", 'the "Hague"'),
                missing=Missing.LEVEL,
                unseen=Unseen.OTHER,
            ),
            ("levels", "other", "missing"),
        ),
        CustomColumn(Column("size", Kind.ORDERED, levels=("small", "large")), ("order",)),
        CustomColumn(Column("known", Kind.YESNO, missing=Missing.IMPUTE), ("value",)),
    ),
    recipe=Recipe(
        (ModelSpec("trees", "lightgbm", {"num_leaves": 15, "learning_rate": 0.1}), ModelSpec("mean", "mean")),
        champion="trees",
        split=Split.TIME,
        scaled=("amount",),
        seed=3,
    ),
    policy=Policy(
        (Band("high", "decline", Tone.BAD, at_least=0.5), Band("low", "approve", Tone.GOOD)),
        capacity=0.2,
        money=Money("EUR", ((20.0, 0.0), (0.0, 100.0)), "made up"),
        minimum_gain=0.02,
    ),
    timezone="Europe/Berlin",
    target_decimal=",",
    target_nulls=("unknown",),
    entity="id",
    group="id",
    sensitive=("city",),
    actionable=("amount",),
    notes=("A note.",),
    excluded={"Ship Date": "set aside", "a.b": "constant: 'x'"},
    source={"file": "loans.csv", "labelled_rows": 400},
)


def test_what_is_written_is_read_back_equal():
    assert parse(dump(SPEC)) == SPEC


def test_a_file_is_loaded_into_the_contract(tmp_path):
    path = tmp_path / "loans" / "use_case.toml"
    save(SPEC, path)
    case = load(path)
    assert [item.name for item in path.parent.iterdir()] == ["use_case.toml"]  # no draft is left
    assert (case.key, case.task, case.entity, case.group) == ("loans", Task.BINARY, "id", "id")
    assert case.origin == str(path)
    assert case.policy.mode is Mode.LIVE
    assert case.schema.time is not None and case.schema.time.name == "opened"
    assert case.schema.timezone == "Europe/Berlin"
    assert case.feature_names == (
        *("opened hour", "opened weekday", "opened weekend", "opened month", "amount"),
        *("city = Köln", 'city = the "Hague"', "city = (other)", "city = (missing)", "size", "known")[:4],
        *("size_encoded", "known"),
    )


def test_features_are_what_their_names_say():
    case = build(SPEC, "here")
    rows = [
        {"opened": "24.12.2025", "amount": "1.200,5", "city": "köln", "size": "large", "known": "yes"},
        {"opened": "25.12.2025", "amount": "?", "city": "Paris", "size": "small", "known": "no"},
        {"opened": "26.12.2025", "amount": "1", "city": "", "size": "small", "known": ""},
    ]
    parsed = [parse_row(case.schema, row) for row in rows]
    columns = {name: np.concatenate([row[name].values for row in parsed]) for name in case.schema.names}
    matrix = feature_matrix(case.features, columns, 3)
    nan = np.nan
    expected = [
        [0, 2, 0, 12, 1200.5, 1, 0, 0, 0, 1, 1],
        [0, 3, 0, 12, nan, 0, 0, 1, 0, 0, 0],
        [0, 4, 0, 12, 1, 0, 0, 0, 1, 0, nan],
    ]
    np.testing.assert_array_equal(matrix, expected)


@given(st.text(min_size=1).filter(str.strip), st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_any_name_and_value_survives_the_file(name: str, why: str, least: float):
    if name.strip() == "bad" or not name.isprintable():
        name = "x"
    column = CustomColumn(Column(name, Kind.NUMBER, minimum=least, usual=(least, least)), ("value",), why)
    spec = CustomSpec(
        *("k", "t", "q", "row", Task.BINARY, Target("bad", ("0", "1")), (column,)),
        SPEC.recipe.__class__(SPEC.recipe.models, "trees"),
        SPEC.policy,
        excluded={name: why},
    )
    assert parse(dump(spec)) == spec


def changed(old: str, new: str) -> str:
    text = dump(SPEC)
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "named", "hint"),
    [
        ('key = "loans"', 'key = "My Loans"', "key is 'My Loans'", "small letters"),
        ('task = "binary"', 'task = "ranking"', "task is 'ranking'", "binary, multiclass, regression"),
        ('timezone = "Europe/Berlin"', 'timezone = "Mars/North"', "timezone is 'Mars/North'", "Europe/Berlin"),
        ('entity = "id"', 'entity = "amount"', "entity is 'amount'", "of kind id"),
        ('noun = "loan"', 'nuon = "loan"', "no key 'nuon'", "Did you mean 'noun'?"),
        ('sensitive = ["city"]', 'sensitive = ["town"]', "sensitive is ['town']", "columns in this file"),
        ('classes = ["no", "yes"]', 'classes = ["no"]', "target.classes is ['no']", "negative class first"),
        ("horizon_days = 90", "horizon_days = -1", "target.horizon_days is -1", "at least 0"),
        ('split = "time"', 'split = "tme"', "recipe.split is 'tme'", "time, group, random"),
        ('champion = "trees"', 'champion = "forest"', "recipe.champion is 'forest'", "trees, mean"),
        ('family = "lightgbm"', 'family = "xgboost"', "recipe.models[1].family is 'xgboost'", "lightgbm"),
        ("at_least = 0.5", 'at_least = "half"', "policy.bands[1].at_least is 'half'", "a number"),
        ("at_least = 0.5", "", "policy.bands", "all but the last with"),
        ("at_least = 0.5", "share = 1.5", "policy.bands[1].share is 1.5", "a fraction"),
        ("capacity = 0.2", "capacity = 20", "policy.capacity is 20", "from 0 to 1"),
        ('primary_metric = "auc"', 'primary_metric = "r2"', "policy.primary_metric is 'r2'", "auc"),
        ("costs = [[20.0, 0.0], [0.0, 100.0]]", "costs = [1]", "policy.money.costs is [1]", "2 pairs"),
        ('kind = "number"', 'kind = "numeric"', "columns[3] (amount).kind is 'numeric'", "number"),
        ('kind = "number"', 'kind = "numbers"', "columns[3] (amount).kind is 'numbers'", "number, count, yesno"),
        ("minimum = 0", 'minimum = "0"', "columns[3] (amount).minimum is '0'", "a number"),
        ("minimum = 0", "minimum = nan", "columns[3] (amount).minimum is nan", "a number"),
        ('decimal = ","', 'decimal = ";"', "target.decimal is ';'", '"." or ","'),
        ('missing = "impute"', 'missing = "level"', "columns[3] (amount).missing is 'level'", "impute"),
        ('features = ["value"]', 'features = ["levels"]', "columns[3] (amount).features", "value"),
        ("usual = [1.5, 2000.0]", "usual = [1.5]", "columns[3] (amount).usual is [1.5]", "2 numbers"),
        (
            'levels = ["Köln", "the \\"Hague\\""]',
            'levels = ["Köln", "köln"]',
            "columns[4] (city).levels",
            "more than case",
        ),
        ('name = "id"', 'name = "amount"', "columns", "different names"),
        ('name = "amount"', 'name = "bad"', "the target bad is a column too", "Remove it"),
        ('champion = "trees"', "champion = trees", "is no TOML", "quotes"),
    ],
)
def test_a_mistake_is_named_with_its_key_its_value_and_what_is_allowed(old, new, named, hint):
    with pytest.raises(InputError) as caught:
        parse(changed(old, new), "models/loans/use_case.toml")
    assert "models/loans/use_case.toml" in caught.value.message
    assert named in caught.value.message
    assert hint in caught.value.hint


def test_a_split_by_time_needs_a_time():
    text = changed('kind = "time"\ntime_format = "%d.%m.%Y"', 'kind = "text"')
    text = text.replace('features = ["hour", "weekday", "weekend", "month"]', "features = []")
    with pytest.raises(InputError, match=r"recipe\.split is 'time'"):
        parse(text)
    assert parse(text.replace("row_order = false", "row_order = true")).row_order
    assert parse(text.replace("row_order = false", 'order_by = "amount"')).order_by == "amount"
    with pytest.raises(InputError, match="order_by"):
        parse(text.replace("row_order = false", 'order_by = "city"'))


def test_numbers_that_order_the_rows_are_in_the_file():
    days = pa.array([str(day) for day in range(400)])
    table = pa.table({"day": days, "x": pa.array([str(n % 7) for n in range(400)]), "y": pa.array(["0", "1"] * 200)})
    inference = infer(table, Choices("y", time="day"))
    spec = adopted_spec(inference, "y", "days", "UTC", {})
    assert parse(dump(spec)) == spec
    use_case = build(spec, "days.toml")
    assert use_case.facts["order_by"] == "day"
    assert use_case.recipe.split is Split.TIME
    assert "day" not in use_case.model_columns


def test_a_file_that_cannot_be_read_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("name", "key"),
    [("X Education (leads).csv", "x_education_leads"), ("2024-q1.csv", "case_2024_q1"), ("é.csv", "case")],
)
def test_a_key_is_made_from_a_file_name(name, key):
    assert key_of(name) == key


def adopted(values: list[object], **choices: object) -> CustomSpec:
    n_rows = len(values)
    table = pa.table(
        {
            "gender": [("m", "f")[row % 2] for row in range(n_rows)],
            "x": [str(row % 7 + 0.5) for row in range(n_rows)],
            "y": [str(value) for value in values],
        }
    )
    return adopted_spec(infer(table, Choices("y", **choices)), "y", "case", "UTC", {"file": "f.csv"})


def test_defaults_of_an_adopted_case_by_task():
    binary = adopted([row % 3 // 2 for row in range(300)])
    assert [band.share for band in binary.policy.bands] == [0.1, 0.2, 0.3, None]
    assert [model.family for model in binary.recipe.models] == ["lightgbm", "logistic", "elastic", "mean"]
    assert binary.sensitive == ("gender",)
    classes = adopted([("low", "medium", "high")[row % 3] for row in range(300)])
    assert [band.name for band in classes.policy.bands] == ["high", "medium", "low"]
    assert (classes.policy.primary_metric, classes.target.class_values) == ("macro_auc", ())
    numbers = adopted([row * 0.37 for row in range(300)])
    assert [model.family for model in numbers.recipe.models] == ["lightgbm", "ridge", "elastic", "mean"]
    assert (numbers.policy.primary_metric, numbers.policy.score_format) == ("r2", "number")
    for spec in (binary, classes, numbers):
        assert parse(dump(spec)) == spec


def test_a_bad_outcome_turns_the_tones_round():
    assert adopted(["bad", "ok", "ok"] * 100).policy.bands[0].tone is Tone.BAD
    assert adopted(["won", "gone", "gone"] * 100).policy.bands[0].tone is Tone.GOOD
