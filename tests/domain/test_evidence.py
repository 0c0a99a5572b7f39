"""Evidence beside a reason: who is like a row, what became of them, and whether that bears the reason out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.domain.columns import MISSING, NO_SET, Array, Column, Kind, absent
from core.domain.evidence import (
    FEW,
    agreement,
    evidence_of,
    group_of,
    interval,
    reads_weekday,
    upper_edges,
)
from core.domain.explained import Evidence
from core.domain.rank_agreement import tau_b
from core.usecases import builtin

RNG = np.random.default_rng(5)
SOURCES = Column("source", Kind.CATEGORY, levels=("Google", "Referral", "Email"))


def found(column: Column, value: Array, reference: Array, worth: Array, points: float = 0.1) -> Evidence:
    evidence = evidence_of(column, value, reference, worth, points)
    assert evidence is not None
    return evidence


def test_a_level_counts_its_own_rows_with_the_interval_of_scipy() -> None:
    codes = RNG.integers(0, 3, 900).astype(np.int16)
    worth = (RNG.random(900) < np.array([0.1, 0.4, 0.2])[codes]).astype(float)
    evidence = found(SOURCES, np.array([1], np.int16), codes, worth)
    hits = worth[codes == 1]
    expected = stats.binomtest(int(hits.sum()), len(hits)).proportion_ci(0.95, "wilson")
    assert (evidence.group, evidence.n, evidence.n_overall) == ("Referral", len(hits), 900)
    assert (evidence.low, evidence.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert (evidence.rate, evidence.overall) == pytest.approx((hits.mean(), worth.mean()))


def test_a_mean_has_the_interval_of_student_as_scipy_gives_it() -> None:
    worth = RNG.normal(0.5, 0.2, 47)
    expected = stats.ttest_1samp(worth, 0).confidence_interval(0.95)
    assert interval(worth, share=False) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_a_group_of_only_zeros_in_a_regression_is_no_share() -> None:
    codes = np.repeat([0, 1], 50).astype(np.int16)
    evidence = found(SOURCES, np.array([0], np.int16), codes, np.repeat([0.0, 7.0], 50))
    assert (evidence.low, evidence.high) == (0.0, 0.0)


@pytest.mark.parametrize(("n", "shown"), [(FEW - 1, False), (FEW, True)])
def test_under_thirty_rows_there_is_no_evidence(n: int, shown: bool) -> None:
    codes = np.array([1] * n + [0] * 100, np.int16)
    evidence = evidence_of(SOURCES, np.array([1], np.int16), codes, np.ones(len(codes)), 0.1)
    assert (evidence is not None) == shown


def test_rows_without_an_outcome_do_not_count() -> None:
    codes = np.zeros(60, np.int16)
    worth = np.where(np.arange(60) < 31, 1.0, np.nan)
    assert found(SOURCES, np.array([0], np.int16), codes, worth).n == 31
    worth[:5] = np.nan
    assert evidence_of(SOURCES, np.array([0], np.int16), codes, worth, 0.1) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "at most 20 pages"), (20, "at most 20 pages"), (21, "between 21 and 40 pages"), (500, "81 or more pages")],
)
def test_numbers_are_compared_with_their_fifth_in_words(value: float, words: str) -> None:
    views = np.arange(1.0, 101.0)
    group = group_of(Column("views", Kind.COUNT, unit="pages"), np.array([value]), views)
    assert group is not None
    assert (group.words, int(group.rows.sum())) == (words, 20)


def test_edges_are_values_that_rows_have_and_the_parts_hold_every_row_once() -> None:
    column, values = Column("x", Kind.NUMBER), np.round(RNG.exponential(10, 500), 1)
    assert set(upper_edges(values)) <= set(values)
    times = np.zeros(500)
    for value in (0.0, *(upper_edges(values) + 0.05)):
        group = group_of(column, np.array([value]), values)
        assert group is not None
        times += group.rows
    assert (times == 1).all()


def test_many_equal_values_stay_together_and_are_named() -> None:
    column = Column("promises", Kind.COUNT)
    group = group_of(column, np.array([0.0]), np.array([0.0] * 70 + [1.0] * 10 + [4.0] * 20))
    assert group is not None
    assert (group.words, int(group.rows.sum())) == ("0", 70)


def test_missing_is_a_group_of_its_own() -> None:
    reference = np.array([MISSING] * 40 + [0] * 60, np.int16)
    evidence = found(SOURCES, absent(SOURCES, 1), reference, np.repeat([1.0, 0.0], [40, 60]))
    assert (evidence.group, evidence.n, evidence.rate) == ("not given", 40, 1.0)


def test_a_set_is_compared_with_rows_that_share_its_levels_and_with_fewer_where_those_are_few() -> None:
    column = Column("services", Kind.SET, levels=("audit", "tax", "legal"))
    many = np.array([0b011] * 40 + [0b111] * 10 + [0b100] * 50 + [NO_SET] * 5)
    both = group_of(column, np.array([0b011]), many)
    assert both is not None
    assert (both.words, int(both.rows.sum())) == ("audit and tax", 50)
    some = group_of(column, np.array([0b111]), many)
    assert some is not None
    assert (some.words, int(some.rows.sum())) == ("at least 2 of audit, tax and legal", 50)


def test_lists_are_compared_by_their_mean() -> None:
    column = Column("paid", Kind.NUMBERS, width=2, unit="USD")
    lists = np.column_stack([np.full(100, np.nan), np.arange(1.0, 101.0)])
    group = group_of(column, np.array([[5.0, 15.0]]), lists)
    assert group is not None
    assert (group.words, int(group.rows.sum())) == ("a mean of at most 20 USD", 20)


def test_only_features_of_the_weekday_group_times_by_it() -> None:
    cases = builtin()
    read = {
        key: [column.name for column in case.schema.of_kind(Kind.TIME) if reads_weekday(case.features, column.name)]
        for key, case in cases.items()
    }
    assert read["lead_scoring"] == ["created_at"]
    assert read["client_profitability"] == []


def test_evidence_disagrees_only_where_its_interval_leaves_the_overall_rate_out() -> None:
    assert agreement(0.2, 0.3, 0.25, 0.125, +0.1) is True
    assert agreement(0.2, 0.3, 0.25, 0.125, -0.1) is False
    assert agreement(0.01, 0.05, 0.03, 0.125, -0.1) is True
    assert agreement(0.1, 0.3, 0.2, 0.125, -0.1) is None
    assert agreement(0.2, 0.3, 0.25, 0.125, 0.0) is None


@pytest.mark.parametrize("seed", range(20))
def test_kendalls_tau_is_scipys_with_ties(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 6, 15).astype(float), rng.integers(0, 6, 15).astype(float)
    assert tau_b(first, second) == pytest.approx(stats.kendalltau(first, second).statistic, abs=1e-12)


def test_a_model_that_orders_nothing_has_no_rank_agreement() -> None:
    assert tau_b(np.zeros(5), np.arange(5.0)) is None
