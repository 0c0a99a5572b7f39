from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from core.domain.compare.agreement import agreement, apart


def drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    first = rng.choice(3, n, p=[0.1, 0.5, 0.4])
    return first, np.where(rng.random(n) < 0.7, first, rng.integers(0, 3, n))


def test_kappa_and_table_are_those_of_scikit_learn():
    first, second = drawn(700, 3)
    found = agreement(first, second, 3)
    assert found.kappa.value == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)
    assert (found.table == confusion_matrix(first, second)).all()
    assert found.same == pytest.approx((first == second).mean())


def test_the_interval_of_kappa_is_as_wide_as_draws_say():
    first, second = drawn(600, 5)
    rng = np.random.default_rng(9)
    draws = []
    for _ in range(800):
        rows = rng.integers(0, 600, 600)
        draws.append(agreement(first[rows], second[rows], 3).kappa.value)
    found = agreement(first, second, 3).kappa
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(np.std(draws), rel=0.12)


def test_repeated_entities_widen_the_interval():
    first, second = drawn(300, 6)
    once = agreement(first, second, 3).kappa
    clusters = np.tile(np.arange(300), 4)
    alone = agreement(np.tile(first, 4), np.tile(second, 4), 3).kappa
    together = agreement(np.tile(first, 4), np.tile(second, 4), 3, clusters).kappa
    assert together.value == pytest.approx(once.value)
    assert together.high - together.low == pytest.approx(once.high - once.low, rel=0.02)
    assert alone.high - alone.low < 0.6 * (once.high - once.low)


@pytest.mark.parametrize("bands", [np.zeros(0, dtype=np.int64), np.zeros(5, dtype=np.int64)])
def test_no_rows_or_one_band_say_nothing(bands):
    assert np.isnan(agreement(bands, bands, 3).kappa.value)


def test_rows_farthest_apart_come_first():
    rng = np.random.default_rng(2)
    a = rng.normal(size=50)
    b = a.copy()
    low, high = int(a.argmin()), int(a.argmax())
    b[low], b[high] = a[high], a[low]
    rows, gaps = apart([a, b], 3)
    assert set(rows[:2].tolist()) == {low, high}
    assert gaps.tolist() == [1.0, 1.0, 0.0]
    assert len(apart([a[:1], b[:1]], 3)[0]) == 0
