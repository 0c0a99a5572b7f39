"""Drift of attributions: beside scipy, quiet where nothing happened, loud where something did."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_ind

from core.domain.attribution_drift import MIN_ROWS, shifts

NAMES = tuple("abcdefgh")


def test_the_test_is_the_more_careful_of_students_and_welchs():
    rng = np.random.default_rng(2)
    before, now = rng.normal(size=(2000, 1)), 1.2 * rng.normal(size=(1000, 1))
    (found,) = shifts(("a",), before, now, (True,))
    there = ttest_ind(np.abs(now[:, 0]), np.abs(before[:, 0]), equal_var=False)
    pooled = ttest_ind(np.abs(now[:, 0]), np.abs(before[:, 0]))
    assert found.p == pytest.approx(max(there.pvalue, pooled.pvalue), rel=1e-9)
    bounds = there.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((bounds.low, bounds.high), abs=1e-3)
    assert found.raised
    assert found.now.n == 1000
    assert found.before.quantiles[1] == pytest.approx(np.median(before))


def test_quiet_data_stay_quiet():
    raised = 0
    for draw in range(200):
        rng = np.random.default_rng(draw)
        scale = np.linspace(0.01, 0.3, len(NAMES))
        before, now = (scale * rng.standard_t(5, (n, len(NAMES))) for n in (2000, MIN_ROWS))
        raised += any(item.raised for item in shifts(NAMES, before, now, (True,) * len(NAMES)))
    assert raised <= 12  # 6 %


def test_a_moved_column_is_raised_and_first():
    rng = np.random.default_rng(3)
    before, now = rng.normal(size=(1000, 8)), rng.normal(size=(500, 8))
    now[:, 4] *= 1.6
    found = shifts(NAMES, before, now, (True,) * 8)
    assert found[0].column == "e"
    assert [item.column for item in found if item.raised] == ["e"]
    assert found[0].low > 0


def test_the_calendar_is_shown_and_never_judged():
    rng = np.random.default_rng(4)
    before, now = rng.normal(size=(500, 2)), 3 * rng.normal(size=(500, 2))
    found = {item.column: item for item in shifts(("date", "b"), before, now, (False, True))}
    assert not found["date"].raised
    assert np.isnan(found["date"].adjusted)
    assert found["b"].raised


def test_rows_of_one_entity_count_once():
    rng = np.random.default_rng(5)
    before, once = rng.normal(size=(2000, 1)), rng.normal(size=(40, 1))
    now, entity = np.repeat(once, 10, axis=0), np.repeat(np.arange(40), 10)
    (naive,), (honest,) = shifts(("a",), before, now, (True,)), shifts(("a",), before, now, (True,), entity)
    assert honest.high - honest.low > 2 * (naive.high - naive.low)


def test_constant_points_and_too_few_rows():
    same = np.full((MIN_ROWS, 1), 0.3)
    (found,) = shifts(("a",), same, same, (True,))
    assert (found.shift, found.p, found.raised) == (0, 1, False)
    with pytest.raises(ValueError, match=str(MIN_ROWS)):
        shifts(("a",), same, same[1:], (True,))
