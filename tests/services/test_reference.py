"""Reference rows are kept as a file and come back as they were typed, and say what is typical."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.columns import NO_SET, Column, Columns, Kind, Missing, Unseen
from core.domain.parsing import parse_row
from core.domain.records import raw_table
from core.domain.schema import Schema
from core.services.reference import typed_columns, typical_value, with_zone

PAID = Column("paid", Kind.NUMBERS, width=3)
SERVICES = Column("services", Kind.SET, levels=("audit", "tax", "legal"))
SCHEMA = Schema(
    (
        Column("id", Kind.ID),
        Column("at", Kind.TIME),
        Column("amount", Kind.NUMBER),
        Column("visits", Kind.COUNT),
        Column("member", Kind.YESNO),
        Column("city", Kind.CATEGORY, levels=("Rome", "Oslo"), unseen=Unseen.OTHER, missing=Missing.LEVEL),
        PAID,
        SERVICES,
    ),
    timezone="Asia/Dubai",
)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
ROW = st.fixed_dictionaries(
    {
        "id": st.text("abc", min_size=1),
        "at": st.datetimes(),
        "amount": st.none() | NUMBER,
        "visits": st.none() | st.integers(0, 1_000),
        "member": st.none() | st.booleans(),
        "city": st.sampled_from([None, "Rome", "Oslo"]),
        "paid": st.none() | st.lists(NUMBER, max_size=3),
        "services": st.none() | st.lists(st.sampled_from(SERVICES.levels)),
    }
)


def typed(rows: list[dict[str, Any]]) -> Columns:
    parsed = [parse_row(SCHEMA, row) for row in rows]
    return {name: np.concatenate([row[name].values for row in parsed]) for name in SCHEMA.names}


@given(st.lists(ROW, min_size=1, max_size=8))
def test_typed_rows_survive_a_parquet_file(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    columns = typed(rows)
    path = tmp_path_factory.mktemp("reference") / "rows.parquet"
    pq.write_table(with_zone(raw_table(SCHEMA, columns)), path)
    found = typed_columns(SCHEMA, pq.read_table(path))
    for name, values in columns.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)


@given(st.lists(ROW, min_size=1, max_size=4))
def test_a_reference_row_can_be_scored_again_as_it_is_shown(rows: list[dict[str, Any]]) -> None:
    columns = typed(rows)
    again = typed(with_zone(raw_table(SCHEMA, columns)).to_pylist())
    for name, values in columns.items():
        np.testing.assert_array_equal(again[name], values)


def table(column: Column, values: list[Any]) -> pa.Table:
    columns = {"x": np.concatenate([parse_row(Schema((column,)), {"x": value})["x"].values for value in values])}
    return raw_table(Schema((column,)), columns)


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        (Column("x", Kind.NUMBER), [1, 2, None, 9], 2.0),
        (Column("x", Kind.NUMBER), [92.1, 93.2], 92.1),  # never a number between two rows that nobody wrote
        (Column("x", Kind.YESNO), ["no", "no", "yes"], False),
        (Column("x", Kind.CATEGORY, levels=("a", "b")), ["b", "b", "a"], "b"),
        (Column("x", Kind.NUMBERS, width=3), ["7;1;10", "2;20", "3;60", None], [2.0, 20.0]),
        (Column("x", Kind.NUMBERS, width=3), [None], ""),
        (Column("x", Kind.SET, levels=("a", "b")), ["b;a", "a;b", "a", None], "a;b"),
        (Column("x", Kind.TIME), ["2026-01-01"], ""),
        (Column("x", Kind.ID), ["k"], ""),
    ],
)
def test_typical_values(column: Column, values: list[Any], expected: Any) -> None:
    assert typical_value(column, table(column, values)) == expected


def test_a_column_that_the_reference_lacks_has_no_typical_value() -> None:
    assert typical_value(PAID, table(Column("x", Kind.NUMBER), [1])) == ""


def test_missing_lists_and_sets_are_null_in_a_table() -> None:
    columns = {"paid": np.array([[np.nan] * 3, [np.nan, 0, 1]]), "services": np.array([NO_SET, 0b101])}
    found = raw_table(Schema((PAID, SERVICES)), columns).to_pylist()
    assert found == [{"paid": None, "services": None}, {"paid": [0.0, 1.0], "services": "audit;legal"}]
