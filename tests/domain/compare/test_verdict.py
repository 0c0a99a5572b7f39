from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from core.domain.compare.difference import Difference
from core.domain.compare.plan import ArmName, Plan
from core.domain.compare.verdict import Check, Decision, Evidence, Guardrail, State, verdict

DAY = date(2026, 11, 21)
PLAN = Plan(
    champion=ArmName("v1", "lightgbm"),
    challenger=ArmName("v2", "lightgbm"),
    metric="auc",
    minimum_gain=0.01,
    planned_n=2_000,
    window_1=(date(2026, 6, 1), date(2026, 8, 1)),
    window_2=(date(2026, 8, 1), date(2026, 10, 1)),
)
VALID = (Check("same rows", State.MET, "Every arm scored the same 2,000 rows."),)
POLARITY = Check("polarity", State.MET, "A higher score means more of the outcome.")


def gain(value: float, half: float = 0.007, n: int = 2_000) -> Difference:
    return Difference("auc", value, value - half, value + half, half / 1.96, 0.01, n, 300, 0.95, 1.0, "paired, by row")


GOOD = Evidence(
    validity=VALID,
    first=gain(0.02),
    second=gain(0.018),
    pooled=gain(0.019, 0.005, 4_000),
    p_holm=0.001,
    guardrails=(Guardrail("calibration slope", 0.01, -0.02, 0.04, 0.10, "slope .98 against .99"),),
    rules=gain(0.05),
    polarity=POLARITY,
    rows_per_week=100.0,
    today=DAY,
)


def test_promote_when_every_check_is_met():
    found = verdict(GOOD, PLAN)
    assert found.decision is Decision.PROMOTE
    assert not found.open_checks


def test_a_broken_comparison_is_invalid_and_names_the_check():
    broken = Check("sample ratio", State.BROKEN, "900 of 10,000 rows met the new arm, 5,000 were planned.")
    found = verdict(replace(GOOD, validity=(*VALID, broken)), PLAN)
    assert found.decision is Decision.INVALID
    assert "900 of 10,000" in found.reason


def test_before_the_planned_rows_it_keeps_testing_and_says_when():
    found = verdict(replace(GOOD, first=gain(0.05, n=600)), PLAN)
    assert found.decision is Decision.KEEP_TESTING
    assert "14 weeks" in found.reason
    assert found.ready_on == date(2027, 2, 27)


def test_no_row_at_all_and_none_coming_has_no_date():
    found = verdict(replace(GOOD, first=None, rows_per_week=0.0), PLAN)
    assert found.decision is Decision.KEEP_TESTING
    assert found.ready_on is None


def test_an_equal_model_is_stopped_once_the_rows_are_there():
    found = verdict(replace(GOOD, first=gain(0.001)), PLAN)
    assert found.decision is Decision.STOP
    assert "No worthwhile gain" in found.reason


def test_window_2_is_waited_for():
    found = verdict(replace(GOOD, second=gain(0.02, n=100)), PLAN)
    assert found.decision is Decision.KEEP_TESTING
    assert "Window 2" in found.reason


@pytest.mark.parametrize(
    ("change", "decision", "word"),
    [
        ({"second": gain(-0.001), "pooled": gain(0.0105, 0.005, 4_000)}, Decision.STOP, "does not confirm"),
        ({"pooled": gain(0.0105, 0.011, 4_000)}, Decision.STOP, "does not confirm"),
        ({"rules": gain(-0.05)}, Decision.STOP, "rules"),
        ({"rules": gain(-0.002)}, Decision.KEEP_TESTING, "same coverage"),
        ({"polarity": Check("polarity", State.BROKEN, "Reversed.")}, Decision.STOP, "Reversed"),
        ({"p_holm": 0.2}, Decision.KEEP_TESTING, "auc"),
        ({"requester": "Rita", "approver": "Rita"}, Decision.KEEP_TESTING, "Rita"),
    ],
)
def test_one_condition_is_enough_to_hold_a_promotion_back(change, decision, word):
    found = verdict(replace(GOOD, **change), PLAN)
    assert found.decision is decision
    assert word in found.reason


@pytest.mark.parametrize(
    ("low", "high", "decision"),
    [(-0.05, 0.09, Decision.PROMOTE), (0.02, 0.15, Decision.KEEP_TESTING), (0.11, 0.2, Decision.STOP)],
)
def test_a_guardrail_is_met_open_or_broken(low, high, decision):
    rail = Guardrail("calibration slope", (low + high) / 2, low, high, 0.10, "slope .85 against .99")
    assert verdict(replace(GOOD, guardrails=(rail,)), PLAN).decision is decision


def test_the_plan_survives_the_ledger():
    assert Plan.from_json(PLAN.as_json()) == PLAN
