"""Runs are claimed once, whoever asks; what a dead process left is found; settings and scoring jobs are kept."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import UnknownName
from core.store.ledger import Ledger
from core.store.ledger_schedule_tables import ScoringJobRecord, SourceTaken, TaskSetting
from tests.store.ledgers import OPEN

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 11, 21, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)

CLAIM = f"""
import sys
from datetime import UTC, datetime
from pathlib import Path
from core.store.ledger import Ledger

ledger = {OPEN}
print("ready", flush=True)
sys.stdin.readline()
at = datetime(2026, 11, 21, 2, tzinfo=UTC)
print("mine" if ledger.claim_run("drift", at, at, "schedule", "Ringside") else "another's")
ledger.close()
"""


def test_of_several_processes_one_gets_the_run(ledger: Ledger, place: Path | str) -> None:
    command = [sys.executable, "-c", CLAIM, str(place)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    racers = [subprocess.Popen(command, cwd=ROOT, **pipes) for _ in range(3)]  # type: ignore[call-overload]
    for racer in racers:
        assert racer.stdout.readline().strip() == "ready"
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    said = sorted(racer.communicate(timeout=30)[0].strip() for racer in racers)
    assert said == ["another's", "another's", "mine"]
    assert len(ledger.task_runs("drift")) == 1


def test_a_due_time_is_taken_once_and_a_task_runs_once_at_a_time(ledger: Ledger) -> None:
    first = ledger.claim_run("drift", AT, AT, "schedule", "Ringside")
    assert first is not None and first.state == "running"
    assert ledger.claim_run("drift", AT + HOUR, AT + HOUR, "person", "Ana") is None, "it is still running"
    assert ledger.claim_run("clean-up", AT, AT, "schedule", "Ringside") is not None, "another task"
    ended = ledger.end_run(first.number, AT + HOUR, "done", "36 columns measured.", {"rows": 12})
    assert (ended.state, ended.said, ended.result) == ("done", "36 columns measured.", {"rows": 12})
    assert ledger.claim_run("drift", AT, AT + HOUR, "command", "root") is None, "this due time has been taken"
    assert ledger.claim_run("drift", AT + HOUR, AT + HOUR, "command", "root") is not None
    assert ledger.last_due() == {"drift": AT + HOUR, "clean-up": AT}


def test_what_a_dead_process_left_is_marked(ledger: Ledger) -> None:
    ledger.claim_run("drift", AT, AT, "schedule", "Ringside")
    (left,) = ledger.interrupt_runs(AT + HOUR)
    assert (left.task, left.state, left.ended_at) == ("drift", "interrupted", AT + HOUR)
    assert ledger.interrupt_runs(AT + HOUR) == []


def test_runs_by_task_and_state(ledger: Ledger) -> None:
    for hour, state in enumerate(("done", "failed", "done")):
        run = ledger.claim_run("drift", AT + hour * HOUR, AT + hour * HOUR, "schedule", "Ringside")
        assert run is not None
        ledger.end_run(run.number, AT + hour * HOUR, state, "", {"found": 2} if hour == 0 else None)
    ledger.note_run("drift", AT + 3 * HOUR, AT + 9 * HOUR, "missed", "The desk was down.")
    assert [run.state for run in ledger.task_runs()] == ["missed", "done", "failed", "done"]
    assert [run.number for run in ledger.task_runs(states=("failed",))] == [2]
    assert ledger.last_runs()["drift"].number == 3, "what was missed did not take place"
    ledger.forget_quiet_runs("drift", 3)
    assert [run.state for run in ledger.task_runs("drift")] == ["missed", "done", "failed", "done"], (
        "one found something"
    )


def test_old_runs_go_but_the_last_of_each_task(ledger: Ledger) -> None:
    for task, hour in (("drift", 0), ("drift", 1), ("alerts", 0)):
        run = ledger.claim_run(task, AT + hour * HOUR, AT + hour * HOUR, "schedule", "Ringside")
        assert run is not None
        ledger.end_run(run.number, AT + hour * HOUR, "done", "", None)
    assert ledger.forget_runs(AT + HOUR / 2) == 1
    assert [(run.task, run.due_at) for run in ledger.task_runs()] == [("alerts", AT), ("drift", AT + HOUR)]


def test_settings_are_replaced(ledger: Ledger) -> None:
    ledger.set_task(TaskSetting("drift", False, None, AT))
    ledger.set_task(TaskSetting("drift", True, "30 6 * * mon", AT + HOUR))
    assert ledger.task_settings() == {"drift": TaskSetting("drift", True, "30 6 * * mon", AT + HOUR)}


def test_scoring_jobs_and_their_sources(ledger: Ledger) -> None:
    job = ScoringJobRecord("j1", "lead_scoring", "Night run", AT, "Rita", {"source": {"kind": "folder"}})
    ledger.save_scoring_job(job)
    assert ledger.scoring_job("j1") == job and ledger.scoring_jobs("bnpl_default") == []
    begun = SourceTaken("j1", "ab" * 32, "leads.csv", AT, None, None, {})
    ledger.keep_source(begun)
    scored = replace(begun, scored_at=AT + HOUR, facts={"scored": 12})
    ledger.keep_source(scored)
    assert ledger.sources_taken("j1") == [scored] and ledger.sources_taken("j2") == []
    ledger.save_scoring_job(ScoringJobRecord(**{**vars(job), "removed_at": AT + HOUR}))
    with pytest.raises(UnknownName):
        ledger.scoring_job("j1")
