"""What the desk does by itself: how tasks are set, every run with its result, scoring jobs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, true, update

from core.errors import UnknownName
from core.store.ledger_desks import LedgerDesks
from core.store.ledger_schedule_tables import (
    SCORING_JOBS,
    SOURCES_TAKEN,
    TASK_RUNS,
    TASK_SETTINGS,
    ScoringJobRecord,
    SourceTaken,
    TaskRun,
    TaskSetting,
)
from core.store.ledger_upsert import upsert

RUNNING, INTERRUPTED, MISSED = "running", "interrupted", "missed"


class LedgerSchedule(LedgerDesks):
    """The schedule of `core.store.ledger.Ledger`."""

    def set_task(self, setting: TaskSetting) -> None:
        """Set a task; what was set before is replaced."""
        with self.transaction() as connection:
            upsert(connection, TASK_SETTINGS, keys=("task",), values=asdict(setting))

    def task_settings(self) -> dict[str, TaskSetting]:
        """Every task that somebody has set, by its key."""
        return {row.task: TaskSetting(**row._mapping) for row in self._read(select(TASK_SETTINGS))}

    def claim_run(
        self, task: str, due_at: datetime, now: datetime, by: str, actor: str, *, own: bool = False
    ) -> TaskRun | None:
        """Begin a run; None where the task is running, or where this due time was taken up by somebody else.

        The look and the row are one transaction that holds the write lock, so of two processes, or of two desks on one
        ledger, one gets it.

        Parameters
        ----------
        own : bool
            Each desk does this task for itself: what others have run does not count.
        """
        with self.transaction() as connection:
            mine = (TASK_RUNS.c.task == task) & self._not_others((task,) if own else ())
            taken = (TASK_RUNS.c.state == RUNNING) | (TASK_RUNS.c.due_at >= due_at)
            if connection.execute(select(TASK_RUNS.c.number).where(mine, taken).limit(1)).first() is not None:
                return None
            return self._add_run(connection, task, due_at, now, RUNNING, by=by, actor=actor)

    def _add_run(
        self, connection: Connection, task: str, due_at: datetime, now: datetime, state: str, **facts: Any
    ) -> TaskRun:
        number = (connection.execute(select(func.max(TASK_RUNS.c.number))).scalar() or 0) + 1
        ended = None if state == RUNNING else now
        told = {"said": "", "result": None, "desk": self.desk_id, **facts}
        run = TaskRun(number, task, due_at, now, ended, state, **told)
        connection.execute(insert(TASK_RUNS).values(**asdict(run)))
        return run

    def note_run(self, task: str, due_at: datetime, now: datetime, state: str, said: str) -> TaskRun:
        """Write down a run that did not take place: missed or skipped."""
        with self.transaction() as connection:
            return self._add_run(connection, task, due_at, now, state, said=said, by="schedule", actor="Ringside")

    def end_run(self, number: int, at: datetime, state: str, said: str, result: Mapping[str, Any] | None) -> TaskRun:
        """Write down what came of a run."""
        values = {"ended_at": at, "state": state, "said": said, "result": dict(result) if result is not None else None}
        with self.transaction() as connection:
            connection.execute(update(TASK_RUNS).where(TASK_RUNS.c.number == number).values(**values))
            row = connection.execute(select(TASK_RUNS).where(TASK_RUNS.c.number == number)).one()
            return TaskRun(**row._mapping)

    def forget_quiet_runs(self, task: str, before: int) -> None:
        """Of runs that found nothing only the last is kept: take out those before a number."""
        nothing = func.coalesce(TASK_RUNS.c.result["found"].as_integer(), 0) == 0
        old = (TASK_RUNS.c.task == task) & (TASK_RUNS.c.number < before) & (TASK_RUNS.c.state == "done")
        old &= self._not_others((task,))
        with self.transaction() as connection:
            connection.execute(delete(TASK_RUNS).where(old, nothing))

    def forget_runs(self, before: datetime) -> int:
        """Take out runs that began before a time, but the last of each task; how many."""
        newest = select(func.max(TASK_RUNS.c.number)).group_by(TASK_RUNS.c.task)
        old = (TASK_RUNS.c.started_at < before) & TASK_RUNS.c.number.not_in(newest)
        with self.transaction() as connection:
            return int(connection.execute(delete(TASK_RUNS).where(old)).rowcount)

    def interrupt_runs(self, at: datetime, *, others: bool = False) -> list[TaskRun]:
        """Mark runs that a dead process left behind; only for who has the desk's lock.

        What other desks on the same ledger run is left to them while they are there.

        Parameters
        ----------
        others : bool
            Only what desks left behind that are gone: this desk is at work.
        """
        said = "The desk stopped while it ran; what it had written down stays."
        with self.transaction() as connection:
            free = self._free(TASK_RUNS.c.desk, at, others)
            found = connection.execute(select(TASK_RUNS.c.number).where(TASK_RUNS.c.state == RUNNING, free))
            return [self.end_run(row.number, at, INTERRUPTED, said, None) for row in found.all()]

    def _not_others(self, own: Collection[str]) -> ColumnElement[bool]:
        """Runs but those of other desks, of tasks that each desk does for itself."""
        if self.desk_id is None or not own:
            return true()
        return TASK_RUNS.c.task.not_in(own) | (TASK_RUNS.c.desk == self.desk_id)

    def task_runs(
        self, task: str | None = None, *, states: tuple[str, ...] | None = None, limit: int = 100
    ) -> list[TaskRun]:
        """Runs, newest first."""
        query = select(TASK_RUNS).order_by(TASK_RUNS.c.number.desc()).limit(limit)
        if task is not None:
            query = query.where(TASK_RUNS.c.task == task)
        if states is not None:
            query = query.where(TASK_RUNS.c.state.in_(states))
        return [TaskRun(**row._mapping) for row in self._read(query)]

    def last_runs(self, own: Collection[str] = ()) -> dict[str, TaskRun]:
        """The newest run of every task that took place; of the tasks in `own` only this desk's."""
        took_place = (TASK_RUNS.c.state != MISSED) & self._not_others(own)
        newest = select(func.max(TASK_RUNS.c.number)).where(took_place).group_by(TASK_RUNS.c.task)
        found = self._read(select(TASK_RUNS).where(TASK_RUNS.c.number.in_(newest)))
        return {row.task: TaskRun(**row._mapping) for row in found}

    def last_due(self, own: Collection[str] = ()) -> dict[str, datetime]:
        """The latest time for which every task was run, or was noted not to have been; `own` as in `last_runs`."""
        query = select(TASK_RUNS.c.task, func.max(TASK_RUNS.c.due_at).label("due_at")).group_by(TASK_RUNS.c.task)
        query = query.where(self._not_others(own))
        return {row.task: row.due_at for row in self._read(query)}

    def save_scoring_job(self, job: ScoringJobRecord) -> None:
        """Keep a scoring job; one with the same id is replaced."""
        with self.transaction() as connection:
            upsert(connection, SCORING_JOBS, keys=("id",), values=asdict(job))

    def scoring_jobs(self, use_case: str | None = None) -> list[ScoringJobRecord]:
        """Scoring jobs that were not removed, by name."""
        query = select(SCORING_JOBS).where(SCORING_JOBS.c.removed_at.is_(None)).order_by(SCORING_JOBS.c.name)
        if use_case is not None:
            query = query.where(SCORING_JOBS.c.use_case == use_case)
        return [ScoringJobRecord(**row._mapping) for row in self._read(query)]

    def scoring_job(self, job_id: str) -> ScoringJobRecord:
        """One scoring job; UnknownName where there is none."""
        for job in self.scoring_jobs():
            if job.id == job_id:
                return job
        raise UnknownName("scoring job", job_id, [job.id for job in self.scoring_jobs()])

    def keep_source(self, taken: SourceTaken) -> None:
        """Keep how far a source has come."""
        with self.transaction() as connection:
            upsert(connection, SOURCES_TAKEN, keys=("scoring_job", "mark"), values=asdict(taken))

    def sources_taken(self, job_id: str, limit: int = 100_000) -> list[SourceTaken]:
        """Sources that a scoring job has begun, newest first."""
        query = select(SOURCES_TAKEN).where(SOURCES_TAKEN.c.scoring_job == job_id)
        query = query.order_by(SOURCES_TAKEN.c.begun_at.desc()).limit(limit)
        return [SourceTaken(**row._mapping) for row in self._read(query)]
