from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from core.domain.estimation import ErrorModel, expected_binary, expected_multiclass

N = 200_000


def realised(rng: np.random.Generator, x: np.ndarray, slope: float) -> tuple[float, float]:
    """CBPE of the champion logit p = -2 + x, and the AUC its scores have under the truth."""
    p = expit(-2 + x)
    outcomes = rng.random(N) < expit(-2 + slope * x)
    return expected_binary(p)["auc"].value, float(roc_auc_score(outcomes, p))


def test_blind_to_concept_change_as_the_design_says() -> None:
    rng = np.random.default_rng(3)
    estimate, truth = realised(rng, rng.standard_normal(N), 0.4)
    assert estimate == pytest.approx(0.747, abs=0.003)
    assert truth == pytest.approx(0.612, abs=0.005)


def test_right_under_covariate_shift() -> None:
    rng = np.random.default_rng(4)
    estimate, truth = realised(rng, rng.normal(0.5, 0.5, N), 1.0)
    assert estimate == pytest.approx(0.635, abs=0.003)
    assert truth == pytest.approx(0.635, abs=0.005)


def test_the_band_holds_what_is_realised() -> None:
    rng = np.random.default_rng(5)
    inside = {"auc": 0, "accuracy": 0, "brier": 0}
    for _ in range(200):
        p = expit(-1 + rng.standard_normal(800))
        outcomes = (rng.random(800) < p).astype(float)
        real = {
            "auc": roc_auc_score(outcomes, p),
            "accuracy": np.mean((p >= 0.5) == outcomes),
            "brier": np.mean((p - outcomes) ** 2),
        }
        for name, band in expected_binary(p).items():
            inside[name] += int(band.low <= real[name] <= band.high)
    assert all(count >= 186 for count in inside.values()), inside  # the band is for new rows: wider than needed here


def test_multiclass_is_right_when_calibrated() -> None:
    rng = np.random.default_rng(6)
    p = rng.dirichlet([1.0, 2.0, 1.5], 60_000)
    codes = (rng.random((len(p), 1)) > p.cumsum(axis=1)).sum(axis=1)
    found = expected_multiclass(p)
    assert found["macro_auc"].value == pytest.approx(roc_auc_score(codes, p, multi_class="ovr"), abs=0.004)
    assert found["accuracy"].value == pytest.approx(np.mean(p.argmax(axis=1) == codes), abs=0.006)


def test_errors_follow_the_predictions() -> None:
    rng = np.random.default_rng(7)

    def rows(n: int, low: float) -> tuple[np.ndarray, np.ndarray]:
        predictions = rng.uniform(low, 100, n)
        return predictions, predictions + rng.normal(0, 0.1 * predictions)

    model = ErrorModel.fit(*rows(4_000, 0))
    inside = 0
    for _ in range(60):
        predictions, values = rows(500, 50)
        found = model.expected(predictions)
        inside += int(found.low <= np.mean(np.abs(values - predictions)) <= found.high)
    assert inside >= 53
    assert model.expected(rows(500, 50)[0]).value > 1.3 * model.expected(rows(500, 0)[0]).value


def test_few_or_tied_reference_rows() -> None:
    model = ErrorModel.fit(np.array([1.0, 1.0, 2.0]), np.array([2.0, 0.0, 2.0]))
    assert model.expected(np.array([50.0])).value == pytest.approx(2 / 3)
    tied = ErrorModel.fit(np.repeat([1.0, 5.0], 100), np.repeat([2.0, 9.0], 100))
    assert tied.expected(np.array([1.0, 5.0, 7.0, -3.0])).value == pytest.approx((1 + 4 + 4 + 1) / 4)
    assert np.isnan(expected_binary(np.array([]))["brier"].value)
