"""Missing shares: silent on rows as in training, fires for scored and for refused rows, not applicable on few."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.domain.alert import Severity, State
from core.services.alerting.rules.missing_shares import RULE, check
from core.services.desk import Desk

from .trained import Row, score_rows


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=5)


def test_stays_silent(desk: Desk, tmp_path: Path) -> None:
    for key in ("client_profitability", "bnpl_default"):
        score_rows(desk, tmp_path, key)
        readings = check(desk, desk.use_case(key), soon(), RULE.terms)
        assert len(readings) == len(desk.use_case(key).schema.names)
        assert {reading.state for reading in readings} == {State.OK}, key


def test_fires_for_rows_that_were_scored_with_a_filled_in_value(desk: Desk, tmp_path: Path) -> None:
    def empty(place: int, row: Row) -> Row:
        return row | ({"satisfaction_score": ""} if place % 2 else {})

    score_rows(desk, tmp_path, "client_profitability", empty)
    breaches = [
        reading
        for reading in check(desk, desk.use_case("client_profitability"), soon(), RULE.terms)
        if reading.state is State.BREACH
    ]
    assert [(reading.about, reading.severity) for reading in breaches] == [("satisfaction_score", Severity.CRITICAL)]
    assert "is missing in 5" in breaches[0].sentence
    assert "of the 300 newest rows" in breaches[0].sentence


def test_fires_for_rows_that_were_refused(desk: Desk, tmp_path: Path) -> None:
    def empty(place: int, row: Row) -> Row:
        return row | ({"page_views": ""} if place % 8 == 0 else {})

    score_rows(desk, tmp_path, "lead_scoring", empty)
    [breach] = [
        reading
        for reading in check(desk, desk.use_case("lead_scoring"), soon(), RULE.terms)
        if reading.state is State.BREACH
    ]
    assert (breach.about, breach.n, breach.severity) == ("page_views", 300, Severity.WARNING)
    assert breach.value == 38 / 300


def test_not_applicable(desk: Desk, tmp_path: Path) -> None:
    use_case = desk.use_case("lead_scoring")
    assert check(desk, use_case, soon(), RULE.terms)[0].sentence == "No row came in the last 7 days."
    score_rows(desk, tmp_path, "lead_scoring", n=60)
    [reading] = check(desk, use_case, soon(), RULE.terms)
    assert (reading.state, reading.sentence) == (State.NOT_APPLICABLE, "Not enough rows: 60 of 170.")
    assert check(desk, use_case, soon() - timedelta(days=1), RULE.terms)[0].n == 0
