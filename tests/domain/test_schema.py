"""The check finds every problem of every row, and a bad row never blocks a good one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.domain.columns import MISSING, OTHER, Column, Kind, Missing, Unseen, levels_in
from core.domain.parsing import parse_row, parse_value, read_time
from core.domain.schema import MOST_COUNT, Parsed, Schema

AGE = Column("age", Kind.COUNT, minimum=0, maximum=120)
INCOME = Column("income", Kind.NUMBER, minimum=0, missing=Missing.IMPUTE)
COLOUR = Column("colour", Kind.CATEGORY, levels=("Red", "Blue"))
SHAPE = Column("shape", Kind.CATEGORY, levels=("round",), unseen=Unseen.OTHER, missing=Missing.LEVEL)
SCHEMA = Schema((AGE, INCOME, COLOUR, SHAPE))


def parsed() -> dict[str, Parsed]:
    return {
        "age": Parsed(np.array([30.0, -1.0, np.nan, 2.5])),
        "income": Parsed(np.array([1.0, np.nan, np.inf, 2.0])),
        "colour": Parsed(np.array([0, 1, OTHER, 0], dtype=np.int16), {2: "green"}),
        "shape": Parsed(np.array([0, OTHER, MISSING, 0], dtype=np.int16), {1: "square"}),
    }


def test_every_problem_of_every_row_is_found() -> None:
    checked = SCHEMA.check(parsed(), 4)
    found = {(problem.row, problem.column, problem.rule) for problem in checked.problems()}
    assert found == {
        (2, "age", "range"),
        (3, "age", "required"),
        (4, "age", "whole"),
        (3, "income", "range"),
        (3, "colour", "type"),
    }
    assert checked.ok.tolist() == [True, False, False, False]


def test_messages_name_column_value_and_what_is_allowed() -> None:
    why = SCHEMA.check(parsed(), 4).why()
    assert why[1] == "age is '-1'; it takes a whole number from 0 to 120."
    assert "age is missing" in why[2] and "colour is 'green'; it takes one of Red, Blue." in why[2]


def test_imputed_and_unseen_rows_are_flagged_not_rejected() -> None:
    checked = SCHEMA.check(parsed(), 4)
    assert checked.imputed["income"].tolist() == [False, True, False, False]
    assert checked.other["shape"].tolist() == [False, True, False, False]


def test_a_column_that_is_not_given_is_missing_throughout() -> None:
    checked = SCHEMA.check({"age": Parsed(np.array([1.0]))}, 1)
    assert {(problem.column, problem.rule) for problem in checked.problems()} == {("colour", "required")}


@pytest.mark.parametrize("value", [2 * MOST_COUNT, 1e300])
def test_a_count_too_large_to_be_exact_is_refused(value: float) -> None:
    schema = Schema((Column("n", Kind.COUNT),))
    assert not schema.check({"n": Parsed(np.array([value]))}, 1).ok[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01", "2026-03-01T00:00"),
        ("2026-03-01 10:30", "2026-03-01T10:30"),
        ("2026-03-01T10:30:00Z", "2026-03-01T14:30"),
        ("2026-03-01T10:30:00+04:00", "2026-03-01T10:30"),
    ],
)
def test_times_with_an_offset_are_converted_and_naive_ones_taken_as_local(text: str, expected: str) -> None:
    read = read_time(text, "Asia/Dubai")
    assert np.datetime64(read) == np.datetime64(expected)


@pytest.mark.parametrize("text", ["inf", "-Infinity", "1_000", "12 apples", "NaN!"])
def test_texts_that_are_no_numbers_are_never_values(text: str) -> None:
    checked = SCHEMA.check(parse_row(SCHEMA, {"age": text, "colour": "red", "shape": "round"}), 1)
    assert not checked.ok[0]


def test_level_texts_match_whatever_their_case() -> None:
    row = parse_row(SCHEMA, {"colour": " BLUE "})
    assert row["colour"].values.tolist() == [1]


PAID = Column("paid", Kind.NUMBERS, width=3, minimum=0, maximum=100)
SERVICES = Column("services", Kind.SET, levels=("Audit", "Tax", "Legal"))
LISTS = Schema((PAID, SERVICES))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12.5;0;30", [12.5, 0, 30]),
        (" 12.5 ; 0 ", [None, 12.5, 0]),
        ("[12.5, 0]", [None, 12.5, 0]),
        ([1, "2"], [None, 1, 2]),
        (np.array([3.0]), [None, None, 3]),
        (7, [None, None, 7]),
        ("n/a", [None, None, None]),
        ([], [None, None, None]),
        (float("nan"), [None, None, None]),
    ],
)
def test_lists_are_right_aligned_with_the_latest_last(value: Any, expected: list[float | None]) -> None:
    read = parse_value(PAID, value, "UTC")
    assert read.values.shape == (1, 3) and not read.unread
    assert [None if number != number else number for number in read.values[0].tolist()] == expected


@pytest.mark.parametrize("value", ["1;;2", "1;2;", "1;2;3;4", "1;two", "[1, null]", [1, None], [[1]], "[" * 9_000])
def test_a_list_with_a_gap_or_a_stranger_is_unread_as_a_whole(value: Any) -> None:
    read = parse_value(PAID, value, "UTC")
    assert np.isnan(read.values).all() and read.unread[0]


def test_every_number_of_a_list_keeps_to_the_range() -> None:
    checked = LISTS.check(parse_row(LISTS, {"paid": "-1;50;1e999", "services": "tax;Golf"}), 1)
    assert [(item.column, item.rule, item.value) for item in checked.problems()] == [
        ("paid", "range", "-1;inf"),
        ("services", "type", "tax;Golf"),
    ]
    assert "each from 0 to 100" in checked.why()[0] and "any of Audit, Tax, Legal" in checked.why()[0]


@pytest.mark.parametrize(
    ("value", "levels"),
    [
        ("legal; AUDIT", ("Audit", "Legal")),
        (["Tax"], ("Tax",)),
        ('["tax"]', ("Tax",)),
        ("tax;;tax;", ("Tax",)),
        ([], ()),
    ],
)
def test_sets_are_read_whatever_their_order_and_case(value: Any, levels: tuple[str, ...]) -> None:
    read = parse_value(SERVICES, value, "UTC")
    assert levels_in(SERVICES, int(read.values[0])) == levels and not read.unread


def test_missing_lists_and_sets_are_named_once_each() -> None:
    checked = LISTS.check(parse_row(LISTS, {"services": " ; "}), 1)
    assert [(item.column, item.rule, item.value) for item in checked.problems()] == [
        ("paid", "required", ""),
        ("services", "required", ""),
    ]


def test_imputed_lists_are_flagged() -> None:
    schema = Schema((replace(PAID, missing=Missing.IMPUTE),))
    checked = schema.check({"paid": Parsed(np.array([[np.nan, np.nan, 1], [np.nan] * 3]))}, 2)
    assert checked.ok.all() and checked.imputed["paid"].tolist() == [False, True]
    assert SCHEMA.check({}, 2).imputed["income"].all()
