from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.domain.experiment.reading import Rows, contrast, looks

DAY = np.timedelta64(1, "D")


def rows(values, arm, stage=None, entity=None, days=None) -> Rows:
    n = len(values)
    begun = np.datetime64("2026-01-01T08:00:00")
    return Rows(
        values=np.asarray(values, dtype=np.float64),
        arm=np.asarray(arm, dtype=np.int64),
        stage=np.zeros(n, dtype=np.int64) if stage is None else np.asarray(stage),
        entity=np.arange(n, dtype=np.uint64) if entity is None else np.asarray(entity, dtype=np.uint64),
        known=begun + (np.arange(n) // 50 if days is None else np.asarray(days)) * DAY,
    )


def test_difference_and_error_are_those_of_welch():
    rng = np.random.default_rng(1)
    values, arm = rng.normal(size=900), np.tile([0, 1, 1], 300)
    found = contrast(rows(values, arm), 900, 0.1)
    welch = stats.ttest_ind(values[arm == 1], values[arm == 0], equal_var=False)
    assert found is not None
    assert found.difference / found.se == pytest.approx(welch.statistic, rel=1e-3)
    assert (found.n_champion, found.n_challenger) == (300, 600)
    assert found.low < found.difference < found.high


def test_a_season_between_stages_is_no_gain():
    """The challenger's share grows while outcomes fall: all rows together blame the challenger."""
    rng = np.random.default_rng(2)
    stage = np.repeat([0, 1], 4_000)
    arm = np.concatenate([rng.random(4_000) < 0.1, rng.random(4_000) < 0.5]).astype(int)
    values = (rng.random(8_000) < np.where(stage == 0, 0.4, 0.1)).astype(float)
    pooled = values[arm == 1].mean() - values[arm == 0].mean()
    found = contrast(rows(values, arm, stage), 8_000, 0.02)
    assert found is not None
    assert pooled < -0.08
    assert abs(found.difference) < 3 * found.se < 0.06


def test_repeated_entities_are_no_more_rows():
    rng = np.random.default_rng(3)
    once = rng.normal(size=500)
    arm = np.arange(500) % 2
    alone = contrast(rows(once, arm), 500, 0.1)
    four = contrast(rows(np.repeat(once, 4), np.repeat(arm, 4), entity=np.repeat(np.arange(500), 4)), 2_000, 0.1)
    assert alone is not None
    assert four is not None
    assert four.se == pytest.approx(alone.se, rel=1e-2)


def test_no_difference_without_both_arms():
    assert contrast(rows([1.0, 0.0, 1.0], [0, 0, 0]), 10, 0.1) is None
    assert contrast(rows([1.0, 0.0, 1.0], [0, 0, 1]), 10, 0.1) is None


def test_looks_end_with_the_present_one_and_hold_the_truth_together():
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(60):
        values, arm = (rng.random(1_500) < 0.2).astype(float), rng.integers(0, 2, 1_500)
        data = rows(values, arm)
        found = looks(data, 1_500, 0.02)
        assert len(found) == 30
        last = contrast(data, 1_500, 0.02)
        assert found[-1].found == last
        held += all(look.found.low <= 0 <= look.found.high for look in found)
    assert held >= 56  # 95 % at least, at all looks at once


def test_at_most_so_many_looks():
    data = rows(np.tile([0.0, 1.0, 0.0], 2_000), np.tile([0, 1], 3_000))
    assert len(looks(data, 6_000, 0.1, at_most=40)) == 40
