"""The size of a concept drift: the expected figure falls by what was asked for, and the mean stays."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.metrics.auc import delong
from core.domain.usecase import Task
from core.services.history.weakening import expected_auc, expected_figure, weakened

RNG = np.random.default_rng(5)


def test_expected_auc_is_what_drawn_outcomes_give() -> None:
    probability = RNG.beta(1, 6, 20_000)
    scores = probability + RNG.normal(0, 0.05, 20_000).round(2)
    drawn = [delong((RNG.random(20_000) < probability).astype(float), scores)[0] for _ in range(20)]
    assert expected_auc(probability, scores) == pytest.approx(np.mean(drawn), abs=0.003)


@pytest.mark.parametrize("task", list(Task))
def test_falls_by_what_was_asked_for(task: Task) -> None:
    if task is Task.MULTICLASS:
        truth = RNG.dirichlet([1, 2, 3], 5_000)
        outputs = truth
    else:
        truth = RNG.beta(1, 6, 5_000)
        outputs = truth[:, None]
    weak = weakened(task, truth, outputs, 0.005, 0.06)
    before, after = (expected_figure(task, values, outputs, 0.005) for values in (truth, weak))
    assert before - after == pytest.approx(0.06, abs=1e-6)
    assert weak.mean(axis=0) == pytest.approx(truth.mean(axis=0))
