from __future__ import annotations

import numpy as np
import pytest

from core.domain.compare.discrimination import log_ratio_part, ratio_over
from core.domain.metrics.influence import standard_error
from core.domain.metrics.ratio import risk_ratio


def world(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, and the bands (0 the highest of three) of two arms that see much the same."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    outcome = (rng.random(n) < 1 / (1 + np.exp(2 - truth))).astype(float)
    bands = []
    for noise in (0.4, 0.8):
        order = np.argsort(-(truth + noise * rng.normal(size=n)))
        codes = np.empty(n, dtype=np.int64)
        codes[order] = np.repeat([0, 1, 2], [n // 5, n // 2, n - n // 5 - n // 2])
        bands.append(codes)
    return outcome, bands[0], bands[1]


def test_the_influences_of_one_ratio_give_katzs_interval():
    outcome, bands, _ = world(2_000, 1)
    part = log_ratio_part(outcome, bands == 0, bands == 2)
    top, bottom = outcome[bands == 0], outcome[bands == 2]
    katz = risk_ratio(int(top.sum()), len(top), int(bottom.sum()), len(bottom))
    assert np.exp(part.value) == pytest.approx(katz.value)
    assert np.exp(part.value + 1.959964 * standard_error(part.influence)) == pytest.approx(katz.high, rel=1e-6)


def test_the_paired_interval_is_as_wide_as_draws_say():
    outcome, first, second = world(1_500, 2)
    rng, draws = np.random.default_rng(3), []
    for _ in range(600):
        rows = rng.integers(0, 1_500, 1_500)
        parts = [log_ratio_part(outcome[rows], codes[rows] == 0, codes[rows] == 2) for codes in (first, second)]
        draws.append(parts[0].value - parts[1].value)
    parts = [log_ratio_part(outcome, codes == 0, codes == 2) for codes in (first, second)]
    found = ratio_over(parts[0], parts[1], 50)
    assert (np.log(found.high) - np.log(found.low)) / (2 * 1.96) == pytest.approx(np.std(draws), rel=0.12)


def test_an_arm_over_itself_is_one_and_nothing_is_nothing():
    outcome, bands, _ = world(500, 4)
    part = log_ratio_part(outcome, bands == 0, bands == 2)
    same = ratio_over(part, part, 30)
    assert (same.value, same.low, same.high) == (1.0, 1.0, 1.0)
    empty = log_ratio_part(np.zeros(500), bands == 0, bands == 2)
    assert np.isnan(ratio_over(part, empty, 0).value)
