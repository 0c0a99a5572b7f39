"""Reasons as texts, many at once: the same as one by one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from core.domain.columns import MISSING, NO_SET, OTHER, Array, Column, Kind
from core.domain.explained import Reason
from core.domain.reason_texts import LONGEST, point_texts, reason_texts, strongest, value_texts
from core.domain.reasons import points_text, split_reasons
from core.domain.values import value_text
from core.usecases import builtin


def test_strongest_is_what_sorting_says() -> None:
    rng = np.random.default_rng(3)
    points = rng.normal(size=(400, 9)).round(1)  # ties
    places, values = strongest(points, 3)
    for row in range(len(points)):
        least = max(0.01 * np.abs(points[row]).max(), 1e-300)
        best = sorted((-value, place) for place, value in enumerate(points[row]) if value >= least)[:3]
        assert places[row].tolist() == [place for _, place in best] + [-1] * (3 - len(best))
        assert values[row][: len(best)].tolist() == [-value for value, _ in best]


def test_fewer_columns_than_reasons() -> None:
    places, values = strongest(np.array([[0.5], [-0.5]]), 3)
    assert places.tolist() == [[0, -1, -1], [-1, -1, -1]]
    assert np.isnan(values[1]).all()


@pytest.mark.parametrize("key", ["lead_scoring", "client_profitability"])
def test_points_are_written_as_one_by_one(key: str) -> None:
    use_case, rng = builtin()[key], np.random.default_rng(2)
    points = np.concatenate([rng.normal(0, 10.0**power, 40) for power in range(-5, 5)])
    points = points[np.abs(100 * points * 10 % 1 - 0.5) > 1e-6]  # exact halves may be rounded either way
    told = point_texts(use_case, points).to_pylist()
    ordinary = [place for place, value in enumerate(points) if not 999 < abs(value) < 1_000]
    assert [told[place] for place in ordinary] == [points_text(use_case, points[place]) for place in ordinary]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (Column("a", Kind.COUNT, unit="days"), np.array([1.0, 3.0, np.nan, 25_000.0, 1234567.0])),
        (
            Column("a", Kind.NUMBER),
            np.array([1234567.25, 1e-9, -2.0, 0.0, 0.1 + 0.2, 12.3456789, 999_999.6, 9.9999996]),
        ),
        (Column("a", Kind.YESNO), np.array([1.0, 0.0, np.nan])),
        (Column("a", Kind.TEXT), np.array(["some text", "", "=1+1"], dtype=object)),
        (Column("a", Kind.TIME), np.array(["2026-03-02T14:05", "NaT", "2026-03-02"], dtype="datetime64[us]")),
        (Column("a", Kind.CATEGORY, levels=("x", "y")), np.array([1, 0, MISSING, OTHER], dtype=np.int16)),
        (Column("a", Kind.SET, levels=("x", "y", "z")), np.array([0b101, NO_SET, 0b010])),
        (Column("a", Kind.NUMBERS, width=3), np.array([[1.5, 0.25, np.nan], [np.nan] * 3, [2.0, np.nan, 25_000.0]])),
        (Column("a", Kind.NUMBERS, width=2, unit="AED"), np.array([[1.5, 0.25], [3.0, np.nan]])),
    ],
)
def test_values_are_written_as_one_by_one(column: Column, values: Array) -> None:
    expected = [value_text(column, values[row : row + 1], "Asia/Dubai") for row in range(len(values))]
    assert value_texts(column, values, "Asia/Dubai").to_pylist() == expected


def test_numbers_of_every_size_are_written_as_one_by_one() -> None:
    rng, column = np.random.default_rng(4), Column("a", Kind.NUMBER)
    values = np.concatenate([rng.normal(0, 10.0**power, 50) for power in range(-8, 12)])
    expected = [value_text(column, values[row : row + 1]) for row in range(len(values))]
    assert value_texts(column, values).to_pylist() == expected


def test_a_long_value_is_cut() -> None:
    assert value_texts(Column("a", Kind.TEXT), np.array(["x" * 200], dtype=object))[0].as_py() == "x" * 59 + "…"
    told = value_texts(Column("a", Kind.NUMBERS, width=40), np.full((1, 40), 12.5))[0].as_py()
    whole = value_text(Column("a", Kind.NUMBERS, width=40), np.full((1, 40), 12.5))
    assert told == whole[: LONGEST - 1].rstrip() + "…"


def test_a_level_nobody_has_seen_keeps_its_text() -> None:
    column = Column("a", Kind.CATEGORY, levels=("x",))
    codes = np.array([OTHER, 0, OTHER], dtype=np.int16)
    assert value_texts(column, codes, "UTC", {0: "new", 2: "old"}).to_pylist() == ["new", "x", "old"]


def test_what_hardly_counts_is_left_out_as_for_one_row() -> None:
    points = np.array([[1.0, 0.011, 0.009, -0.011, -0.009]])
    reasons = tuple(
        Reason(str(at), "", "", value, value > 0, None, False) for at, value in enumerate(points[0].tolist())
    )
    helps, hurts = split_reasons(reasons)
    assert [int(item.column) for item in helps] == [at for at in strongest(points, 3)[0][0].tolist() if at >= 0]
    assert [int(item.column) for item in hurts] == [at for at in strongest(-points, 3)[0][0].tolist() if at >= 0]


def test_texts_stand_in_the_rows_they_are_about() -> None:
    rng = np.random.default_rng(1)
    values, places = rng.integers(0, 99, (300, 3)), rng.integers(-1, 3, 300)
    points = pa.array([f"+{row}" for row in range(300)])

    def texts(place: int, rows: Array) -> pa.Array:
        return pa.array(values[rows, place].astype(str).tolist())

    told = reason_texts(places, points, ["A", "B", "C"], texts).to_pylist()
    for row, place in enumerate(places.tolist()):
        assert told[row] == (None if place < 0 else f"{'ABC'[place]}: {values[row, place]} (+{row})")


def test_no_rows() -> None:
    told = reason_texts(np.zeros(0, dtype=np.int64), pa.array([], pa.string()), ["A"], lambda place, rows: pa.array([]))
    assert told.to_pylist() == []
