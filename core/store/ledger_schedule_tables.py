"""Tables of what the desk does by itself: settings of tasks, their runs, scoring jobs and the sources they took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Index, Integer, Table, Text

from core.store.ledger_tables import METADATA
from core.store.ledger_types import Name, UtcDateTime

TASK_SETTINGS = Table(
    "task_settings",
    METADATA,
    Column("task", Name, primary_key=True),
    Column("on", Boolean, nullable=False),
    Column("cron", Name),  # null: the task's own
    Column("changed_at", UtcDateTime, nullable=False),
)
TASK_RUNS = Table(
    "task_runs",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("task", Name, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("state", Name, nullable=False),  # running | done | failed | skipped | missed | interrupted
    Column("said", Text, nullable=False),
    Column("result", JSON(none_as_null=True)),
    Column("by", Name, nullable=False),  # schedule | person | command
    Column("actor", Name, nullable=False),
    Column("desk", Name),  # which ran it; null: the desk that the ledger belongs to
    Index("task_runs_by_task", "task", "number"),
)
SCORING_JOBS = Table(
    "scoring_jobs",
    METADATA,
    Column("id", Name, primary_key=True),
    Column("use_case", Name, nullable=False, index=True),
    Column("name", Name, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Name, nullable=False),
    Column("spec", JSON, nullable=False),
    Column("removed_at", UtcDateTime),
)
SOURCES_TAKEN = Table(
    "sources_taken",
    METADATA,
    Column("scoring_job", Name, primary_key=True),
    Column("mark", Name, primary_key=True),  # sha256 of the content
    Column("name", Name, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("scored_at", UtcDateTime),
    Column("handed_on_at", UtcDateTime),
    Column("facts", JSON, nullable=False),
)


@dataclass(frozen=True)
class TaskSetting:
    """How somebody set a task; `cron` None: at the task's own times."""

    task: str
    on: bool
    cron: str | None
    changed_at: datetime


@dataclass(frozen=True)
class TaskRun:
    """One run of a task, or why there was none. `state`: running, done, failed, skipped, missed, interrupted.

    `desk` is which one ran it; None where the ledger belongs to one desk.
    """

    number: int
    task: str
    due_at: datetime
    started_at: datetime
    ended_at: datetime | None
    state: str
    said: str
    result: Mapping[str, Any] | None
    by: str
    actor: str
    desk: str | None = None


@dataclass(frozen=True)
class ScoringJobRecord:
    """A scoring job as it was defined; a removed one keeps its runs."""

    id: str
    use_case: str
    name: str
    created_at: datetime
    created_by: str
    spec: Mapping[str, Any]
    removed_at: datetime | None = None


@dataclass(frozen=True)
class SourceTaken:
    """A source that a scoring job has begun, scored, handed on: what is handed on is not taken again.

    `facts`: the file's size and time, rows by what became of them, the scored file, how much of it was handed on.
    """

    scoring_job: str
    mark: str
    name: str
    begun_at: datetime
    scored_at: datetime | None
    handed_on_at: datetime | None
    facts: Mapping[str, Any]
