from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.columns import MISSING, OTHER, Column, Columns, Kind, Unseen
from core.domain.schema import Schema
from core.domain.usecase import UseCase
from core.store.identity import prediction_ids, row_bytes
from core.usecases import builtin

SCHEMA = Schema(
    (
        Column("lead", Kind.ID),
        Column("note", Kind.TEXT),
        Column("when", Kind.TIME),
        Column("amount", Kind.NUMBER),
        Column("visits", Kind.COUNT),
        Column("member", Kind.YESNO),
        Column("city", Kind.CATEGORY, levels=("Rome", "Oslo"), unseen=Unseen.OTHER),
        Column("size", Kind.ORDERED, levels=("S", "M", "L")),
        Column("paid", Kind.NUMBERS, width=2),
        Column("services", Kind.SET, levels=("audit", "tax")),
    ),
    timezone="Europe/Berlin",
)
MIXED = replace(builtin()["bnpl_default"], key="mixed", schema=SCHEMA)

FLOATS = st.floats(allow_nan=True) | st.sampled_from([0.0, -0.0, float("nan"), -float("nan")])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
TIMES = st.datetimes().map(lambda at: np.datetime64(at, "us")) | st.just(np.datetime64("NaT", "us"))
CODES, SIZES, LISTS, SETS = st.integers(-2, 1), st.integers(-2, 2), st.tuples(FLOATS, FLOATS), st.integers(-1, 3)
ROW = st.tuples(TEXTS, TEXTS, TIMES, FLOATS, FLOATS, FLOATS, CODES, TEXTS, SIZES, LISTS, SETS)


def _columns(rows: list[tuple[object, ...]]) -> tuple[Columns, dict[str, dict[int, str]]]:
    lead, note, when, amount, visits, member, city, unseen, size, paid, services = zip(*rows, strict=True)
    columns = {
        "lead": np.array(lead, dtype=object),
        "note": np.array(note, dtype=object),
        "when": np.array(when, dtype="datetime64[us]"),
        "amount": np.array(amount, dtype=float),
        "visits": np.array(visits, dtype=float),
        "member": np.array(member, dtype=float),
        "city": np.array(city, dtype=np.int16),
        "size": np.array(size, dtype=np.int16),
        "paid": np.array(paid, dtype=float),
        "services": np.array(services, dtype=np.int64),
    }
    other = {row: str(unseen[row]) for row, code in enumerate(city) if code == OTHER}
    return columns, {"city": other} if other else {}


def _one(columns: Columns, texts: dict[str, dict[int, str]], row: int) -> str:
    alone = {name: values[row : row + 1] for name, values in columns.items()}
    own = {name: {0: found[row]} for name, found in texts.items() if row in found}
    return str(prediction_ids(MIXED, "v1", alone, own, 1)[0])


@given(st.lists(ROW, min_size=1, max_size=6))
def test_an_id_is_the_hash_of_the_row_alone_or_among_others(rows: list[tuple[object, ...]]) -> None:
    columns, texts = _columns(rows)
    ids = prediction_ids(MIXED, "v1", columns, texts, len(rows)).to_pylist()
    for row, found in enumerate(ids):
        assert found == hashlib.sha256(row_bytes(MIXED, "v1", columns, texts, row)).hexdigest()[:32]
        assert found == _one(columns, texts, row)


BASE = ("a", "b", np.datetime64("2026-05-01T10:00", "us"), 1.0, 2.0, 1.0, OTHER, "Bonn", 1, (np.nan, 5.0), 2)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, "A"),
        (1, ""),
        (2, np.datetime64("2026-05-01T10:00:00.000001", "us")),
        (3, 1.0000000000000002),
        (3, float("nan")),
        (4, 3.0),
        (5, 0.0),
        (6, MISSING),
        (6, 0),
        (7, "Bonn "),
        (8, 2),
        (9, (5.0, 5.0)),
        (9, (np.nan, np.nan)),
        (10, 3),
        (10, -1),
    ],
)
def test_another_value_in_any_column_is_another_prediction(place: int, value: object) -> None:
    changed = (*BASE[:place], value, *BASE[place + 1 :])
    ids = [prediction_ids(MIXED, "v1", *_columns([row]), 1)[0] for row in (BASE, changed)]
    assert ids[0] != ids[1]


def test_texts_do_not_run_into_each_other() -> None:
    rows = [("ab", "c", *BASE[2:]), ("a", "bc", *BASE[2:]), ("abc", "", *BASE[2:])]
    assert len(set(prediction_ids(MIXED, "v1", *_columns(rows), 3).to_pylist())) == 3


def test_equal_numbers_are_equal_however_they_are_written() -> None:
    rows = [(*BASE[:3], zero, nan, *BASE[5:]) for zero, nan in ((0.0, float("nan")), (-0.0, -float("nan")))]
    ids = prediction_ids(MIXED, "v1", *_columns(rows), 2).to_pylist()
    assert ids[0] == ids[1]


def test_use_case_version_and_source_class_tell_predictions_apart(columns_of: Callable[..., Columns]) -> None:
    bnpl = builtin()["bnpl_default"]
    columns = columns_of(bnpl, 1)
    ids = [
        prediction_ids(bnpl, "v1", columns, {}, 1),
        prediction_ids(bnpl, "v2", columns, {}, 1),
        prediction_ids(bnpl, "v1", columns, {}, 1, source="replay"),
        prediction_ids(replace(bnpl, key="bnpl_copy"), "v1", columns, {}, 1),
    ]
    assert len({str(item[0]) for item in ids}) == 4
    assert all(len(str(item[0])) == 32 for item in ids)


def test_where_no_column_names_a_row_equal_rows_of_a_file_stay_two() -> None:
    numbers: UseCase = replace(MIXED, schema=Schema((Column("x", Kind.NUMBER),)), entity=None)
    columns = {"x": np.array([1.0, 2.0, 1.0])}
    places = np.arange(1, 4)
    ids = prediction_ids(numbers, "v1", columns, {}, 3, row_numbers=places).to_pylist()
    assert len(set(ids)) == 3
    assert prediction_ids(numbers, "v1", columns, {}, 3, row_numbers=places).to_pylist() == ids
    alone = prediction_ids(numbers, "v1", {"x": np.array([1.0])}, {}, 1).to_pylist()
    assert alone == ids[:1]
    assert ids[2] == hashlib.sha256(row_bytes(numbers, "v1", columns, {}, 2, row_number=3)).hexdigest()[:32]


def test_no_rows_have_no_ids() -> None:
    empty = {name: values[:0] for name, values in _columns([BASE])[0].items()}
    assert prediction_ids(MIXED, "v1", empty, {}, 0).to_pylist() == []
