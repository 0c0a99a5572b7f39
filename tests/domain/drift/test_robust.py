"""Whatever is counted is judged without a complaint, and says so where it cannot be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.columns import MISSING, OTHER
from core.domain.drift.bins import Bins, Counted, Of, Rows, count_levels, count_numbers, level_bins, number_bins
from core.domain.drift.entities import rows_of
from core.domain.drift.judgement import Finding, Level, Limits, judge

GENEROUS = Limits(minimum_rows=1, psi_moderate=5.0)  # so that few rows are judged, too
values = st.lists(st.sampled_from([math.nan, 0.0, 1.0, 2.5, -3.0, 1e9]), min_size=0, max_size=40)
codes = st.lists(st.sampled_from([MISSING, OTHER, 0, 1, 2]), min_size=0, max_size=40)


def check(found: Finding, n: int) -> None:
    assert found.n == n and 0 <= found.missing_now <= 1 and 0 <= found.cramers_v <= 1 + 1e-9 and 0 <= found.js <= 1
    assert found.kl <= found.psi + 1e-9, "KL is one of the two halves of PSI"
    assert found.kl_limit <= found.psi_limit or not math.isfinite(found.psi_limit)
    assert found.level.raised == (found.level not in (Level.QUIET, Level.TOO_FEW)) and bool(found.why) == (
        found.level is not Level.QUIET
    )


@settings(max_examples=100, deadline=None)
@given(values, values, codes, codes)
def test_any_counts(held: list[float], now: list[float], held_codes: list[int], now_codes: list[int]) -> None:
    number = number_bins("x", Of.FEATURE, np.array(held, dtype=np.float64))
    level = level_bins("y", Of.RAW, ("a", "b", "c"), np.array(held_codes, dtype=np.int16))
    for limits in (Limits(), GENEROUS):
        items: list[tuple[Bins, Counted, int]] = [
            (number, count_numbers(number, np.array(now, dtype=np.float64)), len(now)),
            (level, count_levels(level, np.array(now_codes, dtype=np.int16)), len(now_codes)),
        ]
        for bins, counted, n in items:
            check(judge([bins], [counted], rows_of(None, n), limits)[0], n)
            few = Counted(bins.name, bins.in_coarse(counted.counts), counted.missing, counted.unseen, fine=False)
            check(judge([bins], [few], rows_of(None, n), limits)[0], n)
            both = judge([bins], [counted], Rows(n, n, n), limits, against=[few], against_rows=Rows(n, n, n))
            check(both[0], n)
            assert both[0].level in (Level.QUIET, Level.TOO_FEW), "nothing differs from itself"


def test_a_category_without_a_known_level_and_an_empty_family() -> None:
    bins = level_bins("city", Of.RAW, (), np.full(500, OTHER))
    assert not bins.is_number and bins.other == 500
    found = judge([bins], [count_levels(bins, np.full(300, OTHER))], rows_of(None, 300), Limits())[0]
    assert found.level is Level.TOO_FEW and found.ks is None
    assert judge([], [], rows_of(None, 0), Limits()) == ()


def test_counts_of_another_item_are_refused() -> None:
    bins = [number_bins(name, Of.FEATURE, np.arange(500.0)) for name in ("x", "y")]
    now = [count_numbers(item, np.arange(500.0)) for item in reversed(bins)]
    with pytest.raises(ValueError, match="'y' is counted where the reference has 'x'"):
        judge(bins, now, rows_of(None, 500), Limits())


def test_values_without_end_are_counted_and_measured() -> None:
    rng = np.random.default_rng(4)
    held, now = rng.normal(size=1_000), rng.normal(size=1_000)
    held[:5], now[:300], now[300:310] = np.inf, np.inf, -np.inf
    bins = number_bins("ratio", Of.FEATURE, held)
    found = judge([bins], [count_numbers(bins, now)], rows_of(None, 1_000), Limits())[0]
    assert found.level is Level.SIGNIFICANT and found.wasserstein is not None and math.isfinite(found.wasserstein)


@pytest.mark.parametrize("was", [0.0, 7.0, -2.5])
def test_a_column_that_was_constant_and_is_no_more(was: float) -> None:
    """All of the reference in one bin: the bins below and above it tell."""
    bins = number_bins("flag", Of.FEATURE, np.full(2_000, was))
    now = np.full(1_000, was)
    assert judge([bins], [count_numbers(bins, now)], rows_of(None, 1_000), Limits())[0].level is Level.QUIET
    now[:150] = was - 1
    assert judge([bins], [count_numbers(bins, now)], rows_of(None, 1_000), Limits())[0].level is Level.SIGNIFICANT
