"""A file and a form read the same text the same way, value by value."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.domain.columns import Column, Kind
from core.domain.parsing import parse_value
from core.domain.schema import Parsed, Schema
from core.store.intake import open_source
from core.store.typed import read_column

COLUMNS = (
    Column("number", Kind.NUMBER),
    Column("comma", Kind.NUMBER, decimal=",", null_texts=("-999",)),
    Column("count", Kind.COUNT, null_texts=("?", "-1")),
    Column("yesno", Kind.YESNO),
    Column("category", Kind.CATEGORY, levels=("Paid Search", "<25k", "1", "Größe")),
    Column("ordered", Kind.ORDERED, levels=("low", "HIGH"), null_texts=("Select",)),
    Column("time", Kind.TIME, null_texts=("never",)),
    Column("day", Kind.TIME, time_format="%d/%m/%Y %H:%M"),
    Column("month", Kind.TIME, time_format="%b %Y"),
    Column("id", Kind.ID),
    Column("text", Kind.TEXT, null_texts=("Select",)),
    Column("numbers", Kind.NUMBERS, width=3),
    Column("commas", Kind.NUMBERS, width=2, decimal=",", null_texts=("-999", "1;2")),
    Column("set", Kind.SET, levels=("1", "low", "Größe", "[x]")),
)

PIECES = st.sampled_from(
    [*"0123456789+-.,eE_:TZ /?", " ", "\t", "\x1f", "\xa0", "inf", "nan", "NA", "n/a", "null", "1e999", "0x", "²", "١"]
)
NUMBERS = st.one_of(
    st.floats().map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(
        ["inf", "-inf", "Infinity", "+nan", "1_000", "1e999", "-1e999", "1.234,5", "1,5", "0x1F", "1e", "-999", "-1"]
    ),
)
WORDS = st.sampled_from(
    [
        *("paid search", "PAID SEARCH", "<25k", "GRÖSSE", "größe", "1", "1.0", "low", "High", "select", "Select"),
        *("yes", "No", "TRUE", "f", " never ", "#N/A", "None"),
    ]
)
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59))
OFFSETS = st.sampled_from(["", "Z", "+04:00", "-1130", "+05", "z", " +04:00", "+23:59"])
TIMES = st.one_of(
    st.builds(lambda at, sep, zone: at.isoformat(sep) + zone, MOMENTS, st.sampled_from("T "), OFFSETS),
    st.builds(lambda at, zone: at.isoformat(timespec="minutes") + zone, MOMENTS, OFFSETS),
    MOMENTS.map(lambda at: at.date().isoformat()),
    MOMENTS.map(lambda at: at.strftime("%d/%m/%Y %H:%M")),
    MOMENTS.map(lambda at: at.strftime("%b %Y")),
    st.sampled_from(
        ["2026-02-31", "31/02/2026 10:00", "2026-01-02T24:00:00", "20260102", "2026-W01-1", "1/2/2026 3:04"]
    ),
)
ITEMS = st.one_of(NUMBERS, WORDS, st.sampled_from(["", " ", " 2 ", "\xa03", "12,5"]))
LISTS = st.one_of(
    st.lists(ITEMS, max_size=4).map(";".join),
    st.sampled_from(
        ["[1, 2.5]", "[]", "[1, null]", "[NaN]", '["low", "1"]', " [true]", "[1", "[[1]]", "[1e400]", "[x]"]
    ),
)
TEXTS = st.one_of(st.lists(PIECES, max_size=6).map("".join), NUMBERS, WORDS, TIMES, LISTS, st.text(max_size=6))


def assert_equal(one: Parsed, many: Parsed, row: int, text: str) -> None:
    """One value read alone against the same value read in a column."""
    expected, found = one.values[0], many.values[row]
    if one.values.dtype == object:
        same = expected == found
    else:
        same = np.array_equal(expected, found, equal_nan=expected.dtype.kind in "fM")
    assert same, f"{text!r}: alone {expected!r}, in a file {found!r}"
    assert one.unread.get(0) == many.unread.get(row), repr(text)
    assert one.values.dtype == many.values.dtype


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
@pytest.mark.parametrize("timezone", ["UTC", "America/New_York"])
@settings(max_examples=60, deadline=None)
@given(texts=st.lists(TEXTS, max_size=30))
@example(texts=["0001-01-01T00:00:00+04:00", "9999-12-31T23:59:59-04:00"])
@example(texts=["2025-03-30T01:30:00Z", "2025-11-02T05:30:00Z", "2025-11-02T06:30:00Z", "1883-11-18T17:00:00Z"])
def test_a_column_reads_like_single_values(column: Column, timezone: str, texts: list[str]) -> None:
    read = read_column(column, pa.array([text or None for text in texts], pa.string()), timezone)
    assert len(read.values) == len(texts)
    for row, text in enumerate(texts):
        assert_equal(parse_value(column, text, timezone), read, row, text)


@pytest.mark.parametrize("column", [c for c in COLUMNS if c.kind in (Kind.NUMBER, Kind.COUNT)], ids=lambda c: c.name)
@settings(max_examples=200, deadline=None)
@given(text=st.one_of(NUMBERS, st.from_regex(r"\A[+-]?[0-9]{1,25}[.,]?[0-9]{0,25}([eE][+-]?[0-9]{1,3})?\Z")))
def test_numbers_are_rounded_alike(column: Column, text: str) -> None:
    read = read_column(column, pa.array([text], pa.string()), "UTC")
    assert_equal(parse_value(column, text, "UTC"), read, 0, text)


@pytest.mark.parametrize("column", [c for c in COLUMNS if c.kind.is_list], ids=lambda c: c.name)
@settings(max_examples=100, deadline=None)
@given(
    rows=st.one_of(
        st.lists(st.none() | st.lists(st.none() | st.floats(), max_size=4), max_size=12),
        st.lists(st.none() | st.lists(st.none() | st.integers(-5, 5), max_size=4), max_size=12),
        st.lists(st.none() | st.lists(st.none() | ITEMS, max_size=4), max_size=12),
    ),
    large=st.booleans(),
)
def test_arrow_lists_read_like_single_lists(column: Column, rows: list[list[object] | None], large: bool) -> None:
    values = pa.array([None, *rows])[1:]
    if pa.types.is_null(values.type):
        values = values.cast(pa.list_(pa.float64()))
    if large:
        values = values.cast(pa.large_list(values.type.value_type))
    read = read_column(column, values, "UTC")
    assert len(read.values) == len(rows)
    for row, items in enumerate(rows):
        assert_equal(parse_value(column, items, "UTC"), read, row, repr(items))


PLAIN = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\r\n\t"), max_size=8)


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.tuples(PLAIN, PLAIN), min_size=1, max_size=20))
def test_any_text_survives_a_quoted_csv(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    _write(path, rows)
    schema = Schema((Column("a", Kind.TEXT), Column("b", Kind.TEXT)))
    chunks = list(open_source(path, schema, {"a": "a", "b": "b"}, chunk_rows=7).chunks())
    assert [item for chunk in chunks for item in chunk.ragged] == []
    found = [pair for chunk in chunks for pair in zip(*(chunk.texts[name].to_pylist() for name in "ab"), strict=True)]
    assert found == [(a or None, b or None) for a, b in rows]
    assert np.concatenate([chunk.row_numbers for chunk in chunks]).tolist() == list(range(1, len(rows) + 1))


def _write(path: Path, rows: list[tuple[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        stream.write("a,b\n")
        for row in rows:
            stream.write(",".join('"' + text.replace('"', '""') + '"' for text in row) + "\n")
