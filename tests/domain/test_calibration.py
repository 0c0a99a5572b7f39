from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from core.domain.calibration import bounds, calibration_fit, expected_calibration_error, reliability


def drawn(n: int, seed: int, slope: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    margin = rng.normal(-1, 1, n)
    return (rng.random(n) < expit(slope * margin)).astype(float), np.round(expit(margin), 3)


def test_isotonic_fit_agrees_with_scikit_learn() -> None:
    outcomes, p = drawn(3_000, 1)
    found = reliability(outcomes, p)
    fitted = IsotonicRegression().fit(p, outcomes)
    np.testing.assert_allclose(found.observed, fitted.predict(found.forecast), atol=1e-12)
    low, high, rate, rows = found.steps()
    assert rows.sum() == pytest.approx(3_000)
    assert (np.diff(rate) > 0).all()
    assert (low <= high).all()


def test_decomposition_adds_up_and_has_no_negative_part() -> None:
    for seed in range(5):
        found = reliability(*drawn(500, seed))
        parts = found.miscalibration, found.discrimination, found.uncertainty
        assert min(parts) >= 0
        assert parts[0] - parts[1] + parts[2] == pytest.approx(found.brier, abs=1e-12)


def test_too_extreme_scores_are_miscalibrated() -> None:
    outcomes, p = drawn(20_000, 2, slope=0.4)
    honest_outcomes, honest = drawn(20_000, 2)
    assert reliability(outcomes, p).miscalibration > 5 * reliability(honest_outcomes, honest).miscalibration
    line, honest_line = calibration_fit(outcomes, p), calibration_fit(honest_outcomes, honest)
    assert line is not None
    assert honest_line is not None
    assert line.slope == pytest.approx(0.4, abs=0.06)
    low, high = bounds(honest_line.slope, honest_line.slope_se)
    assert low < 1 < high
    assert calibration_fit(np.zeros(4), p[:4]) is None


def test_ece_of_a_perfect_model_is_its_noise() -> None:
    """logit p = -3.2 + .8 N(0,1), 10 equal-mass bins, n = 500: a perfect model reads .0226."""
    rng = np.random.default_rng(9)
    read, expected, above = [], [], 0
    for seed in range(200):
        p = expit(-3.2 + 0.8 * rng.standard_normal(500))
        found = expected_calibration_error((rng.random(500) < p).astype(float), p, seed=seed, n_draws=200)
        read.append(found.value)
        expected.append(found.expected)
        above += int(found.value > found.limit)
    assert np.mean(read) == pytest.approx(0.0226, abs=0.001)
    assert np.mean(expected) == pytest.approx(0.0226, abs=0.001)
    assert above <= 20


def test_ece_sees_a_real_gap_in_many_rows() -> None:
    outcomes, p = drawn(20_000, 4, slope=0.4)
    found = expected_calibration_error(outcomes, p, seed=1)
    assert found.value > 3 * found.limit
    honest = expected_calibration_error(*drawn(20_000, 4), seed=1)
    assert honest.value < 2 * honest.limit
