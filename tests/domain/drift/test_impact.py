"""The impact of a drift in score points, against a linear model whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.drift.bins import Of, bin_of, count_numbers, number_bins
from core.domain.drift.impact import impact, mean_points

RNG = np.random.default_rng(17)


def test_a_shift_in_a_linear_model_moves_the_mean_by_coefficient_times_shift() -> None:
    reference, now = RNG.uniform(0, 10, 40_000), RNG.uniform(0, 10, 8_000) ** 1.1 / 10**0.1
    bins = number_bins("x", Of.FEATURE, reference)
    points = 0.02 * (reference - reference.mean())
    held = mean_points(bin_of(bins, reference), points, bins.n_coarse)
    assert held.counts.tolist() == bins.in_coarse(bins.counts).tolist()
    found = impact(bins.in_coarse(count_numbers(bins, now).counts), held.counts, held.means)
    assert found.value == pytest.approx(0.02 * (now.mean() - reference.mean()), rel=0.05)
    assert found.low < found.value < found.high < 0


def test_its_interval_covers() -> None:
    shares, now_shares = np.array([0.2, 0.5, 0.3]), np.array([0.3, 0.4, 0.3])
    means = np.array([-0.03, 0.0, 0.02])
    truth = float((now_shares - shares) @ means)
    draws = [impact(RNG.multinomial(400, now_shares), RNG.multinomial(2_000, shares), means) for _ in range(1_000)]
    assert np.mean([item.low <= truth <= item.high for item in draws]) == pytest.approx(0.95, abs=0.02)
    worth_less = impact(RNG.multinomial(400, now_shares), RNG.multinomial(2_000, shares), means, n=100.0)
    assert worth_less.high - worth_less.low > 1.5 * (draws[0].high - draws[0].low)


def test_no_rows_is_no_number() -> None:
    assert np.isnan(impact(np.zeros(2, np.int64), np.array([1, 1]), np.array([0.0, 1.0])).value)
