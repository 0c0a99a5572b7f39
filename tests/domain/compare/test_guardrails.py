from __future__ import annotations

import numpy as np
import pytest

from core.domain.compare.guardrails import (
    calibration_losses,
    chance_line,
    coverage_loss,
    gap_loss,
    quantile_loss,
    value_losses,
)

RNG = np.random.default_rng(6)
N = 4_000
Z = RNG.normal(-1, 1, N)
P = 1 / (1 + np.exp(-Z))
Y = (RNG.random(N) < P).astype(float)


def shifted(slope: float, intercept: float):
    return 1 / (1 + np.exp(-(slope * Z + intercept)))


def test_calibration_lines_agree_with_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    _, slope = calibration_losses(Y, P, shifted(2.0, 0.5))
    theirs = LogisticRegression(C=np.inf, tol=1e-10).fit((2 * Z + 0.5)[:, None], Y)
    assert slope.challenger == pytest.approx(theirs.coef_[0, 0], abs=1e-4)


def test_scores_far_off_have_a_calibration_too():
    """All near 0 or 1, and wrong: whole steps of Newton's would never come back."""
    scores = np.where(RNG.random(N) < 0.5, 1e-12, 1 - 1e-9)
    (shift, influence), (slope, _) = chance_line(Y, scores)
    margins = np.log(scores / (1 - scores))
    assert np.mean(1 / (1 + np.exp(-(margins + shift)))) == pytest.approx(Y.mean(), abs=1e-6)
    assert np.isfinite(influence).all() and abs(slope) < 0.05


def test_their_error_is_the_bootstrap_error():
    one, other = shifted(1.2, 0.4), shifted(1.5, 0.9)  # both off: a distance has no error bar at 0
    intercept, slope = calibration_losses(Y, one, other)
    drawn = []
    for _ in range(300):
        rows = RNG.integers(0, N, N)
        found = calibration_losses(Y[rows], one[rows], other[rows])
        drawn.append([found[0].loss, found[1].loss])
    for loss, values in zip((intercept, slope), np.array(drawn).T, strict=True):
        assert (loss.high - loss.loss) / 1.96 == pytest.approx(values.std(), rel=0.15)


def test_the_same_arm_loses_nothing_for_sure():
    for loss in (*calibration_losses(Y, P, P), *value_losses(Z, Z + 0.1, Z + 0.1), coverage_loss(P > 0.5, P > 0.5)):
        assert (loss.loss, loss.low, loss.high) == (0.0, 0.0, 0.0)


def test_a_biased_prediction_is_farther_off():
    noise = RNG.normal(size=N)
    bias, slope = value_losses(Z + noise, Z, 0.5 * Z + 1)
    assert bias.low > 0.5 and slope.challenger == pytest.approx(2.0, abs=0.1)


def test_gaps_agree_with_fairlearn_definitions_and_small_groups_count_nowhere():
    groups = RNG.integers(0, 3, N)
    groups[:10] = 7
    a, b = P > 0.4, (P > 0.4) | (groups == 1)
    found = gap_loss(groups, a, b, seed=1)
    rates = [[flags[groups == g].mean() for g in range(3)] for flags in (a, b)]
    assert found.champion == pytest.approx(np.ptp(rates[0]))
    assert found.challenger == pytest.approx(np.ptp(rates[1]))
    assert found.low > 0.3
    assert gap_loss(np.zeros(N, dtype=int), a, b, seed=1) is None


def test_quantiles_of_latency():
    fast, slow = RNG.gamma(6, 0.8, 3_000), RNG.gamma(6, 1.2, 3_000)
    found = quantile_loss(fast, slow)
    assert found.loss == pytest.approx(0.5, abs=0.1) and found.low < found.loss < found.high
    assert quantile_loss(np.full(50, np.nan), slow) is None
