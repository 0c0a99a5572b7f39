"""Feature drift: silent when nothing persists, information without the scores, critical with them, stuck feeds."""

from __future__ import annotations

from core.domain.alert import Severity, State
from core.domain.usecase import UseCase
from core.services.alerting.rules.feature_drift import RULE, STUCK, check
from core.services.desk import Desk

from .measured import MODERATE, QUIET, SHOWN, SIGNIFICANT, TOO_FEW, keep, week

SCORE, VIEWS, SPEED = ("score", "lightgbm"), ("raw column", "page_views"), ("feature", "views_per_minute")
WEEKDAY = ("feature", "weekday")


def test_stays_silent(bare: Desk, leads: UseCase) -> None:
    for place, level in enumerate((SIGNIFICANT, QUIET, QUIET, SIGNIFICANT)):
        keep(bare, leads.key, place, {SCORE: QUIET, VIEWS: level, SPEED: QUIET, WEEKDAY: SHOWN})
    moved, stuck = check(bare, leads, week(4), RULE.terms)
    assert (moved.state, moved.value, stuck.state) == (State.OK, 0.0, State.OK)
    assert "1 of 2 columns and features moved" in moved.sentence


def test_fires_as_information_while_no_score_moved(bare: Desk, leads: UseCase) -> None:
    same = ("feature", "page_views")
    for place in range(2):
        keep(bare, leads.key, place, {SCORE: QUIET, VIEWS: SIGNIFICANT, SPEED: QUIET, same: SIGNIFICANT})
    moved = check(bare, leads, week(2), RULE.terms)[0]
    assert (moved.state, moved.severity, moved.value) == (State.BREACH, Severity.INFO, 1.0)
    assert "Page views (PSI 0.40, limit 0.10, significant change, in 2 of the last 2)" in moved.sentence
    assert "did not move with them" in moved.sentence


def test_fires_with_the_scores(bare: Desk, leads: UseCase) -> None:
    levels = {SCORE: MODERATE, SPEED: MODERATE, VIEWS: MODERATE}
    for place in range(3):
        keep(bare, leads.key, place, levels)
    assert check(bare, leads, week(3), RULE.terms)[0].severity is Severity.WARNING
    more = {("feature", f"f{place}"): SIGNIFICANT for place in range(4)}
    for place in range(3, 5):
        keep(bare, leads.key, place, levels | more)
    moved = check(bare, leads, week(5), RULE.terms)[0]
    assert (moved.severity, moved.value, moved.settled) == (Severity.CRITICAL, 6.0, True)
    assert "and 3 more of 6 moved" in moved.sentence


def test_a_column_that_stands_still(bare: Desk, leads: UseCase) -> None:
    facts = {"stuck": "page_views", "stuck_says": "Page views is the same in 80 rows running."}
    keep(bare, leads.key, 0, {SCORE: QUIET, VIEWS: QUIET}, **facts)
    stuck = check(bare, leads, week(1), RULE.terms)[1]
    assert (stuck.about, stuck.state, stuck.severity) == (STUCK, State.BREACH, Severity.CRITICAL)
    assert stuck.sentence == facts["stuck_says"]


def test_not_applicable(bare: Desk, leads: UseCase) -> None:
    assert "been measured yet" in check(bare, leads, week(9), RULE.terms)[0].sentence
    keep(bare, leads.key, 0, {SCORE: QUIET, VIEWS: TOO_FEW, WEEKDAY: SHOWN})
    [reading] = check(bare, leads, week(1), RULE.terms)
    assert (reading.state, reading.n) == (State.NOT_APPLICABLE, 640)
