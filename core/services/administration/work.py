"""What the desk is doing now, whoever asked for it by whatever face; stopped by an administrator, on record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.jobs import FINISHED, JobState
from core.services.scheduling.running import planned
from core.store.ledger_tables import JobRecord

CANCEL = "cancel job"
_MOST = 500  # jobs looked at for those that other processes of the desk work on
_AT_WORK = ("queued", "running")


@dataclass(frozen=True)
class Work:
    """One job as it stands.

    Attributes
    ----------
    what : str
        What it is about, as whoever asked called it: a file's name, a use case's title; "" where nothing was said.
    via : str
        The face it came by: page, cli, inbox, schedule or api; "" where that was not kept.
    here : bool
        Whether this process does it, and can stop it.
    """

    state: JobState
    what: str
    via: str
    here: bool


@dataclass(frozen=True)
class TaskAtWork:
    """A task of the schedule that is running. `by`: "schedule", "person" or "command"."""

    title: str
    since: datetime
    by: str


@dataclass(frozen=True)
class AtWork:
    """Everything that is being done at a moment, and what was done last."""

    at: datetime
    jobs: tuple[Work, ...]  # oldest first
    tasks: tuple[TaskAtWork, ...]
    ended: tuple[JobRecord, ...]  # newest first


def at_work(desk: Desk, actor: Actor, now: datetime | None = None, n_ended: int = 20) -> AtWork:
    """Jobs that wait or run, tasks that run, and the last jobs that ended."""
    require(actor, Action.SEE_ADMIN)
    here = desk.jobs.active()
    known = {state.id for state in here}
    records = desk.ledger.jobs(limit=_MOST)
    elsewhere = [record for record in records if record.state in _AT_WORK and record.id not in known]
    jobs = [_work(state, True) for state in here] + [_work(_state_of(record), False) for record in elsewhere]
    running = [item for item in planned(desk, now) if item.last is not None and item.last.state == "running"]
    tasks = [TaskAtWork(item.task.title, item.last.started_at, item.last.by) for item in running if item.last]
    ended = [record for record in records if record.state in FINISHED][:n_ended]
    jobs.sort(key=lambda work: work.state.created_at)
    return AtWork(now or datetime.now(UTC), tuple(jobs), tuple(tasks), tuple(ended))


def cancel(desk: Desk, actor: Actor, job_id: str, reason: str = "", now: datetime | None = None) -> None:
    """Ask a job of this process to stop, whoever started it; it does so before its next step.

    Raises
    ------
    InputError
        It does not wait or run in this process.
    UnknownName
        There is no such job.
    """
    require(actor, Action.SEE_ADMIN)
    require(actor, Action.CANCEL_JOB)
    job = desk.jobs.state(job_id)
    before = {"state": job.state, "kind": job.kind, "use_case": job.use_case, "by": job.actor, "rows": job.rows_done}
    with desk.ledger.transaction():  # where there is nothing to cancel, nothing is written either
        desk.ledger.record(
            at=now or datetime.now(UTC), actor=actor.name, role=actor.role.value, via=actor.via, action=CANCEL,
            subject=f"job {job_id}", before=before, reason=reason.strip() or None, result="asked to stop",
        )  # fmt: skip
        desk.jobs.cancel(job_id)


def what_of(record: JobRecord | JobState) -> str:
    """What a job is about, in the words of whoever asked for it."""
    return str(record.spec.get("filename") or record.spec.get("title") or "")


def via_of(record: JobRecord | JobState) -> str:
    """The face a job came by; "" where that was not kept."""
    by = record.spec.get("actor")
    return str(by.get("via", "") if isinstance(by, dict) else record.spec.get("via", ""))


def _work(state: JobState, here: bool) -> Work:
    return Work(state, what_of(state), via_of(state), here)


def _state_of(record: JobRecord) -> JobState:
    facts = (record.id, record.kind, record.use_case, record.actor, record.spec, record.created_at, record.state)
    return JobState(*facts, message=record.message or "")
