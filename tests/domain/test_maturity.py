"""The process of the design: logit p = -3 + N(0,1), default after Exp(mean 20 days), age U(0, 45)."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.maturity import Maturity, counted_rows, mature_rate, maturity

N = 400_000


def simulated(horizon: float, oldest: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Ages, outcomes as known today, and the true rate within the horizon."""
    rng = np.random.default_rng(20)
    p = 1 / (1 + np.exp(3 - rng.standard_normal(N)))
    delay = np.where(rng.random(N) < p, rng.exponential(20, N), np.inf)
    age = rng.uniform(0, oldest, N)
    outcomes = np.where(delay <= np.minimum(age, horizon), 1.0, np.where(age >= horizon, 0.0, np.nan))
    return age, outcomes, float(np.mean(p) * (1 - np.exp(-horizon / 20)))


def test_both_shortcuts_lie_as_the_design_says() -> None:
    rng = np.random.default_rng(20)
    p = 1 / (1 + np.exp(3 - rng.standard_normal(N)))
    assert p.mean() == pytest.approx(0.0691, abs=0.0005)
    age, outcomes, _ = simulated(44, 45)
    assert np.nan_to_num(outcomes).mean() == pytest.approx(0.0413, abs=0.001)
    assert outcomes[~np.isnan(outcomes)].mean() == pytest.approx(0.666, abs=0.015)
    assert np.isnan(outcomes[age < 44]).mean() > 0.9


def test_mature_rows_tell_the_truth() -> None:
    age, outcomes, truth = simulated(30, 45)
    found = mature_rate(age, outcomes, 30)
    assert found.low < truth < found.high
    assert found.value == pytest.approx(truth, abs=0.002)
    assert found.n == (age >= 30).sum()


def test_early_outcomes_wait() -> None:
    age, outcomes, _ = simulated(30, 45)
    seen = maturity(age, outcomes, 30)
    assert seen.n == N
    assert seen.mature_share == pytest.approx(1 / 3, abs=0.01)
    assert seen.coverage == 1
    assert seen.n_early > 0
    assert not counted_rows(age, outcomes, 30)[age < 30].any()


def test_maturities_add_up_and_nothing_is_nothing() -> None:
    assert Maturity(3, 2, 1, 1) + Maturity(1, 1, 1) == Maturity(4, 3, 2, 1)
    assert (Maturity(0, 0, 0).mature_share, Maturity(5, 0, 0).coverage) == (0, 0)
