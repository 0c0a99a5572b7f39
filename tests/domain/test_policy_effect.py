"""What a policy does to scored rows: counts, outcomes and money, by hand and beside scipy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from core.domain.judged import Judged
from core.domain.policy import Mode, Money, Policy
from core.domain.policy_effect import codes_under, decided_under, policy_effect
from core.domain.usecase import Task
from core.usecases import builtin

LEADS = builtin()["lead_scoring"]


def rows_of(n_rows: int, seed: int = 3) -> tuple[Judged, np.ndarray]:
    rng = np.random.default_rng(seed)
    scores = rng.random(n_rows)
    outcome = (rng.random(n_rows) < scores).astype(float)
    outcome[rng.random(n_rows) < 0.1] = np.nan
    codes = np.full(n_rows, -1, dtype=np.int8)
    rows = Judged(
        days=np.full(n_rows, "2026-01-01", dtype="datetime64[D]"),
        mature=rng.random(n_rows) < 0.8,
        outcome=outcome,
        outputs={"m": scores[:, None]},
        rules_score=np.full(n_rows, np.nan),
        band=codes,
        rules_band=rng.integers(0, 4, n_rows).astype(np.int8),
        decision=codes,
        version=np.zeros(n_rows, dtype=np.int64),
        decided_by=np.zeros(n_rows, dtype=np.int64),
        versions=("v1",),
        deciders=("champion",),
    )
    return rows, scores


def codes(policy: Policy, scores: np.ndarray) -> np.ndarray:
    return codes_under(policy, scores[:, None], scores, policy.cutoffs(scores), Task.BINARY)


def test_counts_outcomes_and_paired_money_agree_with_scipy() -> None:
    rows, scores = rows_of(2_000)
    now = LEADS.policy
    draft = replace(now, bands=(replace(now.bands[0], at_least=0.6), *now.bands[1:]))
    found = policy_effect(LEADS, rows, (draft, codes(draft, scores)), (now, codes(now, scores)))
    top = scores >= 0.6
    assert (found.bands[0].n, found.bands[0].n_now) == (int(top.sum()), int((scores >= 0.7).sum()))
    assert found.moved == int(((scores >= 0.6) & (scores < 0.7)).sum())
    known = rows.mature & ~np.isnan(rows.outcome)
    share = found.bands[0].outcome
    assert share is not None and share.value == pytest.approx(rows.outcome[top & known].mean())
    expected = stats.binomtest(int(rows.outcome[top & known].sum()), int((top & known).sum())).proportion_ci(
        method="wilson"
    )
    assert (share.low, share.high) == pytest.approx((expected.low, expected.high))
    assert draft.money is not None
    costs = np.array(draft.money.costs)
    hit = rows.outcome[known].astype(int)
    change = -costs[codes(draft, scores)[known], hit] + costs[codes(now, scores)[known], hit]
    assert found.gain_change is not None and found.gain_change.value == pytest.approx(change.mean())
    half = stats.norm.ppf(0.975) * stats.sem(change)
    assert found.gain_change.high - found.gain_change.value == pytest.approx(half)


def test_the_same_policy_changes_nothing() -> None:
    rows, scores = rows_of(500)
    side = (LEADS.policy, codes(LEADS.policy, scores))
    found = policy_effect(LEADS, rows, side, side)
    assert found.moved == 0 and found.gain_change is not None
    assert (found.gain_change.value, found.gain_change.low, found.gain_change.high) == (0.0, 0.0, 0.0)


def test_both_sides_are_counted_at_the_drafts_costs() -> None:
    rows, scores = rows_of(500)
    now = LEADS.policy
    draft = replace(now, money=Money("USD", ((1.0, 0.0),) * 4))
    found = policy_effect(LEADS, rows, (draft, codes(draft, scores)), (now, codes(now, scores)))
    assert found.same_costs and found.gain_change is not None and found.gain_change.value == 0.0
    assert found.gain is not None and found.gain.value == pytest.approx(-(1 - rows.outcome[rows.counts]).mean())


def test_in_shadow_mode_the_rules_decide() -> None:
    rows, scores = rows_of(300)
    shadow = replace(LEADS.policy, mode=Mode.SHADOW)
    band = codes(shadow, scores)
    assert (decided_under(shadow, band, rows.rules_band) == rows.rules_band).all()
    assert (decided_under(LEADS.policy, band, rows.rules_band) == band).all()


def test_classes_are_their_own_bands_and_a_missing_score_has_none() -> None:
    policy = builtin()["debt_repayment"].policy
    outputs = np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7], [np.nan] * 3])
    scores = np.array([0.2, 0.8, np.nan])
    assert codes_under(policy, outputs, scores, (), Task.MULTICLASS).tolist() == [2, 0, -1]


def test_another_number_of_bands_is_compared_by_name() -> None:
    rows, scores = rows_of(400)
    now = replace(LEADS.policy, money=None)
    draft = replace(now, bands=now.bands[1:])
    found = policy_effect(LEADS, rows, (draft, codes(draft, scores)), (now, codes(now, scores)))
    assert found.moved is None and found.gain is None
    assert [band.n_now for band in found.bands] == [int((codes(now, scores) == place).sum()) for place in (1, 2, 3)]
