"""Business lines of made-up rows: groups, money by what was decided, repeated entities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.domain.judged import Judged, gain_of, outcome_values
from core.domain.usecase import Target, Task, UseCase
from core.services.business import BusinessLine, business_lines
from core.usecases import builtin

N = 400


@pytest.fixture
def bnpl() -> UseCase:
    return builtin()["bnpl_default"]


def rows(entity: np.ndarray | None = None) -> Judged:
    rng = np.random.default_rng(1)
    outcome = (rng.random(N) < 0.3).astype(float)
    outcome[:10] = np.nan
    decision = rng.integers(0, 3, N).astype(np.int8)
    decision[10] = -1
    return Judged(
        days=np.datetime64("2026-01-01") + np.arange(N) // 100,
        mature=np.arange(N) < 390,
        outcome=outcome,
        outputs={},
        rules_score=np.full(N, np.nan),
        band=np.zeros(N, dtype=np.int8),
        rules_band=decision,
        decision=decision,
        version=np.zeros(N, dtype=np.int64),
        decided_by=(np.arange(N) % 2).astype(np.int64),
        versions=("v1",),
        deciders=("rules", "random"),
        entity=entity,
    )


def lines_of(use_case: UseCase, judged: Judged) -> dict[tuple[str, str, str], BusinessLine]:
    parts = [slice(start, start + 100) for start in range(0, N, 100)]
    found = business_lines(use_case, judged, parts, np.unique(judged.days))
    return {(line.quantity, line.split, line.group): line for line in found}


def test_only_mature_known_rows_count_and_groups_are_by_who_decided(bnpl: UseCase) -> None:
    judged = rows()
    lines = lines_of(bnpl, judged)
    assert judged.counts.sum() == 380
    whole = lines["outcome", "all", "all"]
    assert whole.overall.n == 380
    assert [point.n for point in whole.points] == [90, 100, 100, 90]
    by_random = judged.counts & (judged.decided_by == 1)
    found = lines["outcome", "who decided", "random"].overall
    assert found.value == pytest.approx(judged.outcome[by_random].mean())
    assert ("outcome", "band", bnpl.policy.band_names[1]) not in lines  # nobody was in it


def test_money_follows_the_decision_and_skips_unknown_ones(bnpl: UseCase) -> None:
    judged = rows()
    gain = gain_of(bnpl, judged)
    assert gain is not None
    assert np.isnan(gain[:11]).all()
    costs = np.array(bnpl.policy.money.costs)  # type: ignore[union-attr]
    row = 200
    assert gain[row] == -costs[judged.decision[row], int(judged.outcome[row])]
    assert lines_of(bnpl, judged)["money", "all", "all"].overall.n == 379


def test_repeated_entities_widen_the_intervals(bnpl: UseCase) -> None:
    alone, repeated = rows(), rows(entity=(np.arange(N) // 8).astype(np.uint64))
    copied = np.repeat(np.random.default_rng(2).random(N // 8) < 0.3, 8).astype(float)
    narrow = lines_of(bnpl, replace(alone, outcome=copied))["outcome", "all", "all"].overall
    wide = lines_of(bnpl, replace(repeated, outcome=copied))["outcome", "all", "all"].overall
    assert wide.value == narrow.value
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_classes_count_by_their_worth_or_by_the_highest(bnpl: UseCase) -> None:
    target = Target("paid", ("none", "partial", "full"))
    classes = replace(bnpl, task=Task.MULTICLASS, target=target)
    assert outcome_values(classes, np.array([0.0, 1, 2])).tolist() == [0, 0, 1]
    worth = replace(classes, target=replace(target, class_values=(0.0, 0.5, 1.0)))
    assert outcome_values(worth, np.array([0.0, 1, 2])).tolist() == [0, 0.5, 1]
    assert gain_of(classes, rows()) is None
