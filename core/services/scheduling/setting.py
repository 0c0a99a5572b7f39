"""Setting what the desk does by itself: pause a task, take it up again, change its time; with a reason, on record."""

from __future__ import annotations

from datetime import UTC, datetime

from core.errors import InputError
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.scheduling import when
from core.services.scheduling.running import task_named
from core.store.ledger_schedule_tables import TaskSetting

CHANGED = "set a task"


def set_task(
    desk: Desk,
    actor: Actor,
    key: str,
    *,
    on: bool,
    cron: str | None,
    reason: str,
    now: datetime | None = None,
) -> TaskSetting:
    """Set a task; what came due while it was paused is not made up for.

    Parameters
    ----------
    cron : str or None
        When it runs; None: at its own times.

    Raises
    ------
    InputError
        No reason, or a time that cannot be read.
    """
    require(actor, Action.SCHEDULE)
    task, at = task_named(desk, key), now or datetime.now(UTC)
    if len(reason.strip()) < 3:
        raise InputError("A task is set for a reason.", "Say why in a few words.")
    asked = None if cron is None or cron.strip() == task.cron else cron.strip()
    if asked is not None:
        when.check(asked)
    with desk.ledger.transaction():
        before = desk.ledger.task_settings().get(key)
        setting = TaskSetting(key, on, asked, at)
        desk.ledger.set_task(setting)
        desk.ledger.record(
            at=at, actor=actor.name, role=actor.role.value, via=actor.via, action=CHANGED, subject=f"task {key}",
            before={"on": before is None or before.on, "cron": (before and before.cron) or task.cron},
            after={"on": on, "cron": asked or task.cron}, reason=reason.strip(),
        )  # fmt: skip
    return setting
