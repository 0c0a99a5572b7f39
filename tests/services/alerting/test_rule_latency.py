"""Slow answers: silent while 95 of 100 are quick, fires when the whole interval is slow, not applicable without any."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain.alert import Severity, State
from core.services.alerting.rules.latency import RULE, check
from core.services.desk import Desk

from .conftest import NOW
from .served import asked


def test_stays_silent(bare: Desk) -> None:
    asked(bare, 980, 20)
    [reading] = check(bare, None, NOW, RULE.terms)
    assert (reading.state, reading.n) == (State.OK, 1_000)
    assert "95 of 100 single scores of the last hour took at most 20 ms (n = 1,000" in reading.sentence


@pytest.mark.parametrize(("slow_ms", "severity"), [(300.0, Severity.WARNING), (900.0, Severity.CRITICAL)])
def test_fires(bare: Desk, slow_ms: float, severity: Severity) -> None:
    asked(bare, 850, 150, slow_ms=slow_ms)
    [reading] = check(bare, None, NOW, RULE.terms)
    assert (reading.state, reading.severity) == (State.BREACH, severity)
    assert reading.value == pytest.approx(slow_ms, rel=0.05)
    assert "limit 200 ms" in reading.sentence


def test_a_few_slow_ones_do_not_fire_while_the_interval_holds_the_limit(bare: Desk) -> None:
    asked(bare, 94, 6)
    [reading] = check(bare, None, NOW, RULE.terms)
    assert reading.state is State.OK and reading.value is not None and reading.value > 200


def test_not_applicable(bare: Desk) -> None:
    assert check(bare, None, NOW, RULE.terms)[0].sentence == "No row was scored alone in the last hour."
    asked(bare, 0, 30)
    asked(bare, 0, 900, at=NOW - timedelta(hours=2))
    [reading] = check(bare, None, NOW, RULE.terms)
    assert (reading.state, reading.sentence) == (State.NOT_APPLICABLE, "Not enough single scores: 30 of 60.")
