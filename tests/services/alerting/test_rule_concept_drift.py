"""Concept drift: silent while outcomes follow, fires when they do not, not applicable until they are mature."""

from __future__ import annotations

import pytest

from core.domain.alert import Severity, State
from core.domain.usecase import UseCase
from core.services.alerting.rules.concept_drift import DROP, RULE, check
from core.services.desk import Desk

from .conftest import NOW
from .judged_outcomes import BREACH, NOTHING, OK, told


def test_stays_silent(bare: Desk, leads: UseCase, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = told(monkeypatch)
    reading = check(bare, leads, NOW, RULE.terms)[0]
    assert asked == [(leads.key, NOW)]
    assert (reading.state, reading.sentence, reading.severity) == (State.OK, OK.sentence, None)
    assert (reading.value, reading.limit, reading.n, reading.evidence) == (0.001, 0.05, 900, "2026-10-05")


def test_fires(bare: Desk, leads: UseCase, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, concept=BREACH)
    reading = check(bare, leads, NOW, RULE.terms)[0]
    assert (reading.state, reading.value, reading.settled) == (State.BREACH, 0.08, True)
    assert (reading.severity or RULE.terms.severity) is Severity.WARNING


def test_not_applicable(bare: Desk, leads: UseCase, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, concept=NOTHING)
    reading = check(bare, leads, NOW, RULE.terms)[0]
    assert (reading.state, reading.sentence) == (State.NOT_APPLICABLE, NOTHING.sentence)


def test_a_drop_against_held_out_rows_is_critical(bare: Desk, leads: UseCase, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, drop=BREACH)
    concept, drop = check(bare, leads, NOW, RULE.terms)
    assert concept.state is State.OK
    assert (drop.about, drop.state, drop.severity) == (DROP, State.BREACH, Severity.CRITICAL)
