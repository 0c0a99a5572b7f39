"""Measures behind a complaint's checks, against scipy, brute force and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from core.domain.case_measures import distances, least_likely_run, mean_shift, share_above
from core.domain.estimation import expected_r2

RNG = np.random.default_rng(3)


def test_mean_shift_is_welch() -> None:
    now, reference = RNG.normal(1, 2, 80), RNG.normal(0, 1, 500)
    found = mean_shift(now, reference, 0.99)
    se = math.hypot(stats.sem(now), stats.sem(reference))
    assert found.value == pytest.approx(now.mean() - reference.mean())
    assert (found.high - found.low) / 2 == pytest.approx(stats.norm.ppf(0.995) * se)
    wide = mean_shift(np.repeat(now, 4), reference, 0.99, np.repeat(np.arange(80), 4))
    assert (wide.high - wide.low) == pytest.approx(found.high - found.low, rel=0.01), "copies tell nothing new"
    assert math.isnan(mean_shift(now[:1], reference, 0.99).low)


def run_of(values: list[float], reference: np.ndarray, before: np.ndarray | None = None, least: int = 15):
    then = np.zeros(0) if before is None else before
    return least_likely_run({"x": np.array(values)}, {"x": reference}, {"x": then}, least)


def test_a_stuck_feed_is_found_and_a_common_value_is_none() -> None:
    reference = RNG.integers(0, 10, 5_000).astype(float)
    rows = RNG.integers(0, 10, 500).astype(float)
    assert run_of(rows.tolist(), reference) is None
    rows[200:240] = 0.0
    found = run_of(rows.tolist(), reference)
    assert found is not None and found.length >= 40 and 190 < found.first <= 200 and found.value == 0
    share = (np.count_nonzero(reference == 0) + 0.5) / 5_001
    assert found.log_odds == pytest.approx(math.log(500) + found.length * math.log(share))
    usual = run_of([1.0] * 500, np.where(RNG.random(5_000) < 0.999, 1.0, 0.0))
    assert usual is not None and usual.log_odds > math.log(1e-6), "what is nearly always so proves nothing"


def test_values_that_come_in_groups_are_no_stuck_feed() -> None:
    """A rate that is everybody's for a day: the value follows itself in the rows before, too."""
    days = np.repeat(RNG.normal(size=200), 40)
    reference = RNG.normal(size=5_000)
    found = run_of(days[-400:].tolist(), reference, days[:-400])
    alone = run_of(days[-400:].tolist(), reference)
    assert found is not None and alone is not None
    assert alone.log_odds < math.log(1e-6)
    known = run_of([*days[:40], *days[40:80]], reference, np.concatenate([days[:80]] * 5))
    assert known is not None and known.log_odds > math.log(1e-6)


def test_missing_values_make_runs() -> None:
    values = RNG.normal(size=300)
    values[100:130] = np.nan
    found = run_of(values.tolist(), RNG.normal(size=2_000))
    assert found is not None and found.length == 30 and math.isnan(found.value)


def test_false_alarms_of_the_run_are_as_rare_as_stated() -> None:
    """n c p ** L is an upper bound of the expected number of runs: at odds of .05 no more than .05 of draws."""
    reference = np.repeat([0.0, 1.0], 5_000)
    alarms = 0
    for _ in range(2_000):
        found = run_of((RNG.random(400) < 0.5).astype(float).tolist(), reference, least=2)
        alarms += found is not None and found.log_odds < math.log(0.05)
    assert alarms / 2_000 < 0.05


def test_share_above_covers() -> None:
    hits = [share_above(RNG.binomial(400, 0.2), 400, RNG.binomial(4_000, 0.1), 4_000, 0.95) for _ in range(1_000)]
    assert np.mean([item.low <= 0.1 <= item.high for item in hits]) == pytest.approx(0.95, abs=0.02)
    assert math.isnan(share_above(0, 0, 1, 2, 0.95).low)


def test_distances_are_gowers() -> None:
    others = {"x": np.linspace(0, 100, 101), "level": np.tile([0.0, 1.0, 2.0], 34)[:101]}
    found = distances({"x": 0.0, "level": 1.0}, others, frozenset({"level"}))
    spread = np.subtract(*np.quantile(others["x"], [0.95, 0.05]))
    assert found[1] == pytest.approx(1 / spread / 2)
    assert found[0] == 0.5 and found[99] == 1.0 and found[100] == 0.5
    missing = distances({"x": math.nan}, {"x": np.array([math.nan, 1.0, 2.0])}, frozenset())
    assert missing.tolist() == [0.0, 1.0, 1.0]


def test_expected_r2_is_what_calibrated_values_realise() -> None:
    def drawn(n: int) -> tuple[np.ndarray, np.ndarray]:
        p = RNG.normal(size=n)
        return p, p + RNG.normal(size=n) * (0.5 + 0.3 * np.abs(p))

    held_p, held_v = drawn(20_000)
    inside = 0
    for _ in range(400):
        p, v = drawn(600)
        found = expected_r2(held_p, held_v, p)
        realised = 1 - np.mean((v - p) ** 2) / v.var()
        inside += found.low <= realised <= found.high
    assert 0.92 <= inside / 400 <= 0.995
    wide, narrow = expected_r2(held_p, held_v, held_p * 2), expected_r2(held_p, held_v, held_p / 2)
    assert wide.value > found.value > narrow.value
    assert math.isnan(expected_r2(held_p, held_v, held_p[:1]).value)
