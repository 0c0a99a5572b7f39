from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from core.domain.compare.curves import CELLS, calibration_bins, cells, dual_lift, lift_points, roc_points


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(8)
    p = rng.beta(1, 6, size=3_000).round(3)  # tied scores
    return (rng.random(3_000) < p).astype(float), p


def test_roc_runs_through_the_points_of_scikit_learn(rows):
    outcome, p = rows
    fpr, tpr = roc_points(outcome, p, 10_000)
    expected = roc_curve(outcome, p, drop_intermediate=False)
    assert np.allclose(fpr, expected[0]) and np.allclose(tpr, expected[1])


def test_few_points_keep_the_area(rows):
    outcome, p = rows
    fpr, tpr = roc_points(outcome, p)
    assert len(fpr) <= 120
    assert float(np.trapezoid(tpr, fpr)) == pytest.approx(roc_auc_score(outcome, p), abs=2e-3)


def test_lift_is_the_mean_among_the_highest_over_that_of_all(rows):
    outcome, p = rows
    shares, lift = lift_points(outcome, p)
    top = np.argsort(-p, kind="stable")[:300]
    assert lift[list(shares).index(0.1)] == pytest.approx(outcome[top].mean() / outcome.mean())
    assert lift[-1] == pytest.approx(1.0)


def test_dual_lift_shows_who_is_right_where_two_differ(rows):
    outcome, p = rows
    noisy = np.clip(p + np.random.default_rng(1).normal(0, 0.05, len(p)), 0, 1)
    found = dual_lift(outcome, noisy, p)
    assert found.n.sum() == len(p)
    difference = found.challenger - found.champion
    assert (np.diff(difference) > 0).all()
    assert np.abs(found.challenger - found.observed).mean() < np.abs(found.champion - found.observed).mean()


def test_calibration_bins_of_a_right_model_hold_what_was_said(rows):
    outcome, p = rows
    found = calibration_bins(outcome, p)
    assert found.n.sum() == len(p)
    assert (np.abs(found.said - found.observed) < 2 * found.half).mean() >= 0.8


def test_cells_hold_every_row_and_stay_few():
    rng = np.random.default_rng(2)
    a = rng.normal(size=5_000)
    across, upwards, counts = cells(a, a + 0.1 * rng.normal(size=5_000))
    assert counts.sum() == 5_000 and counts.shape == (CELLS, CELLS) and counts.size <= 2_000
    assert len(across) == len(upwards) == CELLS + 1
    assert cells(np.ones(4), np.ones(4))[2].sum() == 4
