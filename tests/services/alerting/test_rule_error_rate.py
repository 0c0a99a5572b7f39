"""Failed requests: silent while few fail, critical by the lower bound, not applicable with few requests."""

from __future__ import annotations

from datetime import timedelta

from core.domain.alert import Severity, State
from core.services.alerting.rules.error_rate import RULE, check
from core.services.desk import Desk

from .conftest import NOW
from .served import asked


def test_stays_silent(bare: Desk) -> None:
    asked(bare, 1_000, errors=5)
    [reading] = check(bare, None, NOW, RULE.terms)
    assert (reading.state, reading.value, reading.n) == (State.OK, 0.005, 1_000)


def test_a_rate_above_the_limit_is_silent_while_the_lower_bound_is_not(bare: Desk) -> None:
    asked(bare, 200, errors=4)
    [reading] = check(bare, None, NOW, RULE.terms)
    assert (reading.state, reading.value) == (State.OK, 0.02)


def test_fires(bare: Desk) -> None:
    asked(bare, 500, errors=20)
    [reading] = check(bare, None, NOW, RULE.terms)
    assert (reading.state, reading.severity) == (State.BREACH, Severity.CRITICAL)
    assert reading.sentence.startswith("20 of 500 requests of the last hour failed: 4.00% (95 % 2.6")
    assert reading.sentence.endswith("limit 1.00%).")


def test_not_applicable(bare: Desk) -> None:
    assert check(bare, None, NOW, RULE.terms)[0].sentence == "Nothing was asked in the last hour."
    asked(bare, 40, errors=40)
    asked(bare, 500, errors=500, at=NOW - timedelta(hours=3))
    [reading] = check(bare, None, NOW, RULE.terms)
    assert (reading.state, reading.sentence) == (State.NOT_APPLICABLE, "Not enough requests: 40 of 100.")
