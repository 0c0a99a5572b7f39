"""Conformal intervals: the promised share on fresh rows, wider where the noise is, the same alone and in a file."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.conformal import Intervals, Spread, fit_intervals, fit_spread


def draw(n: int, seed: int, power: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Predictions, and values around them whose noise grows with the prediction; heavy tails."""
    rng = np.random.default_rng(seed)
    predictions = rng.uniform(1, 10, n)
    return predictions, predictions + predictions**power * rng.standard_t(4, n)


def coverage(n: int, seed: int) -> float:
    found = fit_intervals(*draw(n, seed), fit_spread(*draw(n, seed + 1)))
    assert found is not None
    return found.coverage(*draw(2_000, seed + 2)).value


@pytest.mark.parametrize("n", [40, 200, 1_000])
def test_fresh_rows_lie_inside_as_often_as_promised(n: int) -> None:
    """Mean coverage over many calibrations is k / (n + 1), k = ceil(.9 (n + 1)); its noise is beta distributed."""
    found = [coverage(n, 10 * seed) for seed in range(200)]
    promised = np.ceil(0.9 * (n + 1)) / (n + 1)
    error = np.sqrt(0.09 / (n + 2) / 200 + 0.09 / (2_000 * 200))
    assert np.mean(found) == pytest.approx(promised, abs=3.5 * error)
    assert np.std(found) == pytest.approx(np.sqrt(0.09 / (n + 2) + 0.09 / 2_000), rel=0.25)


def test_the_width_follows_the_noise() -> None:
    spread = fit_spread(*draw(5_000, 1))
    found = fit_intervals(*draw(5_000, 2), spread)
    assert found is not None and not found.same_width
    predictions, values = draw(20_000, 3)
    for part in (predictions < 3, predictions > 8):
        assert found.coverage(predictions[part], values[part]).value == pytest.approx(0.9, abs=0.02)
    flat = fit_intervals(*draw(5_000, 2), Spread())
    assert flat is not None and flat.same_width
    assert flat.coverage(predictions[predictions < 3], values[predictions < 3]).value > 0.97


def test_few_rows_give_every_row_the_same_width_and_fewer_than_nine_none() -> None:
    assert fit_spread(*draw(149, 1)) == Spread()
    assert fit_spread(*draw(150, 1)) != Spread()
    assert fit_intervals(*draw(8, 1), Spread()) is None
    assert fit_intervals(*draw(9, 1), Spread()) is not None


def test_rows_that_are_predicted_alike_or_exactly_share_one_width() -> None:
    rng = np.random.default_rng(1)
    assert fit_spread(np.full(400, 2.0), rng.normal(size=400)) == Spread()
    assert fit_spread(np.arange(400.0), np.arange(400.0)) == Spread()
    tied = fit_spread(np.repeat([1.0, 2.0], 200), rng.normal(size=400))
    assert tied.centres == (1.0, 2.0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_a_row_gets_the_same_interval_alone_in_a_file_and_from_a_card(predictions: list[float]) -> None:
    found = fit_intervals(*draw(900, 2), fit_spread(*draw(900, 1)))
    assert found is not None
    stored = Intervals.from_json(json.loads(json.dumps(found.as_json() | {"note": "more"})))
    assert stored == found
    low, high = found.bounds(np.array(predictions))
    assert (low < high).all()
    for place, value in enumerate(predictions):
        alone = stored.bounds(np.array([value]))
        assert alone[0].tobytes() == low[place : place + 1].tobytes()
        assert alone[1].tobytes() == high[place : place + 1].tobytes()
