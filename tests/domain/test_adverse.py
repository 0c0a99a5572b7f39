"""Reason codes: specific, few, in order, and never a sensitive column."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.adverse import codes_problem, declining, how_often, reason_codes, sensitive_columns
from core.usecases import builtin

BNPL, DEBT = builtin()["bnpl_default"], builtin()["debt_repayment"]
CODED = [case for case in builtin().values() if case.adverse_codes]


def points_of(case, **given):
    return dict.fromkeys(case.model_columns, 0.0) | given


def test_the_strongest_come_first_and_at_most_four():
    points = points_of(
        BNPL, amount=0.01, payment_credit_limit=0.02, installment_count=0.04, device_type=0.03, payment_provider=0.015
    )
    found = reason_codes(BNPL, points, points_of(BNPL))
    assert [reason.code for reason in found.reasons] == ["A07", "A10", "A02", "A11"]
    assert [reason.hurt for reason in found.reasons] == [0.04, 0.03, 0.02, 0.015]
    assert len(reason_codes(BNPL, points, points_of(BNPL), at_most=2).reasons) == 2
    assert not found.sensitive
    assert not found.uncoded


def test_what_hurts_is_more_than_it_hurt_those_who_were_approved():
    points, approved = points_of(BNPL, amount=0.05, installment_count=0.02), points_of(BNPL, amount=0.049)
    found = reason_codes(BNPL, points, approved)
    assert [reason.code for reason in found.reasons] == ["A07", "A01"]
    assert found.reasons[1].hurt == pytest.approx(0.001)


def test_columns_of_one_code_count_together():
    points = points_of(BNPL, amount=0.02, risk_score=0.015, risk_level=0.01, risk_scenario=-0.002)
    found = reason_codes(BNPL, points, points_of(BNPL))
    assert found.reasons[0].code == "A03"
    assert found.reasons[0].columns == ("risk_score", "risk_level", "risk_scenario")
    assert found.reasons[0].hurt == pytest.approx(0.023)


def test_a_sensitive_column_is_a_finding_and_never_a_reason():
    points = points_of(BNPL, customer_age_bracket=0.09, amount=0.05)
    found = reason_codes(BNPL, points, points_of(BNPL))
    assert [reason.code for reason in found.reasons] == ["A01"]
    assert found.sensitive == ("customer_age_bracket",)
    careless = replace(BNPL, adverse_codes={**BNPL.adverse_codes, "customer_age_bracket": ("X", "Age")})
    assert [reason.code for reason in reason_codes(careless, points, points_of(BNPL)).reasons] == ["A01"]
    assert "customer_age_bracket" in (codes_problem(careless) or "")
    weak = reason_codes(BNPL, points | {"customer_age_bracket": 0.01}, points_of(BNPL))
    assert not weak.sensitive


def test_where_a_high_score_is_good_a_low_one_hurts():
    points = points_of(DEBT, days_overdue=-0.1, credit_score=0.1)
    found = reason_codes(DEBT, points, points_of(DEBT))
    assert [reason.code for reason in found.reasons] == ["R02"]


def test_what_helped_or_hardly_hurt_is_no_reason():
    points = points_of(BNPL, amount=0.1, installment_count=0.001, device_type=-0.2)
    assert [reason.code for reason in reason_codes(BNPL, points, points_of(BNPL)).reasons] == ["A01"]
    assert not reason_codes(BNPL, points_of(BNPL), points_of(BNPL)).reasons


def test_a_column_without_a_code_is_said():
    fewer = {name: code for name, code in BNPL.adverse_codes.items() if name != "amount"}
    found = reason_codes(replace(BNPL, adverse_codes=fewer), points_of(BNPL, amount=0.1), points_of(BNPL))
    assert found.uncoded == ("amount",)
    assert not found.reasons


def test_how_often():
    first = reason_codes(BNPL, points_of(BNPL, amount=0.1), points_of(BNPL))
    both = reason_codes(BNPL, points_of(BNPL, amount=0.1, installment_count=0.2), points_of(BNPL))
    assert [(code, n) for (code, _), n in how_often([first, both]).items()] == [("A01", 2), ("A07", 1)]


@pytest.mark.parametrize("case", CODED, ids=lambda case: case.key)
def test_every_model_column_has_a_code_or_is_sensitive(case):
    assert set(case.model_columns) == set(case.adverse_codes) | (sensitive_columns(case) & set(case.model_columns))
    assert codes_problem(case) is None
    assert len(declining(case)) == 1
