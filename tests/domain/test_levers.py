"""What a column may be changed to: inside its limits, as a person would type it, never the value it has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.columns import MISSING, NO_SET, OTHER, Column, Kind
from core.domain.levers import Span, lever_of, multiples, nice_step, span_of, typed_as_raw

LEVELS = ("low", "middle", "high", "top")


@given(st.floats(-1e6, 1e6), st.floats(0.001, 1e6), st.booleans())
def test_steps_are_numbers_people_count_in(low: float, width: float, whole: bool) -> None:
    step = nice_step(low, low + width, whole)
    digits = f"{step:.6e}".split("e")[0].rstrip("0").rstrip(".")
    assert digits in {"1", "2", "5"}
    assert not whole or step >= 1
    assert width / step <= 101


@given(st.lists(st.floats(0, 1e5), min_size=2, max_size=50), st.floats(0, 2e5))
def test_no_number_lies_outside_the_limits_or_the_reference(seen: list[float], current: float) -> None:
    column = Column("x", Kind.NUMBER, minimum=10, maximum=5e4)
    values = np.clip(np.array(seen), 10, 5e4)
    span = span_of(column, values)
    low, high = np.quantile(values, (0.01, 0.99))
    lever = lever_of(column, np.array([current]), span)
    if lever is not None:
        assert lever.values.min() >= max(low, 10)
        assert lever.values.max() <= min(high, 5e4)
        assert current not in lever.values
        assert lever.distances == pytest.approx(np.abs(lever.values - current) / span.sd)
        assert all(len(f"{value:.10g}") <= 8 for value in lever.values)


def test_counts_are_whole_and_finer_near_the_value() -> None:
    column = Column("n", Kind.COUNT, minimum=0)
    lever = lever_of(column, np.array([1001.0]), Span(0.0, 5000.0, sd=100.0, step=50.0))
    assert lever is not None
    assert (lever.values == np.floor(lever.values)).all()
    assert 1000.0 in lever.values
    assert 1005.0 in lever.values
    assert 3005.0 not in lever.values


def test_ordered_levels_are_counted_in_steps_and_categories_in_changes() -> None:
    codes = np.array([0, 1, 2, 3] * 50, dtype=np.int16)
    for kind, wanted in ((Kind.ORDERED, [1, 1, 2]), (Kind.CATEGORY, [1, 1, 1])):
        column = Column("c", kind, levels=LEVELS)
        lever = lever_of(column, np.array([1], dtype=np.int16), span_of(column, codes))
        assert lever is not None
        assert lever.values.tolist() == [0, 2, 3]
        assert lever.distances.tolist() == wanted


def test_a_level_that_no_reference_row_has_is_not_offered() -> None:
    column = Column("c", Kind.CATEGORY, levels=LEVELS)
    lever = lever_of(column, np.array([0], dtype=np.int16), span_of(column, np.array([0, 1, 1], dtype=np.int16)))
    assert lever is not None
    assert lever.values.tolist() == [1]


def test_a_set_gains_or_loses_one_level_and_is_never_emptied() -> None:
    column = Column("s", Kind.SET, levels=LEVELS)
    lever = lever_of(column, np.array([0b1]), span_of(column, np.array([0b1, 0b110])))
    assert lever is not None
    assert lever.values.tolist() == [0b11, 0b101]


@pytest.mark.parametrize(
    ("column", "current"),
    [
        (Column("a", Kind.NUMBER), np.array([np.nan])),
        (Column("b", Kind.CATEGORY, levels=LEVELS), np.array([MISSING], dtype=np.int16)),
        (Column("c", Kind.CATEGORY, levels=LEVELS), np.array([OTHER], dtype=np.int16)),
        (Column("d", Kind.SET, levels=LEVELS), np.array([NO_SET])),
        (Column("e", Kind.TIME), np.array(["2026-01-01"], dtype="datetime64[us]")),
        (Column("f", Kind.NUMBERS, width=2), np.array([[1.0, 2.0]])),
        (Column("g", Kind.ID), np.array(["x"], dtype=object)),
    ],
)
def test_what_is_not_known_or_not_set_by_anybody_is_left_alone(column: Column, current: np.ndarray) -> None:
    assert lever_of(column, current, Span(0.0, 1.0, seen=(0, 1))) is None


def test_multiples_carry_no_rounding_noise() -> None:
    assert [str(value) for value in multiples(0.0, 0.5, 0.1).tolist()] == ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]


def test_values_are_written_as_people_type_them() -> None:
    assert typed_as_raw(Column("a", Kind.NUMBER), np.float64(0.5)) == 0.5
    assert typed_as_raw(Column("b", Kind.ORDERED, levels=LEVELS), np.int16(2)) == "high"
    assert typed_as_raw(Column("c", Kind.SET, levels=LEVELS), np.int64(0b101)) == ["low", "high"]
    assert typed_as_raw(Column("d", Kind.YESNO), 0.0) == "no"
