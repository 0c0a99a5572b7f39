"""The probability maps: monotone, right, and left out where they would be noise."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import _sigmoid_calibration

from core.errors import InputError
from core.ml.calibrate import CalibratedModel, fit_map
from core.ml.compiled import link


def _rows(n_rows: int = 4000, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    margins = rng.normal(size=n_rows)
    return margins[:, None], (rng.random(n_rows) < 1 / (1 + np.exp(-(0.5 * margins - 1)))).astype(float)


def test_platt_agrees_with_scikit_learn() -> None:
    margins, target = _rows()
    found = fit_map("binary", margins, target)
    slope, offset = _sigmoid_calibration(margins[:, 0], target)  # 1 / (1 + exp(slope x + offset))
    assert (found.slope, found.intercept[0]) == pytest.approx((-slope, -offset), abs=1e-3)
    assert found.method == "platt"


def test_platt_finds_the_true_line() -> None:
    found = fit_map("binary", *_rows(100_000))
    assert (found.slope, found.intercept[0]) == pytest.approx((0.5, -1.0), abs=0.03)


def test_a_shrunk_map_stays_near_the_model_on_few_rows_and_leaves_it_on_many() -> None:
    few, many = (fit_map("binary", *_rows(n), shrink=True) for n in (200, 100_000))
    assert abs(few.slope - 1) < abs(fit_map("binary", *_rows(200)).slope - 1) - 0.1
    assert (many.slope, many.intercept[0]) == pytest.approx((0.5, -1.0), abs=0.03)
    assert few.method == "platt, shrunk"


def test_a_shrunk_map_beats_a_free_one_where_the_model_was_right() -> None:
    rng = np.random.default_rng(3)
    loss = {True: 0.0, False: 0.0}
    for _ in range(30):
        margins = rng.normal(-3, 0.4, 20_000)
        target = (rng.random(20_000) < 1 / (1 + np.exp(-margins))).astype(float)
        for shrink in loss:
            found = fit_map("binary", margins[:2000, None], target[:2000], shrink=shrink)
            linear = found.slope * margins[2000:] + found.intercept[0]
            loss[shrink] += np.mean(np.logaddexp(0, linear) - target[2000:] * linear)
    assert loss[True] < loss[False]


def test_a_map_that_would_turn_the_ranking_round_is_left_out_and_said() -> None:
    margins, target = _rows()
    found = fit_map("binary", -margins, target)
    assert (found.slope, found.intercept, found.method) == (1.0, (0.0,), "identity")
    assert "would not keep the ranking" in found.note


def test_too_few_events_leave_the_model_as_it_is() -> None:
    margins, _ = _rows(200)
    target = np.zeros(200)
    target[:9] = 1
    found = fit_map("binary", margins, target)
    assert found.method == "identity"
    assert "9 calibration rows" in found.note


def test_separable_rows_do_not_run_away() -> None:
    target = (np.arange(200) >= 100).astype(float)
    found = fit_map("binary", (np.arange(200.0) - 99.5)[:, None], target)
    assert np.isfinite(found.slope) and found.slope > 0


def test_temperature_mends_classes_that_are_too_sure_and_biased() -> None:
    rng = np.random.default_rng(2)
    true = rng.normal(size=(20_000, 3)) + np.array([0.5, 0.0, -1.0])
    codes = np.array([rng.choice(3, p=row) for row in link("multiclass", true.T)])
    found = fit_map("multiclass", 3 * (true - np.array([0.5, 0.0, -1.0])), codes.astype(float))
    assert found.slope == pytest.approx(1 / 3, rel=0.05)
    biases = np.array(found.intercept) - np.mean(found.intercept)
    assert biases == pytest.approx(np.array([0.5, 0.0, -1.0]) + 1 / 6, abs=0.08)


def test_regression_has_no_map() -> None:
    found = fit_map("regression", np.zeros((5, 1)), np.zeros(5))
    assert (found.slope, found.intercept, found.note) == (1.0, (0.0,), "")


def test_a_frame_that_lacks_a_column_is_refused_by_name() -> None:
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression().fit(np.array([[0.0, 1], [1, 0], [2, 2], [0, 0]]), [0, 1, 1, 0])
    model = CalibratedModel(fitted, 1.0, (0.0,), ("a", "b"))
    with pytest.raises(InputError, match="lack b"):
        model.predict_proba(pd.DataFrame({"a": [1.0]}))
