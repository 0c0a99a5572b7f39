"""Rules between columns: reported like any other problem, and only where every value is there to be judged."""

from __future__ import annotations

import numpy as np

from core.domain.columns import MISSING, OTHER, Column, Kind, Missing
from core.domain.parsing import parse_row
from core.domain.row_rules import RowRule, at_most
from core.domain.schema import Parsed, Schema

SIZES = ("small", "large")


def _not_small_and_dear(size: np.ndarray, price: np.ndarray) -> np.ndarray:
    return (size != 0) | (price < 100)


SCHEMA = Schema(
    (
        Column("part", Kind.NUMBER, minimum=0),
        Column("whole", Kind.NUMBER, missing=Missing.IMPUTE),
        Column("size", Kind.CATEGORY, levels=SIZES),
    ),
    rules=(
        at_most("part", "whole"),
        RowRule("price of size", ("size", "part"), _not_small_and_dear, "size is '{size}'; at {part} it takes large."),
    ),
)


def test_the_rule_is_reported_with_both_values_and_blocks_only_its_row() -> None:
    parsed = {
        "part": Parsed(np.array([126.0, 100.0, 99.5])),
        "whole": Parsed(np.array([100.0, 100.0, 100.0])),
        "size": Parsed(np.array([1, 1, 0], dtype=np.int16)),
    }
    checked = SCHEMA.check(parsed, 3)
    assert [(p.row, p.column, p.value, p.rule, p.message) for p in checked.problems()] == [
        (1, "part", "126", "at most whole", "part is '126'; it cannot exceed whole, which is 100.")
    ]
    assert checked.ok.tolist() == [False, True, True]
    assert checked.why() == {0: "part is '126'; it cannot exceed whole, which is 100."}


def test_a_row_that_lacks_a_value_is_not_judged() -> None:
    parsed = {
        "part": Parsed(np.array([126.0, np.nan, 500.0, 500.0])),
        "whole": Parsed(np.array([np.nan, 1.0, 100.0, np.nan]), {3: "six hundred"}),
        "size": Parsed(np.array([1, 1, OTHER, MISSING], dtype=np.int16), {2: "huge"}),
    }
    checked = SCHEMA.check(parsed, 4)
    assert {(p.row, p.column, p.rule) for p in checked.problems()} == {
        (2, "part", "required"),
        (3, "size", "type"),
        (3, "part", "at most whole"),  # both of its values are there, whatever the size
        (4, "size", "required"),
        (4, "whole", "type"),
    }


def test_levels_are_written_as_texts() -> None:
    checked = SCHEMA.check(parse_row(SCHEMA, {"part": 250, "whole": 300, "size": "Small"}), 1)
    (problem,) = checked.problems()
    assert (problem.value, problem.message) == ("small", "size is 'small'; at 250 it takes large.")


def test_one_row_alone_is_judged_as_in_a_file() -> None:
    rows = [{"part": part, "whole": 100, "size": "large"} for part in (99, 100, 101)]
    alone = [bool(SCHEMA.check(parse_row(SCHEMA, row), 1).ok[0]) for row in rows]
    parsed = [parse_row(SCHEMA, row) for row in rows]
    together = {name: Parsed(np.concatenate([row[name].values for row in parsed])) for name in SCHEMA.names}
    assert alone == SCHEMA.check(together, 3).ok.tolist() == [True, True, False]
