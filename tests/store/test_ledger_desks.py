"""Several desks on one ledger: each leaves the others' work to them while they are there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.store.desk_identity import desk_id
from core.store.ledger import Ledger
from core.store.ledger_desks import GONE_AFTER, DeskRecord
from core.store.ledger_service import RequestCount
from tests.store.ledgers import ON_SERVERS

AT = datetime(2026, 11, 21, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

Two = tuple[Ledger, Ledger]


@pytest.fixture
def two(place: str) -> Iterator[Two]:
    """Two desks on one server."""
    with ExitStack() as stack:
        one, other = (stack.enter_context(closing(Ledger(place, name))) for name in ("one", "other"))
        for ledger in (one, other):
            ledger.beat_desk(DeskRecord(str(ledger.desk_id), "/srv", "host", 1, AT, AT))
        yield one, other


@ON_SERVERS
def test_a_desk_that_starts_leaves_the_others_work_alone(two: Two) -> None:
    one, other = two
    one.create_job("a", "score file", "bnpl", "Ada", {}, AT)
    one.update_job("a", state="running")
    other.create_job("b", "score file", "bnpl", "Bob", {}, AT)
    run = one.claim_run("drift", AT, AT, "schedule", "Ringside")
    assert run is not None and run.desk == "one"
    assert [job.id for job in other.claim_interrupted(AT + MINUTE)] == ["b"]
    assert other.interrupt_runs(AT + MINUTE) == []
    assert other.claim_run("drift", AT + MINUTE, AT + MINUTE, "schedule", "Ringside") is None, "one runs it"
    job = one.job("a")
    assert job is not None and (job.state, job.desk) == ("running", "one")


@ON_SERVERS
def test_what_a_desk_that_is_gone_left_behind_is_free(two: Two) -> None:
    one, other = two
    one.create_job("a", "score file", "bnpl", "Ada", {}, AT)
    other.create_job("b", "score file", "bnpl", "Bob", {}, AT)
    one.claim_run("drift", AT, AT, "schedule", "Ringside")
    later = AT + GONE_AFTER + MINUTE
    other.beat_desk(DeskRecord("other", "/srv", "host", 1, AT, later))
    assert other.claim_interrupted(later - 2 * MINUTE, others=True) == []
    assert [job.id for job in other.claim_interrupted(later, others=True)] == ["a"], "its own goes on"
    assert [run.task for run in other.interrupt_runs(later, others=True)] == ["drift"]
    other.update_job("a", state="queued")
    job = other.job("a")
    assert job is not None and job.desk == "other", "who resumes a job has it"


@ON_SERVERS
def test_a_desk_that_left_in_order_is_gone_at_once(two: Two) -> None:
    one, other = two
    one.create_job("a", "score file", "bnpl", "Ada", {}, AT)
    one.beat_desk(replace(one.desks()[0], left_at=AT))
    assert [record.id for record in other.desks() if record.there(AT)] == ["other"]
    assert [job.id for job in other.claim_interrupted(AT)] == ["a"]


@ON_SERVERS
def test_a_task_runs_once_over_all_desks_unless_each_does_it_for_itself(two: Two) -> None:
    one, other = two
    for ledger, mine in ((one, True), (other, False)):
        assert (ledger.claim_run("drift", AT, AT, "schedule", "Ringside") is not None) is mine
        run = ledger.claim_run("heartbeat", AT, AT, "schedule", "Ringside", own=True)
        assert run is not None, "each for itself"
        ledger.end_run(run.number, AT, "done", "", {})
        ledger.forget_quiet_runs("heartbeat", run.number)
        assert ledger.last_runs(("heartbeat",))["heartbeat"].desk == ledger.desk_id
    assert one.last_due(("heartbeat",)) == {"drift": AT, "heartbeat": AT}


@ON_SERVERS
def test_requests_of_all_desks_add_up(two: Two) -> None:
    count = RequestCount(AT, 60, "page", "single score", 3, 1, 0, 2, 0.5, {4: 2})
    for ledger in two:
        ledger.add_requests([count])
    two[0].add_up_requests(AT + 3 * timedelta(hours=1))
    (hour,) = two[1].requests(AT, AT + timedelta(hours=1))
    assert (hour.n, hour.refused, hour.rows, hour.latency) == (6, 2, 4, {4: 4})


@ON_SERVERS
def test_every_desk_reads_one_clock(two: Two) -> None:
    one, other = two
    assert abs(one.now() - other.now()) < MINUTE and one.now().tzinfo is UTC


def test_a_home_keeps_its_name_and_a_copy_gets_another(tmp_path: Path) -> None:
    name = desk_id(tmp_path / "home")
    assert desk_id(tmp_path / "home") == name
    (tmp_path / "home").rename(tmp_path / "moved")
    assert desk_id(tmp_path / "moved") == name
    shutil.copytree(tmp_path / "moved", tmp_path / "copy")
    assert desk_id(tmp_path / "copy") != name
