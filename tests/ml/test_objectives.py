"""The two aims of tuning agree with scikit-learn and with a count by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss, mean_absolute_error, r2_score, roc_auc_score

from core.domain.policy import Money
from core.domain.usecase import Task, UseCase
from core.ml.objectives import log_loss_of, money_meaning, money_of, ranking_metric, ranking_of

from .conftest import small_case

RNG = np.random.default_rng(4)
HITS = RNG.integers(0, 2, 400).astype(float)
P = np.clip(0.3 * HITS + 0.6 * RNG.random(400), 0, 1)[:, None]
CODES = RNG.integers(0, 3, 400).astype(float)
SHARES = RNG.dirichlet(np.ones(3), 400)
VALUES = RNG.normal(size=400)
FITTED = (VALUES + RNG.normal(size=400))[:, None]


def judged_by(task: Task, metric: str) -> UseCase:
    case = small_case(task)
    return replace(case, policy=replace(case.policy, primary_metric=metric, money=None, capacity=0.2))


def test_ranking_is_what_scikit_learn_says() -> None:
    assert ranking_of(judged_by(Task.BINARY, "auc"), HITS, P) == pytest.approx(roc_auc_score(HITS, P[:, 0]))
    assert log_loss_of(HITS, P) == pytest.approx(log_loss(HITS, P[:, 0]))
    assert log_loss_of(CODES, SHARES) == pytest.approx(log_loss(CODES, SHARES))
    auc = ranking_of(judged_by(Task.MULTICLASS, "macro_auc"), CODES, SHARES)
    assert auc == pytest.approx(roc_auc_score(CODES, SHARES, multi_class="ovr", average="macro"))
    f1 = ranking_of(judged_by(Task.MULTICLASS, "macro_f1"), CODES, SHARES)
    assert f1 == pytest.approx(f1_score(CODES, SHARES.argmax(axis=1), average="macro"))
    assert ranking_of(judged_by(Task.REGRESSION, "r2"), VALUES, FITTED) == pytest.approx(r2_score(VALUES, FITTED))
    mae = ranking_of(judged_by(Task.REGRESSION, "mae"), VALUES, FITTED)
    assert mae == pytest.approx(-mean_absolute_error(VALUES, FITTED))


def test_a_metric_that_cannot_be_searched_gives_way_to_the_tasks_own() -> None:
    assert ranking_metric(judged_by(Task.BINARY, "ks")) == "auc"


def test_money_is_the_gain_at_the_policys_costs_or_what_the_capacity_finds() -> None:
    case = judged_by(Task.BINARY, "auc")
    top = np.argsort(-P[:, 0], kind="stable")[:80]
    assert money_of(case, HITS, P) == pytest.approx(HITS[top].mean())
    assert "20%" in money_meaning(case)
    costs = tuple((float(place), -2.0 * place) for place in range(len(case.policy.bands)))
    paid = replace(case, policy=replace(case.policy, money=Money("EUR", costs)))
    cuts = paid.policy.cutoffs(P[:, 0])
    band = np.array([sum(p < cut for cut in cuts) for p in P[:, 0]])
    by_hand = np.mean([-costs[place][int(hit)] for place, hit in zip(band, HITS, strict=True)])
    assert money_of(paid, HITS, P) == pytest.approx(by_hand)
    assert "EUR" in money_meaning(paid)
