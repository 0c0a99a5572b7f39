"""A whole labelled file, understood: roles, reasons, the target, and what a person is told."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from core.domain.columns import Kind, Missing, Unseen
from core.domain.inference import ROW_ORDER, Choices, Inference, Role, infer
from core.domain.recipe import Split
from core.domain.usecase import Task
from core.errors import InputError, UnknownName

N_ROWS = 600


def table(**columns: object) -> pa.Table:
    """A labelled table of texts: an honest number and a target, and what is asked for."""
    rng = np.random.default_rng(3)
    base: dict[str, object] = {"amount": rng.normal(50, 20, N_ROWS).round(2), "target": rng.integers(0, 2, N_ROWS)}
    return pa.table(
        {name: pa.array([_text(v) for v in values], pa.string()) for name, values in (base | columns).items()}
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def role(seen: Inference, name: str) -> Role:
    return next(item.role for item in seen.columns if item.column.name == name)


def why(seen: Inference, name: str) -> str:
    return next(item.why for item in seen.columns if item.column.name == name)


def column(seen: Inference, name: str):
    return next(item.column for item in seen.columns if item.column.name == name)


def cycle(*values: object) -> list[object]:
    return [values[row % len(values)] for row in range(N_ROWS)]


def test_kinds_and_what_happens_to_gaps():
    seen = infer(
        table(
            visits=cycle(0, 1, 2, 3, None),
            balance=cycle(1.5, 20_000, -3),
            mailed=cycle("yes", "no"),
            city=cycle("Rome", "Oslo", None),
        ),
        Choices("target"),
    )
    assert [item.column.kind for item in seen.columns] == [
        Kind.NUMBER,
        Kind.COUNT,
        Kind.NUMBER,
        Kind.YESNO,
        Kind.CATEGORY,
    ]
    assert column(seen, "visits").missing is Missing.IMPUTE
    assert column(seen, "visits").usual == (0.0, 3.0)
    assert (column(seen, "city").missing, column(seen, "city").unseen) == (Missing.LEVEL, Unseen.OTHER)
    assert seen.features["visits"][:5].tolist()[:4] == [0.0, 1.0, 2.0, 3.0]
    assert np.isnan(seen.features["visits"][4])
    assert seen.features["city"][:3].tolist() == [0, 1, -2]


def test_columns_that_say_nothing_are_set_aside_with_the_reason():
    words = [f"a remark, number {row}" for row in range(N_ROWS)]
    seen = infer(
        table(
            same=cycle("x"),
            nearly=["no"] * (N_ROWS - 3) + ["yes"] * 3,
            nothing=cycle(None),
            remark=words,
            twin_of_visits=cycle(1, 2, 3),
            visits=cycle(1, 2, 3),
        ),
        Choices("target"),
    )
    expected = {
        "same": "constant: 'x'",
        "nearly": "nearly constant: 'no' in all but 3 rows",
        "nothing": "empty",
        "remark": "text with 600 different values",
        "visits": "the same as twin_of_visits in every row",
    }
    for name, reason in expected.items():
        assert role(seen, name) is Role.EXCLUDED
        assert reason in why(seen, name)
    assert role(seen, "twin_of_visits") is Role.FEATURE


def test_ids_are_found_by_uniqueness_and_name_and_one_names_the_row():
    seen = infer(
        table(
            lead_no=[100_000 + 7 * row for row in range(N_ROWS)],
            code=[f"E{row:05d}" for row in range(N_ROWS)],
            customer_id=[row % 200 for row in range(N_ROWS)],
            counter=list(range(N_ROWS)),
            price=[1_000 + 7 * row for row in range(N_ROWS)],  # never repeats, and is no id
        ),
        Choices("target"),
    )
    assert [role(seen, name) for name in ("lead_no", "code", "customer_id", "counter")] == [Role.ID] * 4
    assert role(seen, "price") is Role.FEATURE
    assert seen.entity == "lead_no"
    assert any("customer_id (200 different)" in note and "--group" in note for note in seen.notes)


def test_an_id_that_repeats_is_also_the_group():
    seen = infer(table(customer=cycle(*(f"C{n}" for n in range(100)))), Choices("target", id="customer"))
    assert (seen.entity, seen.group, seen.split) == ("customer", "customer", Split.GROUP)


def test_the_beginning_is_the_time_of_a_row_and_the_end_is_not():
    days = np.datetime_as_string(np.datetime64("2024-01-01") + np.arange(N_ROWS))
    later = np.datetime_as_string(np.datetime64("2024-01-05") + np.arange(N_ROWS))
    seen = infer(table(closed_on=later, created_on=days), Choices("target"))
    assert (seen.time, seen.split) == ("created_on", Split.TIME)
    assert role(seen, "closed_on") is Role.EXCLUDED
    assert "created_on is the time of a row" in why(seen, "closed_on")
    assert next(i.features for i in seen.columns if i.column.name == "created_on") == ("weekday",)
    assert column(seen, "created_on").missing is Missing.REJECT


def test_a_time_that_many_rows_lack_is_no_time_of_a_row():
    days = np.datetime_as_string(np.datetime64("2024-01-01") + np.arange(N_ROWS)).tolist()
    half = [day if row % 2 else None for row, day in enumerate(days)]
    seen = infer(table(paid_on=half), Choices("target"))
    assert (seen.time, seen.split, role(seen, "paid_on")) == (None, Split.RANDOM, Role.EXCLUDED)


def test_row_order_is_a_time():
    seen = infer(table(), Choices("target", time=ROW_ORDER))
    assert (seen.time, seen.split) == (ROW_ORDER, Split.TIME)


def test_a_column_of_numbers_can_order_the_rows_and_is_no_feature_then():
    days = [17_000 + row // 3 for row in range(N_ROWS - 2)] + [None, None]
    table_of_days = table(approved=days)
    plain, told = infer(table_of_days, Choices("target")), infer(table_of_days, Choices("target", time="approved"))
    assert (role(plain, "approved"), plain.split) == (Role.FEATURE, Split.RANDOM)
    assert (role(told, "approved"), told.time, told.split) == (Role.ORDER, "approved", Split.TIME)
    assert "approved" not in told.features
    assert column(told, "approved").missing is Missing.ALLOW
    assert "order the rows" in why(told, "approved")
    assert "2 rows without it count as the oldest" in why(told, "approved")


def test_the_target_in_other_words_is_no_feature():
    seen = infer(table(status=cycle("paid", "charged off"), target=cycle(0, 1)), Choices("target"))
    assert "target in other words" in why(seen, "status")


def test_german_files_decimal_comma_and_day_first():
    seen = infer(
        table(
            betrag=cycle("1.234,50", "99,90", "7,00"),
            rabatt=cycle("1.250", "2.000"),
            datum=cycle("24.12.2025", "01.02.2025"),
        ),
        Choices("target", semicolons=True),
    )
    assert column(seen, "betrag").decimal == ","
    assert seen.features["betrag"][:2].tolist() == [1234.5, 99.9]
    assert seen.features["rabatt"][:2].tolist() == [1250.0, 2000.0]
    assert column(seen, "datum").time_format == "%d.%m.%Y"


def test_numbers_the_desk_cannot_read_are_pointed_out():
    prices = [f"${1_000 + row:,}.00" for row in range(N_ROWS)]
    seen = infer(table(price=prices), Choices("target"))
    assert role(seen, "price") is Role.EXCLUDED
    assert "write them as plain numbers" in why(seen, "price")


def test_a_placeholder_is_suggested_and_only_taken_when_told():
    columns = table(city=cycle("Select", "Rome", "Oslo", "Select"))
    said = infer(columns, Choices("target"))
    assert "Select" in column(said, "city").levels
    assert any("'Select' stands in 300 places (city)" in note and '--null "Select"' in note for note in said.notes)
    told = infer(columns, Choices("target", null_texts=("Select",)))
    assert column(told, "city").levels == ("Rome", "Oslo")
    assert column(told, "city").null_texts == ("Select",)
    assert not told.notes


def test_names_that_differ_in_case_only_are_kept_once():
    seen = infer(table(Amount=cycle(1, 2, 3)), Choices("target"))
    assert "case only" in why(seen, "Amount")


def test_rows_without_an_outcome_are_left_out_and_said():
    seen = infer(table(target=cycle("1", "0", None)), Choices("target"))
    assert (seen.n_rows, len(seen.target.values), len(seen.features["amount"])) == (400, 400, 400)
    assert any("200 rows have no readable target" in note for note in seen.notes)


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        (cycle(0, 1), Task.BINARY, ("0", "1")),
        (cycle("Yes", "No"), Task.BINARY, ("No", "Yes")),
        (cycle("Good", "Poor"), Task.BINARY, ("Good", "Poor")),
        (cycle(2, 1), Task.BINARY, ("1", "2")),
        (cycle("a", "a", "b"), Task.BINARY, ("a", "b")),  # the rarer one
        (cycle("high", "low", "medium"), Task.MULTICLASS, ("low", "medium", "high")),
        (cycle(4, 2, 3), Task.MULTICLASS, ("2", "3", "4")),
        (list(range(N_ROWS)), Task.REGRESSION, ()),
        (cycle(0.1, 0.2, 0.3), Task.REGRESSION, ()),
    ],
)
def test_the_task_is_read_off_the_target(values, task, classes):
    seen = infer(table(target=values), Choices("target"))
    assert (seen.target.task, seen.target.classes) == (task, classes)
    if task is not Task.REGRESSION:
        assert [classes[int(code)] for code in seen.target.values[:4]] == [str(value) for value in values[:4]]
        assert sum(seen.target.counts) == N_ROWS


def test_the_task_and_the_positive_class_can_be_overruled():
    seen = infer(table(target=cycle(4, 2, 3)), Choices("target", task=Task.REGRESSION))
    assert seen.target.task is Task.REGRESSION
    seen = infer(table(), Choices("target", positive="0"))
    assert seen.target.classes == ("1", "0")


@pytest.mark.parametrize(
    ("columns", "choices", "said"),
    [
        ({}, {"target": "targget"}, "Did you mean 'target'?"),
        ({}, {"target": "target", "after": ("amunt",)}, "Did you mean 'amount'?"),
        ({}, {"target": "target", "id": "target"}, "target is the target"),
        ({}, {"target": "target", "id": "amount", "exclude": ("amount",)}, "both chosen and excluded"),
        ({"city": cycle("Rome", "Oslo")}, {"target": "target", "time": "city"}, "--time row-order"),
        ({}, {"target": "target", "split": Split.TIME}, "--time row-order"),
        ({}, {"target": "target", "split": Split.GROUP}, "--group"),
        ({}, {"target": "target", "positive": "yes"}, "It holds '"),
        ({}, {"target": "target", "exclude": ("amount",)}, "amount: excluded by you"),
        ({"target": cycle("x")}, {"target": "target"}, "one value only"),
        ({"target": cycle(None)}, {"target": "target"}, "at least 50"),
        ({"target": [f"name {row}" for row in range(N_ROWS)]}, {"target": "target"}, "600 different texts"),
        ({"target": ["a"] * (N_ROWS - 3) + ["b"] * 3}, {"target": "target"}, "fewer than 10 rows: 'b'"),
        ({"target": cycle("a", "b", "c")}, {"target": "target", "task": Task.BINARY}, "--task multiclass"),
        ({"target": cycle("a", "b")}, {"target": "target", "task": Task.REGRESSION}, "is no number"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_way_out(columns, choices, said):
    with pytest.raises(InputError) as caught:
        infer(table(**columns), Choices(**choices))
    assert said in str(caught.value)


def test_an_unknown_column_is_an_unknown_name():
    with pytest.raises(UnknownName):
        infer(table(), Choices("target", group="nobody"))
