"""Calibration by group: plain means, and intervals that know entities."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.fairness.calibration import Calibrated, Sums, calibration_by_group, surely_off
from core.domain.metrics.influence import mean_of


def sums_of(scores, outcomes):
    """One line per row."""
    known = (~np.isnan(outcomes)).astype(float)
    told = np.nan_to_num(outcomes)
    return Sums(known, scores * known, told, (scores - told) ** 2 * known)


@pytest.mark.parametrize("repeated", [False, True])
def test_agrees_with_means_of_each_group(repeated):
    rng = np.random.default_rng(4)
    entities = rng.integers(0, 400, 2_000)
    groups = np.where(entities % 7 == 0, -1, entities % 3)
    scores = rng.random(400)[entities]
    outcomes = np.where(rng.random(2_000) < 0.2, np.nan, (rng.random(2_000) < scores * 0.8).astype(float))
    found = calibration_by_group(groups, 3, sums_of(scores, outcomes), entities if repeated else None)
    for code, part in enumerate(found):
        rows = (groups == code) & ~np.isnan(outcomes)
        owners = np.unique(entities[rows], return_inverse=True)[1] if repeated else None
        alone = mean_of("off", scores[rows] - outcomes[rows], None, owners)
        assert (part.score, part.outcome) == (pytest.approx(scores[rows].mean()), pytest.approx(outcomes[rows].mean()))
        assert part.n == rows.sum() and part.off == pytest.approx(alone.value)
        assert part.high - part.low == pytest.approx(alone.high - alone.low, rel=0.01)


def test_a_group_without_outcomes_is_not_known():
    sums = sums_of(np.full(3, 0.5), np.array([1.0, 0.0, np.nan]))
    found = calibration_by_group(np.array([0, 0, 1]), 2, sums)
    assert found[0].off == 0 and found[1].n == 0 and np.isnan(found[1].off)


def test_of_many_groups_one_that_is_off_alone_is_not_named():
    def group(off, n=500):
        return Calibrated(0.5 + off, 0.5, off, off - 0.0196, off + 0.0196, n)

    assert surely_off([group(0.022)]) == [0]
    assert surely_off([group(0.022), *[group(0.0)] * 9]) == []
    assert surely_off([*[group(0.0)] * 9, group(-0.05), group(0.09, 29)]) == [9]
    assert surely_off([group(0.5, 3)]) == []
