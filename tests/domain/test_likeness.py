"""The look at a file before it is scored names what differs from the training data."""

from __future__ import annotations

import numpy as np

from core.domain.columns import NO_SET, OTHER, Column, Kind, Missing
from core.domain.likeness import Level, compare_column, verdict
from core.domain.schema import Parsed

RNG = np.random.default_rng(3)
REFERENCE = RNG.gamma(2, 70, 5_000)
AMOUNT = Column("amount", Kind.NUMBER, minimum=0)


def test_rows_like_the_reference_raise_nothing() -> None:
    assert compare_column(AMOUNT, Parsed(RNG.gamma(2, 70, 2_000)), REFERENCE) == []
    assert verdict([]) == "This file looks like the training data."


def test_cents_instead_of_dollars_are_named_as_a_unit() -> None:
    (finding,) = compare_column(AMOUNT, Parsed(100 * RNG.gamma(2, 70, 2_000)), REFERENCE)
    assert finding.what == "looks 100 times too large in unit"


def test_a_shift_is_not_called_a_unit() -> None:
    (finding,) = compare_column(AMOUNT, Parsed(RNG.gamma(2, 70, 2_000) + 2_000), REFERENCE)
    assert finding.what == "values outside the training range"


def test_a_column_that_cannot_be_read_at_all_blocks() -> None:
    item = Parsed(np.full(3, np.nan), {0: "a", 1: "b", 2: "c"})
    (finding,) = compare_column(AMOUNT, item, REFERENCE)
    assert finding.level is Level.BLOCKER and "'a', 'b', 'c'" in finding.detail


def test_unknown_categories_are_shown_with_their_texts() -> None:
    colour = Column("colour", Kind.CATEGORY, levels=("red",))
    codes = np.array([0, OTHER, 0, 0], dtype=np.int16)
    (finding,) = compare_column(colour, Parsed(codes, {1: "mauve"}), None)
    assert finding.level is Level.WARNING and "mauve" in finding.detail


def test_more_missing_values_than_in_training_is_a_warning() -> None:
    column = Column("amount", Kind.NUMBER, missing=Missing.IMPUTE)
    values = RNG.gamma(2, 70, 1_000)
    values[:400] = np.nan
    (finding,) = compare_column(column, Parsed(values), REFERENCE)
    assert finding.what == "more missing values than in training" and "40.0%" in finding.detail


def test_numbers_in_lists_are_compared_with_each_other() -> None:
    paid = Column("paid", Kind.NUMBERS, width=3, missing=Missing.ALLOW)
    lists = REFERENCE[:4_800].reshape(-1, 3).copy()
    lists[:500, 0] = np.nan
    assert compare_column(paid, Parsed(lists[::2]), lists) == []
    (finding,) = compare_column(paid, Parsed(100 * lists[::2]), lists)
    assert finding.what == "looks 100 times too large in unit"
    (finding,) = compare_column(paid, Parsed(lists[::2] + 2_000), lists)
    assert "of numbers outside" in finding.detail


def test_sets_with_unknown_levels_are_shown_with_their_texts() -> None:
    services = Column("services", Kind.SET, levels=("audit", "tax"))
    (finding,) = compare_column(services, Parsed(np.array([1, 3, NO_SET]), {2: "tax;golf"}), np.array([1, 2]))
    assert finding.level is Level.WARNING and "tax;golf" in finding.detail
