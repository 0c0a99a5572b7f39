"""Retrainings by the clock: started when due and possible; paused, tried lately, too few rows: it says why not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from core.config import Settings
from core.services.desk import Desk, open_desk
from core.services.jobs import Jobs
from core.services.rebuilding import retraining
from core.services.rebuilding.retraining_data import Supply
from core.services.rebuilding.retraining_due import Due, Reason, Schedule
from core.services.rebuilding.retraining_order import Rows
from core.services.scheduling import retraining_task
from core.services.scheduling.retraining_task import start_what_is_due

KEY, NOW = "bnpl_default", datetime.now(UTC)
TODAY = NOW.date()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """An untrained desk on which one use case says it is trained; its queue keeps what it is given."""
    opened = open_desk(Settings(home=tmp_path))
    monkeypatch.setattr(opened, "acting_version", lambda key: "v1" if key == KEY else None)
    monkeypatch.setattr(Jobs, "_enqueue", lambda self, state: None)
    yield opened
    opened.close()


def due(monkeypatch: pytest.MonkeyPatch, *, is_due: bool = True, on: bool = True, lacks: str = "") -> None:
    reasons = (Reason("schedule", "The newest version is old."),) if is_due else ()
    found = Due(KEY, TODAY, reasons, (), Schedule(on, 7, date(2026, 1, 1), None))
    monkeypatch.setattr(retraining_task, "due", lambda *args: found)
    supply = Supply(Rows.LOGGED, 12_000, 900, None, None, lacks)
    monkeypatch.setattr(retraining_task, "supplies", lambda *args, now: {Rows.LOGGED: supply})


def test_what_is_due_is_started_as_challenger_on_logged_rows(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    due(monkeypatch)
    result = start_what_is_due(desk, NOW)
    (job,) = desk.ledger.jobs(use_case=KEY)
    assert job.kind == retraining.KIND and result["started"] == {KEY: job.id}
    assert job.spec["order"]["rows"] == "logged" and job.spec["order"]["because"] == ["The newest version is old."]
    assert "started, because The newest version is old." in result["said"]
    (event,) = [event for event in desk.ledger.events(KEY) if event.action == retraining.ASKED]
    assert (event.actor, event.via) == ("Ringside", "schedule")


@pytest.mark.parametrize(
    ("facts", "why"),
    [({"is_due": False}, "not due"), ({"on": False}, "paused"), ({"lacks": "84 rows"}, "too little to retrain on: 84")],
)  # fmt: skip
def test_why_not(desk: Desk, monkeypatch: pytest.MonkeyPatch, facts: dict[str, object], why: str) -> None:
    due(monkeypatch, **facts)  # type: ignore[arg-type]
    assert why in start_what_is_due(desk, NOW)["said"]
    assert desk.ledger.jobs() == []


def test_one_that_failed_is_tried_again_after_a_week(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    due(monkeypatch)
    first = start_what_is_due(desk, NOW)["started"][KEY]
    desk.ledger.update_job(first, state="failed")
    assert "failed, and is tried again on" in start_what_is_due(desk, NOW + timedelta(days=1))["said"]
    assert start_what_is_due(desk, NOW + timedelta(days=8))["found"] == 1
