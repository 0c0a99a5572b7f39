"""Entities that repeat: how often the noise limit is exceeded with and without the design effect."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.drift.bins import Of, count_numbers, number_bins
from core.domain.drift.entities import rows_of
from core.domain.drift.judgement import Level, Limits, judge
from core.domain.drift.measures import divergence


@pytest.mark.parametrize(("repeats", "stated"), [(2, 0.41), (4, 0.85)])
def test_repeated_entities_make_false_alarms_that_effective_rows_do_not(repeats: int, stated: float) -> None:
    """Each entity's constant feature repeated, 2,000 rows against 10,000 others, ten bins, no drift."""
    rng = np.random.default_rng(repeats)
    as_rows, as_worth, n = 0, 0, 2_000
    for _ in range(600):
        entities = np.repeat(np.arange(n // repeats), repeats)
        now = np.bincount(rng.integers(0, 10, n // repeats)[entities], minlength=10)
        reference = rng.multinomial(10_000, np.full(10, 0.1))
        naive = divergence(now, reference)
        found = divergence(now, reference, n=rows_of(entities, n).n_effective)
        as_rows, as_worth = as_rows + (naive.psi > naive.noise), as_worth + (found.psi > found.noise)
    assert as_rows / 600 == pytest.approx(stated, abs=0.06)
    assert as_worth / 600 <= 0.06 + 0.02, "within the error of 600 runs"


def test_the_minimum_is_counted_in_entities() -> None:
    rng = np.random.default_rng(1)
    bins = number_bins("x", Of.FEATURE, rng.normal(size=20_000))
    entities = np.repeat(np.arange(84), 10)
    window = rows_of(entities, 840)
    found = judge([bins], [count_numbers(bins, rng.normal(size=84)[entities])], window, Limits())[0]
    assert (window.n_entities, window.n_effective) == (84, 84.0)
    assert found.level is Level.TOO_FEW and found.why == ("Not enough rows: 84 entities of 170, in 840 rows.",)


def test_every_test_is_of_effective_rows() -> None:
    rng = np.random.default_rng(2)
    bins = number_bins("x", Of.FEATURE, rng.normal(size=5_000))
    values = rng.normal(0.1, 1, 300)
    once = judge([bins], [count_numbers(bins, values)], rows_of(None, 300), Limits())[0]
    window = rows_of(np.repeat(np.arange(300), 4), 1_200)
    fourfold = judge([bins], [count_numbers(bins, np.repeat(values, 4))], window, Limits())[0]
    assert (fourfold.n, fourfold.n_effective) == (1_200, 300)
    assert (fourfold.ks_p, fourfold.chi2_p) == pytest.approx((once.ks_p, once.chi2_p))
    assert (fourfold.psi, fourfold.psi_limit) == pytest.approx((once.psi, once.psi_limit))
