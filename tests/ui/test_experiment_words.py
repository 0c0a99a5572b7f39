from __future__ import annotations

from types import SimpleNamespace

import pytest

from core.domain.compare.plan import ArmName
from core.domain.experiment.guards import GuardState
from core.domain.experiment.reading import Contrast
from core.domain.experiment.spec import Kind, Metric
from core.services.access import LOCAL_PEOPLE, Role
from core.ui import answer, experiment_words, state
from core.usecases import builtin

LEADS, MARGINS = builtin()["lead_scoring"], builtin()["client_profitability"]


def found(low: float, high: float, n: int = 500, planned: int = 1_000) -> SimpleNamespace:
    spec = SimpleNamespace(arms=("trees of v1", "lines of v1"), metric=Metric.OUTCOME, planned_n=planned, effect=0.008)
    seen = Contrast((low + high) / 2, low, high, 0.01, 0.2, n // 2, n - n // 2)
    return SimpleNamespace(contrast=seen, spec=spec, reason="")


def test_the_finding_says_who_has_more_and_by_how_much():
    assert experiment_words.finding(LEADS, found(0.01, 0.03)) == (
        "Lines of v1 has more than trees of v1: challenger minus champion +2.00 points [+1.00, +3.00]"
    )
    assert experiment_words.finding(LEADS, found(-0.03, -0.01)).startswith("Trees of v1 has more than lines of v1")
    assert "cannot be told yet" in experiment_words.finding(LEADS, found(-0.01, 0.03))
    assert "500 of 1,000 rows" in experiment_words.finding(LEADS, found(-0.01, 0.03))
    assert experiment_words.finding(LEADS, found(-0.01, 0.01, planned=400)).startswith("No difference seen")
    assert experiment_words.finding(LEADS, found(-0.006, 0.007)).startswith("No difference worth seeing")


def test_values_carry_their_unit():
    assert experiment_words.value(LEADS, Metric.OUTCOME, 0.125) == "12.50%"
    assert experiment_words.value(LEADS, Metric.OUTCOME, -0.012, signed=True) == "\u22121.20 points"
    assert experiment_words.value(LEADS, Metric.GAIN, 1234.5) == f"1,234 {LEADS.policy.money.currency}"
    assert "unbounded" in experiment_words.value(MARGINS, Metric.OUTCOME, float("inf"))


def test_every_state_of_a_guardrail_has_a_look_and_every_kind_a_name():
    assert set(experiment_words.GUARD_LOOK) == set(GuardState)
    assert set(experiment_words.KINDS) == set(Kind)


@pytest.mark.parametrize(("role", "named"), [(Role.SALES, False), (Role.RISK, True)])
def test_who_decided_a_row_of_an_experiment(monkeypatch: pytest.MonkeyPatch, role: Role, named: bool):
    monkeypatch.setattr(state, "actor", lambda: LOCAL_PEOPLE[role])
    row = SimpleNamespace(decided_by="challenger", rules=None, arm=str(ArmName("v1", "logistic")))
    assert "a model on trial" in answer._decider(row)
    assert ("logistic" in answer._decider(row)) is named
    assert answer._decider(SimpleNamespace(decided_by="champion", rules=None, arm="")) == "the champion model"
