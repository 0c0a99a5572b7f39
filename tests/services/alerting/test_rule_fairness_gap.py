"""Fairness gap: silent below the limit and within chance, fires beyond both, not applicable without groups."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.alert import Severity, State
from core.domain.usecase import UseCase
from core.services.alerting.rules.fairness_gap import RULE, check
from core.services.comparison.fairness_watch import WatchedGap
from core.services.desk import Desk

from .conftest import NOW


def gap(value: float | None, sure: float | None, **facts: Any) -> WatchedGap:
    told: dict[str, Any] = {
        "column": "region", "kind": "parity", "arm": "lightgbm", "value": value, "low": None, "high": None,
        "noise": None, "sure": sure, "n": 900, "limit": 0.1, "breaks": False, "severe": False,
        "sentence": "North and South are apart.",
    }  # fmt: skip
    return WatchedGap(**(told | facts))


def told(monkeypatch: pytest.MonkeyPatch, *gaps: WatchedGap) -> None:
    monkeypatch.setattr("core.services.comparison.fairness_watch.worst_gaps", lambda *_: gaps)


def test_stays_silent(bare: Desk, leads: UseCase, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, gap(0.08, 0.08), gap(0.14, 0.03, kind="odds"))
    readings = check(bare, leads, NOW, RULE.terms)
    assert [(item.about, item.state) for item in readings] == [
        ("parity by region", State.OK), ("odds by region", State.OK)
    ]  # fmt: skip


@pytest.mark.parametrize(("value", "severity"), [(0.15, Severity.WARNING), (0.25, Severity.CRITICAL)])
def test_fires(bare: Desk, leads: UseCase, monkeypatch: pytest.MonkeyPatch, value: float, severity: Severity) -> None:
    told(monkeypatch, gap(value, value))
    [reading] = check(bare, leads, NOW, RULE.terms)
    assert (reading.state, reading.severity, reading.value, reading.n) == (State.BREACH, severity, value, 900)


def test_not_applicable(bare: Desk, leads: UseCase, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch)
    assert "named as sensitive" in check(bare, leads, NOW, RULE.terms)[0].sentence
    told(monkeypatch, gap(None, None, n=0, sentence="Fewer than two groups."))
    [reading] = check(bare, leads, NOW, RULE.terms)
    assert (reading.state, reading.sentence) == (State.NOT_APPLICABLE, "Fewer than two groups.")
