"""Tasks by a fake clock: due, late, missed, paused, failed, interrupted, once."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.config import Settings
from core.errors import InputError, NotPermitted, NotReady, UnknownName
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk, open_desk
from core.services.scheduling import running
from core.services.scheduling.scheduler import Scheduler
from core.services.scheduling.setting import CHANGED, set_task
from core.services.scheduling.task import DESK, Task
from core.store.ledger_schedule_tables import TaskRun

RISK, ANALYST = LOCAL_PEOPLE[Role.RISK], LOCAL_PEOPLE[Role.ANALYST]
AT = datetime(2026, 11, 18, 12, tzinfo=UTC)  # a Wednesday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Work:
    """Tasks that count what was asked of them."""

    def __init__(self) -> None:
        self.done: list[datetime] = []
        self.fails: Exception | None = None
        self.result: dict[str, Any] = {"said": "Measured."}

    def __call__(self, desk: Desk, now: datetime) -> Mapping[str, Any]:
        if self.fails is not None:
            raise self.fails
        self.done.append(now)
        return dict(self.result)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def desk(settings: Settings) -> Iterator[Desk]:
    opened = open_desk(settings)
    opened.log  # noqa: B018  the log's owner runs tasks
    yield opened
    opened.close()


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """One task, daily at 02:00."""
    found = Work()
    monkeypatch.setattr(running, "tasks", lambda desk: [Task("drift", "Measure drift", "0 2 * * *", found)])
    return found


def plan_at(desk: Desk, now: datetime) -> running.Planned:
    (found,) = running.planned(desk, now)
    return found


def ran(desk: Desk, now: datetime) -> list[TaskRun]:
    return running.run_due(desk, DESK, now)


def test_first_at_once_then_at_its_time(desk: Desk, work: Work) -> None:
    assert plan_at(desk, AT).due == AT
    (first,) = ran(desk, AT)
    assert (first.state, first.said, first.by, first.actor) == ("done", "Measured.", "schedule", "Ringside")
    assert ran(desk, AT + HOUR) == []
    two = AT.replace(day=19, hour=2)
    assert plan_at(desk, AT + HOUR).next == two
    (second,) = ran(desk, two + timedelta(seconds=5))
    assert second.due_at == two and "Late" not in second.said
    assert ran(desk, two + timedelta(seconds=10)) == []


def test_what_was_missed_while_the_desk_was_down_runs_once_late(settings: Settings, work: Work) -> None:
    desk = open_desk(settings)
    ran(desk, AT)
    desk.close()
    desk = open_desk(settings)
    back = AT + 3 * DAY - 4 * HOUR  # on the 21st at 08:00
    (run,) = ran(desk, back)
    assert run.due_at == datetime(2026, 11, 21, 2, tzinfo=UTC)
    assert run.said == "Late by 6 h 0 min. Measured." and run.result == {"late_seconds": 21_600}
    assert ran(desk, back + HOUR) == [] and len(work.done) == 2
    (missed,) = desk.ledger.task_runs(states=("missed",))
    assert missed.due_at == datetime(2026, 11, 19, 2, tzinfo=UTC)
    assert "2026-11-19 02:00 UTC on" in missed.said and "2026-11-21 02:00 UTC makes up for it" in missed.said
    last = plan_at(desk, back).last
    assert last is not None and last.number == run.number
    desk.close()


def test_a_run_that_died_is_marked_and_not_repeated_at_once(settings: Settings, work: Work) -> None:
    desk = open_desk(settings)
    desk.ledger.claim_run("drift", AT, AT, "schedule", "Ringside")
    desk.close()
    desk = open_desk(settings)
    assert ran(desk, AT + HOUR) == []
    (run,) = desk.ledger.task_runs()
    assert run.state == "interrupted" and "stays" in run.said
    assert [run.state for run in ran(desk, AT + DAY)] == ["done"]
    desk.close()


def test_never_two_at_once(desk: Desk, work: Work) -> None:
    going = desk.ledger.claim_run("drift", AT, AT, "schedule", "Ringside")
    assert going is not None
    assert ran(desk, AT + DAY) == []
    with pytest.raises(NotReady, match="running already"):
        running.run_now(desk, ANALYST, "drift", AT + DAY)
    desk.ledger.end_run(going.number, AT + DAY, "done", "", None)
    assert len(ran(desk, AT + DAY)) == 1


def test_a_failure_is_written_down_and_the_next_time_comes(desk: Desk, work: Work) -> None:
    work.fails = InputError("The folder /data/in is gone.", "Make it again.")
    (run,) = ran(desk, AT)
    assert run.state == "failed" and "The folder /data/in is gone." in run.said
    work.fails = ZeroDivisionError("of Ada's row")
    (run,) = ran(desk, AT + DAY)
    assert run.state == "failed" and "incident" in run.said and "Ada" not in run.said
    work.fails = None
    assert [run.state for run in ran(desk, AT + 2 * DAY)] == ["done"]


def test_paused_and_taken_up_again_without_what_came_due_meanwhile(desk: Desk, work: Work) -> None:
    ran(desk, AT)
    set_task(desk, RISK, "drift", on=False, cron=None, reason="The warehouse is moving.", now=AT + HOUR)
    assert ran(desk, AT + 5 * DAY) == [] and plan_at(desk, AT + 5 * DAY).next is None
    set_task(desk, RISK, "drift", on=True, cron=None, reason="It has moved.", now=AT + 5 * DAY)
    assert ran(desk, AT + 5 * DAY + HOUR) == []
    assert [run.due_at.day for run in ran(desk, AT + 6 * DAY)] == [24]
    events = desk.ledger.events("task drift")
    assert [(event.action, event.actor, event.after["on"]) for event in events] == [
        (CHANGED, RISK.name, True), (CHANGED, RISK.name, False),
    ]  # fmt: skip


def test_another_time(desk: Desk, work: Work) -> None:
    ran(desk, AT)
    set_task(desk, RISK, "drift", on=True, cron="30 6 * * mon", reason="Weekly will do.", now=AT)
    assert plan_at(desk, AT).next == datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
    (event,) = desk.ledger.events("task drift")
    assert (event.before["cron"], event.after["cron"]) == ("0 2 * * *", "30 6 * * mon")
    for wrong in ("soon", "0 2 * * 1", "61 2 * * *", "0 2 31 2 *", "every 0s"):
        with pytest.raises(InputError):
            set_task(desk, RISK, "drift", on=True, cron=wrong, reason="A mistake.", now=AT)
    with pytest.raises(InputError, match="reason"):
        set_task(desk, RISK, "drift", on=False, cron=None, reason=" ", now=AT)
    with pytest.raises(NotPermitted):
        set_task(desk, ANALYST, "drift", on=False, cron=None, reason="Too loud.", now=AT)


def test_now_does_not_put_off_the_next_time(desk: Desk, work: Work) -> None:
    ran(desk, AT)
    run = running.run_now(desk, ANALYST, "drift", AT + HOUR)
    assert (run.by, run.actor) == ("person", ANALYST.name)
    assert plan_at(desk, AT + HOUR).next == datetime(2026, 11, 19, 2, tzinfo=UTC)
    with pytest.raises(UnknownName):
        running.run_now(desk, ANALYST, "drifts", AT)
    with pytest.raises(NotPermitted):
        running.run_now(desk, LOCAL_PEOPLE[Role.SALES], "drift", AT)


def test_of_quiet_runs_that_found_nothing_the_last_is_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Work()
    monkeypatch.setattr(running, "tasks", lambda desk: [Task("beat", "Beat", "every 60s", found, quiet=True)])
    for minute in range(4):
        found.result = {"said": "Beat.", "found": int(minute == 1)}
        ran(desk, AT + timedelta(minutes=minute))
    ran(desk, AT + HOUR)
    assert [(run.due_at - AT) // timedelta(minutes=1) for run in desk.ledger.task_runs()] == [60, 1]
    assert desk.ledger.task_runs(states=("missed",)) == []


def test_a_skipped_run_says_why(desk: Desk, work: Work) -> None:
    work.result = {"skipped": "Nothing is trained yet."}
    (run,) = ran(desk, AT)
    assert (run.state, run.said) == ("skipped", "Nothing is trained yet.")


def test_the_scheduler_runs_what_is_due_and_leaves_no_thread(desk: Desk, work: Work) -> None:
    before = threading.active_count()
    scheduler = Scheduler(desk, settle=0.0)
    scheduler.start()
    limit = threading.Event()
    while not work.done and not limit.wait(0.02):
        pass
    scheduler.stop()
    for thread in threading.enumerate():
        if thread.name.startswith(("ThreadPoolExecutor", "APScheduler")):
            thread.join(10)
    assert threading.active_count() == before
    assert [run.state for run in desk.ledger.task_runs()] == ["done"]
    scheduler.look("work")
    assert len(work.done) == 1, "a stopped one begins nothing"


def test_what_is_asked_for_runs_beside_and_is_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, begun = threading.Event(), threading.Event()

    def slow(desk: Desk, now: datetime) -> Mapping[str, Any]:
        begun.set()
        assert go_on.wait(10)
        return {"said": "Measured."}

    monkeypatch.setattr(running, "tasks", lambda desk: [Task("drift", "Measure drift", "0 2 * * *", slow)])
    scheduler = Scheduler(desk)
    assert scheduler.ask(ANALYST, "drift").state == "running"
    assert begun.wait(10)
    with pytest.raises(NotReady, match="running already"):
        scheduler.ask(ANALYST, "drift")
    with pytest.raises(NotPermitted):
        scheduler.ask(LOCAL_PEOPLE[Role.SALES], "drift")
    threading.Timer(0.1, go_on.set).start()
    scheduler.stop()
    assert [run.state for run in desk.ledger.task_runs()] == ["done"]


def test_the_scheduler_stays_off_where_cron_has_the_word(tmp_path: Path, work: Work) -> None:
    desk = open_desk(Settings(home=tmp_path, scheduler=False))
    before = threading.active_count()
    scheduler = Scheduler(desk, settle=0.0)
    scheduler.start()
    assert threading.active_count() == before
    scheduler.stop()
    desk.close()
