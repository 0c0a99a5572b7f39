"""Rows whose outcome a decision hides, and the random slice that stands for them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from core.domain.compare.plan import ArmName
from core.domain.judged import RULES, Judged, figure_of
from core.errors import NotPermitted
from core.services.access import LOCAL_PEOPLE, Role
from core.services.comparison.arms import ArmRows
from core.services.comparison.weighting import weighted
from core.usecases.bnpl_default import USE_CASE

RITA = LOCAL_PEOPLE[Role.RISK]
ARMS = tuple(ArmName("v1", name) for name in ("ridge", "logistic"))
DECLINE, _, APPROVE = range(3)
RULES_DECIDE, SLICE = 0, 1


def desk(use_case=USE_CASE):
    return SimpleNamespace(use_case=lambda key: use_case, acting=lambda key: ARMS[0])


def rows_of(n=40_000, share=0.05, rejected=0.3, seed=5, hide=True) -> tuple[ArmRows, np.ndarray]:
    """Equal arms; the rules decline by what the first one knows, and a slice is approved whatever they say."""
    rng = np.random.default_rng(seed)
    x1, x2 = rng.normal(size=(2, n))
    y = (rng.random(n) < 1 / (1 + np.exp(2 - 0.7 * x1 - 0.7 * x2))).astype(float)
    declined = x1 > np.quantile(x1, 1 - rejected)
    lucky = rng.random(n) < share
    rules_band = np.where(declined, DECLINE, APPROVE).astype(np.int8)
    decision = np.where(lucky, APPROVE, rules_band).astype(np.int8)
    outcome = np.where((decision == DECLINE) & hide, np.nan, y)
    probability = [1 / (1 + np.exp(2.2 - 0.7 * x)) for x in (x1, x2)]
    judged = Judged(
        days=np.full(n, np.datetime64("2026-06-01")),
        mature=np.ones(n, dtype=bool),
        outcome=outcome,
        outputs={str(arm): p[:, None] for arm, p in zip(ARMS, probability, strict=True)},
        rules_score=x1,
        band=np.full(n, APPROVE, dtype=np.int8),
        rules_band=rules_band,
        decision=decision,
        version=np.zeros(n, dtype=np.int64),
        decided_by=np.where(lucky, SLICE, RULES_DECIDE).astype(np.int64),
        versions=("v1",),
        deciders=("rules", "random"),
    )
    propensity = np.where(rules_band == APPROVE, 1.0, np.where(lucky, share, 1 - share))
    scores = {str(arm): p for arm, p in zip(ARMS, probability, strict=True)}
    return ArmRows(judged, ARMS, scores, {"v1": np.full(n, np.nan)}, ("",) * n, propensity, {}), y


def test_the_slice_repairs_what_hidden_outcomes_flatter():
    rows, truth = rows_of()
    found = weighted(desk(), RITA, "bnpl_default", rows)
    first, second = (str(arm) for arm in ARMS)
    plain = [figure_of(USE_CASE, rows.rows, name, "auc").value for name in (first, second)]
    assert plain[1] - plain[0] > 0.04, "the second looks better by outcomes that were let through"
    gain = found.gains[second]["auc"]
    assert gain.low < 0 < gain.high and abs(gain.gain) < 0.03
    for name in (first, second):
        figure = found.figures[name]["auc"]
        assert figure.low < roc_auc_score(truth, rows.scores[name]) < figure.high
    assert found.figures[RULES]["auc"].value == pytest.approx(found.figures[first]["auc"].value)
    assert found.hidden_by == ("decline",) and found.enough
    assert found.n_random == pytest.approx(600, rel=0.15) and found.n_hidden == pytest.approx(11_400, rel=0.05)
    assert 1_000 < found.effective_n < found.n
    assert f"{found.n_random}" in found.words and f"{found.effective_n:,.0f}" in found.words


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        (rows_of(hide=False)[0], "nothing to weigh"),
        (rows_of(share=0.0)[0], "No random slice"),
        (rows_of(n=900, share=0.02, rejected=0.01, seed=1)[0], "let no row through"),
        (rows_of(n=900, share=0.01, rejected=0.5, seed=2)[0], "nothing is said"),
    ],
)
def test_refused_in_words(rows, word):
    found = weighted(desk(), RITA, "bnpl_default", rows)
    assert word in found.refused and found.words == found.refused
    assert not found.figures and not found.enough


def test_few_random_rows_are_grey_and_an_experiment_is_refused():
    rows, _ = rows_of(n=12_000, share=0.02, rejected=0.03, seed=3)
    found = weighted(desk(), RITA, "bnpl_default", rows)
    assert found.figures and not found.enough and "say little" in found.words
    split = replace(rows.rows, deciders=("challenger", "random"))
    again = ArmRows(split, rows.arms, rows.scores, rows.latency_ms, rows.prediction_ids, rows.propensity, rows.raw)
    assert "experiment" in weighted(desk(), RITA, "bnpl_default", again).refused


def test_sales_are_not_told():
    with pytest.raises(NotPermitted):
        weighted(desk(), LOCAL_PEOPLE[Role.SALES], "bnpl_default", rows_of(n=100)[0])
