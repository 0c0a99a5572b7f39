"""What rows were refused for is counted; texts that few rows share are not kept by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.domain.columns import MISSING, OTHER, Column, Kind
from core.domain.refusals import MOST_LEVELS, SHARED_BY, refusals, worth_keeping
from core.domain.schema import Parsed, Schema

SOURCE = Column("source", Kind.CATEGORY, levels=("Ad", "Web"))
AGE = Column("age", Kind.COUNT, minimum=18)


def test_counted_by_column_rule_and_level() -> None:
    codes = np.array([0, OTHER, OTHER, MISSING, 1, OTHER], dtype=np.int16)
    parsed = {
        "source": Parsed(codes, {1: "Fair", 2: "Fair", 5: "x" * 90}),
        "age": Parsed(np.array([20.0, 17, 30, 40, 5, 50])),
    }
    schema = Schema((SOURCE, AGE))
    assert refusals(schema.check(parsed, 6)) == {
        ("source", "type", "Fair"): 2,
        ("source", "type", ""): 1,
        ("source", "required", ""): 1,
        ("age", "range", ""): 2,
    }
    hidden = replace(schema, columns=(replace(SOURCE, personal=True), AGE))
    assert refusals(hidden.check(parsed, 6))["source", "type", ""] == 3


def test_levels_that_are_kept() -> None:
    many = {("source", "type", f"Fair {place}"): SHARED_BY for place in range(MOST_LEVELS + 4)}
    kept = worth_keeping(many | {("source", "type", "Jo"): SHARED_BY - 1})
    assert sum(kept.values()) == (MOST_LEVELS + 5) * SHARED_BY - 1
    assert len(kept) == MOST_LEVELS + 1
    assert kept["source", "type", ""] == 5 * SHARED_BY - 1
