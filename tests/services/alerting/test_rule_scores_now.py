"""Scores now: silent on rows as held out, fires while scores lie elsewhere, not applicable on few."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.domain.alert import Severity, State
from core.services.alerting.rules.scores_now import RULE, check
from core.services.desk import Desk

from .trained import Row, score_rows

KEY = "lead_scoring"
NOW = datetime.now(UTC)


def lately(place: int, row: Row) -> Row:
    return row | {"created_at": (NOW - timedelta(minutes=20 * (place + 1))).isoformat()}


def busy(place: int, row: Row) -> Row:
    return lately(place, row) | {"page_views": str(3 * int(row["page_views"]))}


def test_stays_silent(desk: Desk, tmp_path: Path) -> None:
    score_rows(desk, tmp_path, KEY, lately, n=450)
    [reading] = check(desk, desk.use_case(KEY), NOW, RULE.terms)
    assert (reading.state, reading.n, reading.severity) == (State.OK, 450, None), reading.sentence
    assert "n = 450" in reading.sentence


def test_fires(desk: Desk, tmp_path: Path) -> None:
    score_rows(desk, tmp_path, KEY, busy, n=450)
    [reading] = check(desk, desk.use_case(KEY), NOW, RULE.terms)
    assert (reading.state, reading.severity) == (State.BREACH, Severity.CRITICAL), reading.sentence
    assert reading.value is not None and reading.limit is not None and reading.value > reading.limit
    again = check(desk, desk.use_case(KEY), NOW + timedelta(minutes=1), RULE.terms)
    assert again[0].evidence == reading.evidence, "the same rows count once"


def test_not_applicable(desk: Desk, tmp_path: Path) -> None:
    [reading] = check(desk, desk.use_case(KEY), NOW, RULE.terms)
    assert reading.state is State.NOT_APPLICABLE and "scored no row of the last 7 days" in reading.sentence
    score_rows(desk, tmp_path, KEY, lately, n=60)
    [reading] = check(desk, desk.use_case(KEY), NOW, RULE.terms)
    assert reading.state is State.NOT_APPLICABLE and reading.sentence.startswith("Not enough rows of the last days: 60")
