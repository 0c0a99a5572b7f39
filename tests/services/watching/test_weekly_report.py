"""The weekly report: written once a week for every trained use case, from what is on record; listed and handed out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.domain.drift.judgement import Level
from core.domain.maturity import Maturity
from core.domain.metrics.measured import Measured
from core.errors import NotPermitted, UnknownName
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import Desk
from core.services.performance import Period
from core.services.watching.weekly_html import document
from core.services.watching.weekly_report import report_text, reports, week_of, write_reports
from core.store.ledger_alert_tables import AlertRecord
from core.store.log_drift_results import RESULT_COLUMNS, WINDOW_COLUMNS

KEY = "lead_scoring"
SATURDAY = datetime(2026, 11, 21, 9, tzinfo=UTC)
MONDAY = datetime(2026, 11, 9, tzinfo=UTC)  # of the last whole week
WEEK = timedelta(days=7)


def test_once_a_week_for_every_trained_use_case(desk: Desk, analyst: Actor) -> None:
    first = write_reports(desk, SATURDAY)
    assert first["week"] == "2026-W46" and set(first["written"]) == set(desk.use_cases())
    (report,) = reports(desk, analyst, KEY)
    before = report.path.read_bytes()
    again = write_reports(desk, SATURDAY + timedelta(hours=1))
    assert again["written"] == [] and "5 were there" in again["said"]
    assert report.path.read_bytes() == before == report_text(desk, analyst, KEY, "2026-W46")
    write_reports(desk, SATURDAY + WEEK)
    assert [report.week for report in reports(desk, analyst, KEY)] == ["2026-W47", "2026-W46"]
    with pytest.raises(UnknownName):
        report_text(desk, analyst, KEY, "../../../ledger")
    with pytest.raises(NotPermitted):
        reports(desk, LOCAL_PEOPLE[Role.SALES], KEY)


def test_it_says_what_is_not_known(desk: Desk) -> None:
    text = document(week_of(desk, desk.use_case(KEY), MONDAY, MONDAY + WEEK, SATURDAY))
    for said in (
        "week of 9 Nov 2026 to 15 Nov 2026", "no mature outcome is known", "No whole window was measured yet",
        "None was open in this week", "No request was counted", "no beat was heard", "Nothing is on record",
    ):  # fmt: skip
        assert said in text
    assert "<script" not in text and "http" not in text


def test_it_shows_stored_drift_alerts_and_runs_as_text(desk: Desk) -> None:
    window = dict.fromkeys(WINDOW_COLUMNS) | {
        "use_case": KEY, "window_from": MONDAY, "window_to": MONDAY + WEEK, "measured_at": MONDAY + WEEK,
        "step": "week", "version": "v1", "n": 900, "judged": True, "simulated": False,
    }  # fmt: skip
    shared = {name: window[name] for name in ("use_case", "window_from", "window_to", "measured_at", "version")}
    blank = dict.fromkeys(RESULT_COLUMNS) | shared | {"against": "reference", "of": "raw column", "n": 900}
    moved = {
        "name": "source",
        "level": Level.SIGNIFICANT.value,
        "psi": 0.31,
        "psi_limit": 0.1,
        "why": ["PSI <b>.31</b>."],
    }
    quiet = {"name": "age", "level": Level.QUIET.value, "psi": 0.01, "psi_limit": 0.1}
    desk.log.append_drift([window], [blank | moved, blank | quiet])
    desk.ledger.add_alert(
        AlertRecord("a1", "rejects", KEY, "", "warning", "open", "12 % rejected.", 0.12, 0.05, 900, MONDAY, MONDAY)
    )
    run = desk.ledger.claim_run("drift", MONDAY, MONDAY, "schedule", "Ringside")
    assert run is not None
    desk.ledger.end_run(run.number, MONDAY, "failed", "No room.", None)
    text = document(week_of(desk, desk.use_case(KEY), MONDAY, MONDAY + WEEK, SATURDAY))
    assert "Newest whole window: 9 Nov 2026 to 15 Nov 2026" in text and "n = 900" in text
    assert "source" in text and "0.310" in text and "PSI &lt;b&gt;.31" in text and "<td>age</td>" not in text
    assert "12 % rejected." in text and "<td>drift</td><td>1</td><td>1</td>" in text
    earlier = document(week_of(desk, desk.use_case(KEY), MONDAY - WEEK, MONDAY, SATURDAY))
    assert "No whole window was measured yet" in earlier and "12 % rejected." not in earlier


def test_weeks_that_can_be_judged_stand_before_those_that_wait(desk: Desk) -> None:
    week = week_of(desk, desk.use_case(KEY), MONDAY, MONDAY + WEEK, SATURDAY)
    figure = Measured("auc", 0.81, 0.78, 0.84, 900, 120, "DeLong")
    champion, metric = week.performance.champion, week.performance.metrics[0]
    periods = tuple(
        Period(
            start=(MONDAY - place * WEEK).date(),
            end=(MONDAY - place * WEEK + WEEK).date(),
            maturity=Maturity(1_000, known, known),
            realised={metric: {champion: figure if known else None}},
            expected={metric: figure},
            versions=("v1",),
        )
        for place, known in [*((place, 900) for place in range(15, 5, -1)), *((place, 0) for place in range(5, -1, -1))]
    )
    overall = {metric: {champion: figure}}
    seen = replace(week.performance, periods=periods, maturity=Maturity(16_000, 9_000, 9_000), overall=overall)
    text = document(replace(week, performance=seen))
    assert text.count("<td>waits</td>") == 4 and text.count("<td>900</td>") == 8
    assert "AUC over all of them: 0.81 [0.78, 0.84], n = 900." in text
