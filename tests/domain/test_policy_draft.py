"""Policies as JSON and back, what forbids one, and what sets two apart, in words."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.policy import Band, Mode, Money, Policy, Tone
from core.domain.policy_draft import policy_as_json, policy_differences, policy_from_json, policy_problems
from core.usecases import builtin

CASES = builtin()
LEADS, PURCHASES = CASES["lead_scoring"], CASES["bnpl_default"]
WORDS = st.text(min_size=1, max_size=20)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64)
BANDS = st.builds(Band, WORDS, WORDS, st.sampled_from(Tone), st.none() | NUMBERS, st.none() | NUMBERS)
MONEY = st.builds(Money, WORDS, st.lists(st.tuples(NUMBERS, NUMBERS)).map(tuple), WORDS)
POLICIES = st.builds(
    Policy,
    bands=st.lists(BANDS, max_size=5).map(tuple),
    mode=st.sampled_from(Mode),
    capacity=st.none() | NUMBERS,
    money=st.none() | MONEY,
    minimum_gain=NUMBERS,
    notes=st.lists(WORDS, max_size=2).map(tuple),
)


def through_json(policy: Policy) -> Policy:
    return policy_from_json(json.loads(json.dumps(policy_as_json(policy))))


@pytest.mark.parametrize("key", CASES)
def test_built_in_policies_come_back_equal(key: str) -> None:
    policy = CASES[key].policy
    assert through_json(policy) == policy
    assert type(through_json(policy).bands[0].tone) is Tone and type(through_json(policy).mode) is Mode


@given(POLICIES)
def test_any_policy_comes_back_equal(policy: Policy) -> None:
    assert through_json(policy) == policy


@given(POLICIES, POLICIES)
def test_policies_differ_in_words_exactly_where_they_differ(before: Policy, after: Policy) -> None:
    after = replace(after, primary_metric=before.primary_metric, score_format=before.score_format)
    assert policy_differences(before, before) == ()
    if before == after:
        assert policy_differences(before, after) == ()
    elif len(before.bands) == len(after.bands):
        assert policy_differences(before, after)


@pytest.mark.parametrize("key", CASES)
def test_own_policies_have_no_problem(key: str) -> None:
    assert policy_problems(CASES[key], CASES[key].policy) == ()


def bands(policy: Policy, place: int, **changes: Any) -> Policy:
    changed = list(policy.bands)
    changed[place] = replace(changed[place], **changes)
    return replace(policy, bands=tuple(changed))


REFUSED = [
    ("lead_scoring", lambda p: bands(p, 1, at_least=0.7), "bounds must fall"),
    ("lead_scoring", lambda p: bands(p, 1, at_least=0.75), "bounds must fall"),
    ("lead_scoring", lambda p: bands(p, 0, at_least=1.01), "scores lie between 0% and 100%"),
    ("lead_scoring", lambda p: bands(p, 2, at_least=0.0), "scores lie between"),
    ("lead_scoring", lambda p: bands(p, 3, at_least=0.1), "takes the rest"),
    ("lead_scoring", lambda p: bands(p, 1, at_least=None, share=0.1), "not some of each"),
    ("lead_scoring", lambda p: bands(p, 1, name="a"), "Two bands are called A"),
    ("lead_scoring", lambda p: bands(p, 1, name=" "), "needs a name"),
    ("lead_scoring", lambda p: bands(p, 1, decision=""), "needs a decision"),
    ("lead_scoring", lambda p: bands(p, 0, at_least=float("nan")), "no number"),
    ("lead_scoring", lambda p: replace(p, bands=p.bands[1:]), "rules know 4 bands"),
    ("lead_scoring", lambda p: replace(p, bands=p.bands[:1]), "2 to 12 bands"),
    ("lead_scoring", lambda p: replace(p, bands=()), "2 to 12 bands"),
    (
        "lead_scoring",
        lambda p: bands(p, 0, tone=Tone.BAD) and bands(bands(p, 0, tone=Tone.BAD), 3, tone=Tone.GOOD),
        "tones",
    ),
    ("lead_scoring", lambda p: replace(p, capacity=0.0), "capacity"),
    ("lead_scoring", lambda p: replace(p, capacity=1.2), "capacity"),
    ("lead_scoring", lambda p: replace(p, minimum_gain=0.0), "minimum gain"),
    ("lead_scoring", lambda p: replace(p, money=replace(p.money, costs=p.money.costs[:3])), "costs for 3 bands"),
    ("lead_scoring", lambda p: replace(p, money=replace(p.money, currency="")), "currency"),
    ("lead_scoring", lambda p: replace(p, primary_metric="ks"), "belong to the use case"),
    ("bnpl_default", lambda p: bands(p, 1, share=0.99), "leave some rows to Low risk"),
    ("bnpl_default", lambda p: bands(p, 0, share=0.0), "above 0"),
    ("client_profitability", lambda p: replace(p, money=Money("USD", ((0.0, 0.0),) * 3)), "two outcomes"),
    ("debt_repayment", lambda p: replace(p, bands=p.bands[::-1]), "keep their names and order"),
    ("debt_repayment", lambda p: bands(p, 0, name="All"), "keep their names and order"),
    ("debt_repayment", lambda p: bands(p, 0, at_least=0.5), "not cut from the score"),
]


@pytest.mark.parametrize(("key", "change", "says"), REFUSED)
def test_what_cannot_be_meant_is_refused_in_words(key: str, change: Any, says: str) -> None:
    found = policy_problems(CASES[key], change(CASES[key].policy))
    assert any(says in problem for problem in found), found


def test_shadow_mode_needs_rules() -> None:
    without = replace(LEADS, rules=None)
    assert any("no rules" in said for said in policy_problems(without, replace(LEADS.policy, mode=Mode.SHADOW)))
    assert policy_problems(LEADS, replace(LEADS.policy, mode=Mode.SHADOW)) == ()


def test_a_regression_is_held_to_the_scores_its_model_gives() -> None:
    case = CASES["client_profitability"]
    assert policy_problems(case, case.policy, (0.1, 0.9)) == ()
    assert any("scores lie between 10% and 60%" in said for said in policy_problems(case, case.policy, (0.1, 0.6)))


def test_without_rules_a_band_may_be_added() -> None:
    free = replace(LEADS, rules=None)
    more = replace(free.policy, money=None, bands=(Band("S", "call now", Tone.GOOD, at_least=0.9), *free.policy.bands))
    assert policy_problems(free, more) == ()
    assert "S is new: call now, begins at 90%." in policy_differences(replace(free.policy, money=None), more)


def test_differences_read_as_sentences() -> None:
    policy = LEADS.policy
    after = replace(
        bands(bands(policy, 0, at_least=0.6), 1, decision="call by Friday"), capacity=None, mode=Mode.SHADOW
    )
    assert policy_differences(policy, after) == (
        "The rules decide instead of the champion.",
        "A begins at 60% instead of 70%.",
        "B leads to “call by Friday” instead of “worth a call this week”.",
        "Capacity: none instead of 20%.",
    )
    assert policy_differences(PURCHASES.policy, bands(PURCHASES.policy, 0, share=0.02)) == (
        "High risk takes 2% of rows instead of 1.2%.",
    )


def test_former_names_lead_to_the_places_they_had() -> None:
    policy = replace(LEADS.policy, formerly=((("Hot", "A", "x", "y"), ("p", "q", "r", "s")),))
    assert policy.band_places == {"A": 0, "B": 1, "C": 2, "D": 3, "Hot": 0, "x": 2, "y": 3}
    assert policy.decision_places["q"] == 1
    assert policy.by_band({"A": 3, "Hot": 4, "y": 1, "gone": 9}) == {"A": 7, "B": 0, "C": 0, "D": 1}
    assert policy == LEADS.policy  # what logged rows may say is no part of the policy
