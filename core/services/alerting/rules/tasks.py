"""What the desk does by itself: a task or a scoring job whose last run failed, or that died on the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.domain.alert import Reading, State, Terms
from core.domain.usecase import UseCase
from core.services.alerting.rule import Rule, not_applicable
from core.services.desk import Desk
from core.services.scheduling.running import planned
from core.store.ledger_schedule_tables import TaskRun

_LONGEST = 300


def check(desk: Desk, use_case: UseCase | None, now: datetime, terms: Terms) -> Sequence[Reading]:
    """The last run of every task that is on; the run that is looking now has not ended and says nothing."""
    found = []
    for item in planned(desk, now):
        run = _last_ended(desk, item.task.key, now) if item.on else None
        if run is not None:
            found.append(_reading(run, item.task.title))
    return found or [not_applicable("No task has run yet.", 0)]


def _last_ended(desk: Desk, task: str, now: datetime) -> TaskRun | None:
    states = ("done", "failed", "interrupted", "skipped")
    return next((run for run in desk.ledger.task_runs(task, states=states, limit=20) if run.started_at <= now), None)


def _reading(run: TaskRun, title: str) -> Reading:
    if run.state not in ("failed", "interrupted"):
        return Reading(State.OK, f"'{title}' ran on {run.started_at:%Y-%m-%d %H:%M} UTC.", 0.0, n=1, about=run.task)
    says = f"'{title}' {'failed' if run.state == 'failed' else 'broke off'} on {run.started_at:%Y-%m-%d %H:%M} UTC: "
    evidence = f"{run.number}"
    return Reading(State.BREACH, (says + run.said)[:_LONGEST], 1.0, n=1, about=run.task, evidence=evidence)


RULE = Rule(
    key="tasks",
    title="Tasks of the desk",
    over="desk",
    terms=Terms(minimum_n=1, clear_after=1, clear_share=1.0, every=timedelta(minutes=15)),
    runbook="Read on the schedule page why it failed: a source or a receiver that is gone, a full disk. Set it right, "
    "then run the task there; what was scored but not handed on is handed on first.",
    check=check,
    page="schedule",
    watches="The last run of every task and scoring job that is on.",
)
