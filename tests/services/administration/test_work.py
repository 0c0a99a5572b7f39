"""What runs is seen whoever asked for it, and stopped on record."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.config import Settings
from core.errors import InputError, NotPermitted, UnknownName
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.administration import work
from core.services.desk import Desk, open_desk
from core.services.jobs import JobRun
from core.services.scheduling import running

ADAM, SAM = LOCAL_PEOPLE[Role.ADMIN], LOCAL_PEOPLE[Role.SALES]
PROGRAM = Actor("crm (token)", Role.SALES, "api")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(Settings(home=tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def busy(desk: Desk) -> Iterator[Desk]:
    """A desk with one job that runs until it is stopped, and one that waits behind it."""
    go_on = threading.Event()

    def until_stopped(run: JobRun) -> dict[str, int]:
        while not go_on.is_set():
            run.report(120, 0.25, "scoring")
            go_on.wait(0.01)
        return {}

    desk.jobs.register("score file", until_stopped)
    spec = {"filename": "leads.csv", "actor": {"name": PROGRAM.name, "role": "sales", "via": "api"}}
    first = desk.jobs.submit("score file", "lead_scoring", PROGRAM, spec)
    desk.jobs.submit("score file", "", SAM, {"title": "by hand"})
    while desk.jobs.state(first).rows_done == 0:
        go_on.wait(0.01)
    yield desk
    go_on.set()


def test_jobs_of_every_face_with_progress_and_who_asked(busy: Desk) -> None:
    seen = work.at_work(busy, ADAM)
    assert [(item.what, item.via, item.here) for item in seen.jobs] == [
        ("leads.csv", "api", True),
        ("by hand", "", True),
    ]
    first, second = (item.state for item in seen.jobs)
    assert (first.state, first.rows_done, first.fraction, first.actor) == ("running", 120, 0.25, "crm (token)")
    assert second.state == "queued"


def test_cancel_stops_it_and_says_who_and_why(busy: Desk) -> None:
    job_id = work.at_work(busy, ADAM).jobs[0].state.id
    work.cancel(busy, ADAM, job_id, " The wrong file ")
    assert busy.jobs.wait(job_id, 10).state == "cancelled"
    (event,) = [event for event in busy.ledger.events() if event.action == work.CANCEL]
    assert (event.actor, event.subject, event.reason) == (ADAM.name, f"job {job_id}", "The wrong file")
    assert event.before is not None and event.before["by"] == PROGRAM.name and event.before["rows"] == 120
    assert work.at_work(busy, ADAM).ended[0].id == job_id


def test_what_does_not_run_is_not_cancelled_and_nothing_is_written(desk: Desk) -> None:
    desk.jobs.register("score file", lambda run: {})
    job_id = desk.jobs.submit("score file", "", SAM, {})
    desk.jobs.wait(job_id, 10)
    before = desk.ledger.head()
    with pytest.raises(InputError, match="is not running"):
        work.cancel(desk, ADAM, job_id)
    with pytest.raises(UnknownName):
        work.cancel(desk, ADAM, "nothing")
    with pytest.raises(NotPermitted):
        work.cancel(desk, LOCAL_PEOPLE[Role.AUDITOR], job_id)
    assert desk.ledger.head() == before


def test_what_another_process_does_is_seen_and_tasks_too(desk: Desk) -> None:
    now = datetime.now(UTC)
    desk.ledger.create_job("elsewhere", "train", "bnpl_default", "Ana", {"title": "BNPL"}, now)
    running.begin(desk, ADAM, running.task_named(desk, "alerts"), now)
    seen = work.at_work(desk, LOCAL_PEOPLE[Role.AUDITOR], now)
    assert [(item.state.id, item.state.kind, item.here) for item in seen.jobs] == [("elsewhere", "train", False)]
    assert [(task.since, task.by) for task in seen.tasks] == [(now, "person")]
