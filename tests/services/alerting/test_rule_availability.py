"""Availability: silent while the promise can be kept, critical once it cannot, not applicable before the first beat."""

from __future__ import annotations

from datetime import timedelta

from core.domain.alert import Severity, State
from core.services.alerting.rules.availability import RULE, check
from core.services.desk import Desk

from .conftest import NOW
from .served import beats

HOUR = timedelta(hours=1)


def test_stays_silent(bare: Desk) -> None:
    beats(bare, NOW - 3 * HOUR, NOW - 2.5 * HOUR)
    beats(bare, NOW - HOUR / 2, NOW)
    [reading] = check(bare, None, NOW, RULE.terms)
    assert reading.state is State.OK, "2 of the 3.6 hours that 30 days may be down"
    assert "down for 120 minutes of the last 0.1 days that are known; 216 of 30 days are allowed" in reading.sentence
    assert "99.5% promised" in reading.sentence


def test_fires(bare: Desk) -> None:
    beats(bare, NOW - 5 * HOUR, NOW - 4.5 * HOUR)
    beats(bare, NOW - HOUR / 2, NOW)
    [reading] = check(bare, None, NOW, RULE.terms)
    assert (reading.state, reading.severity, reading.limit) == (State.BREACH, Severity.CRITICAL, 0.995)
    assert reading.value is not None and reading.value < 0.995


def test_not_applicable(bare: Desk) -> None:
    assert check(bare, None, NOW, RULE.terms)[0].state is State.NOT_APPLICABLE
    beats(bare, NOW + HOUR, NOW + 1.1 * HOUR)
    assert check(bare, None, NOW, RULE.terms)[0].state is State.NOT_APPLICABLE, "as it stood then"
