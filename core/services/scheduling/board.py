"""What the schedule page shows: tasks as they stand, and their runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.scheduling.running import Planned, planned
from core.store.ledger_schedule import INTERRUPTED, RUNNING
from core.store.ledger_schedule_tables import TaskRun

NOT_IN_ORDER = ("failed", "missed", INTERRUPTED)


@dataclass(frozen=True)
class Board:
    """The tasks, as of a moment. `by_itself`: whether a served desk runs them, or only somebody's cron."""

    at: datetime
    tasks: list[Planned]
    by_itself: bool

    @property
    def running(self) -> list[Planned]:
        """Tasks that are running now."""
        return [item for item in self.tasks if item.last is not None and item.last.state == RUNNING]

    @property
    def failed(self) -> list[Planned]:
        """Tasks that are on and whose last run failed."""
        return [item for item in self.tasks if item.on and item.last is not None and item.last.state == "failed"]


def board(desk: Desk, actor: Actor, now: datetime | None = None) -> Board:
    """Every task as it stands."""
    require(actor, Action.SEE_SERVICE)
    at = now or datetime.now(UTC)
    return Board(at, planned(desk, at), desk.settings.scheduler)


def runs(
    desk: Desk, actor: Actor, task: str | None = None, *, only_troubled: bool = False, limit: int = 200
) -> list[TaskRun]:
    """Runs, newest first; of one task, or only those that did not go as planned."""
    require(actor, Action.SEE_SERVICE)
    return desk.ledger.task_runs(task, states=NOT_IN_ORDER if only_troubled else None, limit=limit)
