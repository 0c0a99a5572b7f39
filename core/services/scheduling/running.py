"""Running tasks: what is due is claimed in the ledger, done once, and written down with its result.

The prediction log's owner runs tasks, so no two processes do; a run is a row that is claimed in a transaction, so no
two threads do. When a task ran last stands in the ledger, so a restart changes nothing: what came due meanwhile runs
once, late, and says so.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.errors import DeskError, NotReady, UnknownName
from core.logs import logger
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.scheduling import when
from core.services.scheduling.task import DESK, Task
from core.services.scheduling.tasks import tasks
from core.services.tallies import TASK_RUNS
from core.store.ledger_schedule import MISSED
from core.store.ledger_schedule_tables import TaskRun, TaskSetting

LOGGER = logger("schedule")

_NEVER = datetime.min.replace(tzinfo=UTC)
LATE_SECONDS = 300  # a run that begins later after its time says so


@dataclass(frozen=True)
class Planned:
    """A task as it stands: how it is set, its last run, when it runs next.

    Attributes
    ----------
    due : datetime or None
        Since when it is due; None while it is not.
    next : datetime or None
        When it is due next; None while it is off. A task that never ran is due at once.
    missed : datetime or None
        The first time at which it should have run and did not, where more than one has passed.
    """

    task: Task
    on: bool
    cron: str
    last: TaskRun | None
    due: datetime | None
    next: datetime | None
    missed: datetime | None


def planned(desk: Desk, now: datetime | None = None) -> list[Planned]:
    """Every task as it stands."""
    at = now or datetime.now(UTC)
    known = tasks(desk)
    own = [task.key for task in known if task.own]
    settings, last, dues = desk.ledger.task_settings(), desk.ledger.last_runs(own), desk.ledger.last_due(own)
    return [_planned(task, settings.get(task.key), last.get(task.key), dues.get(task.key), at) for task in known]


def _planned(
    task: Task, setting: TaskSetting | None, last: TaskRun | None, done: datetime | None, now: datetime
) -> Planned:
    cron = (setting.cron if setting is not None else None) or task.cron
    if setting is not None and not setting.on:
        return Planned(task, False, cron, last, None, None, None)
    since = max(filter(None, (done, setting.changed_at if setting is not None else None)), default=None)
    if since is None:
        return Planned(task, True, cron, last, now, now, None)
    due = when.latest_due(cron, since, now)
    first = when.next_after(cron, since)
    return Planned(task, True, cron, last, due, due or first, first if due is not None and first < due else None)


def run_due(
    desk: Desk,
    actor: Actor = DESK,
    now: datetime | None = None,
    *,
    lane: str | None = None,
    go_on: Callable[[], bool] = lambda: True,
) -> list[TaskRun]:
    """Run what is due, one after another.

    Parameters
    ----------
    lane : str, optional
        Only tasks of this lane; None: of all, but those that only a served desk does.
    go_on : callable
        Asked before each task.

    Raises
    ------
    DeskBusy
        Another process has the log: it runs the tasks.
    """
    require(actor, Action.WATCH)
    desk.log  # noqa: B018  whoever has the log runs the tasks, and marks what its last owner left behind
    at, done = now or datetime.now(UTC), []
    for item in planned(desk, at):
        wanted = item.task.lane == lane if lane is not None else not item.task.served
        if item.due is not None and wanted and go_on():
            began, own = now or datetime.now(UTC), item.task.own
            run = desk.ledger.claim_run(item.task.key, item.due, began, _by(actor), actor.name, own=own)
            if run is not None:
                _note_missed(desk, item, run)
                done.append(finish(desk, item.task, run))
    return done


def run_now(desk: Desk, actor: Actor, key: str, now: datetime | None = None) -> TaskRun:
    """Run a task whether it is due or not.

    Raises
    ------
    NotReady
        It is running already.
    """
    require(actor, Action.WATCH)
    task = task_named(desk, key)
    desk.log  # noqa: B018  as above
    return finish(desk, task, begin(desk, actor, task, now or datetime.now(UTC)))


def begin(desk: Desk, actor: Actor, task: Task, now: datetime) -> TaskRun:
    """Claim a run that somebody asks for; NotReady where the task is running."""
    require(actor, Action.WATCH)
    run = desk.ledger.claim_run(task.key, now, now, _by(actor), actor.name, own=task.own)
    if run is None:
        raise NotReady(f"'{task.title}' is running already.", "Wait until it has ended; its result is shown here.")
    return run


def as_json(run: TaskRun) -> dict[str, Any]:
    """A run in plain values."""
    facts = asdict(run)
    return facts | {name: str(facts[name]) for name in ("due_at", "started_at", "ended_at") if facts[name]}


def task_named(desk: Desk, key: str) -> Task:
    """A task by its key; UnknownName where there is none."""
    known = {task.key: task for task in tasks(desk)}
    if key not in known:
        raise UnknownName("task", key, known)
    return known[key]


def finish(desk: Desk, task: Task, run: TaskRun) -> TaskRun:
    """Do what was claimed, and write down what came of it."""
    at, began = run.started_at, time.monotonic()
    state, said, result = _outcome(desk, task, at)
    desk.requests.tallies.add(TASK_RUNS, task.key, state)
    late = (at - run.due_at).total_seconds()
    if late > LATE_SECONDS:
        said, result = f"Late by {when.stretch(late)}. {said}", {**result, "late_seconds": round(late)}
    ended = desk.ledger.end_run(run.number, at + timedelta(seconds=time.monotonic() - began), state, said, result)
    if task.quiet and state == "done" and not result.get("found"):
        desk.ledger.forget_quiet_runs(task.key, run.number)
    return ended


def _by(actor: Actor) -> str:
    return {"schedule": "schedule", "cli": "command"}.get(actor.via, "person")


def _note_missed(desk: Desk, item: Planned, run: TaskRun) -> None:
    """That earlier due times passed, unless the task only keeps count."""
    if item.missed is None or item.task.quiet:
        return
    since, made_up = (f"{moment:%Y-%m-%d %H:%M} UTC" for moment in (item.missed, run.due_at))
    said = f"Not run from {since} on: the desk was down or busy. The run of {made_up} makes up for it."
    desk.ledger.note_run(item.task.key, item.missed, run.started_at, MISSED, said)


def _outcome(desk: Desk, task: Task, now: datetime) -> tuple[str, str, dict[str, Any]]:
    """State, sentence and result of doing it; a fault becomes an incident and the schedule goes on."""
    try:
        result = _plain(task.run(desk, now))
    except DeskError as error:
        return "failed", str(error), {}
    except Exception:
        incident = uuid.uuid4().hex[:8]
        LOGGER.exception("task %s failed, incident %s", task.key, incident)
        return "failed", f"Something unexpected went wrong; the log has incident {incident}.", {}
    if failed := result.pop("failed", None):
        return "failed", str(failed), result
    if skipped := result.pop("skipped", None):
        return "skipped", str(skipped), result
    return "done", str(result.pop("said", "")), result


def _plain(result: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(dict(result), default=str))
    return found
