"""Score drift: silent in quiet weeks, information at first, critical where it persists, not applicable unmeasured."""

from __future__ import annotations

import pytest

from core.domain.alert import Severity, State
from core.domain.usecase import UseCase
from core.services.alerting.rules.score_drift import RULE, check
from core.services.desk import Desk

from .measured import MODERATE, QUIET, SIGNIFICANT, TOO_FEW, keep, week

SCORE = ("score", "lightgbm")


def keep_weeks(desk: Desk, leads: UseCase, *levels: str) -> None:
    for place, level in enumerate(levels):
        keep(desk, leads.key, place, {SCORE: level, ("score", "logistic"): SIGNIFICANT})


def test_stays_silent(bare: Desk, leads: UseCase) -> None:
    keep_weeks(bare, leads, SIGNIFICANT, QUIET, QUIET)
    [reading] = check(bare, leads, week(3), RULE.terms)
    assert (reading.state, reading.value, reading.limit, reading.n) == (State.OK, 0.02, 0.1, 640)
    assert "the week of 19 October to 25 October 2026" in reading.sentence


@pytest.mark.parametrize(
    ("levels", "severity"),
    [
        ((QUIET, QUIET, SIGNIFICANT), Severity.INFO),
        ((QUIET, MODERATE, MODERATE), Severity.WARNING),
        ((SIGNIFICANT, QUIET, MODERATE), Severity.WARNING),
        ((SIGNIFICANT, MODERATE, SIGNIFICANT), Severity.CRITICAL),
        ((SIGNIFICANT, SIGNIFICANT, QUIET, QUIET, SIGNIFICANT), Severity.INFO),
    ],
)
def test_fires(bare: Desk, leads: UseCase, levels: tuple[str, ...], severity: Severity) -> None:
    keep_weeks(bare, leads, *levels)
    [reading] = check(bare, leads, week(len(levels)), RULE.terms)
    assert (reading.state, reading.severity, reading.settled) == (State.BREACH, severity, True)
    assert reading.evidence == week(len(levels)).isoformat()
    assert "PSI is beyond its limit." in reading.sentence


def test_as_it_stood_at_a_time(bare: Desk, leads: UseCase) -> None:
    keep_weeks(bare, leads, QUIET, SIGNIFICANT, SIGNIFICANT)
    found = [check(bare, leads, week(place), RULE.terms)[0] for place in (1, 2, 3)]
    assert [reading.severity for reading in found] == [None, Severity.INFO, Severity.CRITICAL]


def test_windows_of_another_version_do_not_count(bare: Desk, leads: UseCase) -> None:
    keep(bare, leads.key, 0, {SCORE: SIGNIFICANT})
    keep(bare, leads.key, 1, {SCORE: SIGNIFICANT}, version="v2")
    assert check(bare, leads, week(2), RULE.terms)[0].severity is Severity.INFO


def test_not_applicable(bare: Desk, leads: UseCase) -> None:
    assert "been measured yet" in check(bare, leads, week(9), RULE.terms)[0].sentence
    keep(bare, leads.key, 0, {SCORE: QUIET}, judged=False)
    assert check(bare, leads, week(9), RULE.terms)[0].state is State.NOT_APPLICABLE
    keep(bare, leads.key, 1, {SCORE: TOO_FEW, ("raw column", "industry"): QUIET})
    assert "640 of 271" in check(bare, leads, week(9), RULE.terms)[0].sentence
