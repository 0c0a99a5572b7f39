"""A desk's own log moves into the shared one, or its copy of that becomes a log of its own again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.config import Settings
from core.errors import InputError
from core.services.access import Action, Actor, require
from core.services.desk import open_desk
from core.store.lock import DeskLock
from core.store.log_open import SHARED

MOVED, TAKEN_BACK = "move the log", "take the log back"


@dataclass(frozen=True)
class Moved:
    """What was moved: rows in all, and by use case where they were brought into the shared log."""

    rows: int
    use_cases: dict[str, int] = field(default_factory=dict)


def move_log(settings: Settings, actor: Actor, *, back: bool = False, now: datetime | None = None) -> Moved:
    """Bring the rows of this desk's log into the shared one, once; or, `back`, make its copy a log of its own.

    Raises
    ------
    InputError
        RINGSIDE_DATABASE_URL names no PostgreSQL; there is nothing to move or to take back.
    DeskBusy
        The desk runs.
    DatabaseDown
    """
    require(actor, Action.RESTORE)
    at, url = now or datetime.now(UTC), settings.database_url
    shared = url if url.startswith(SHARED) else ""
    if not back and not shared:
        raise InputError(
            "RINGSIDE_DATABASE_URL names no PostgreSQL server to move the log to.",
            "Set it to postgresql://user:password@host/database.",
        )
    from core.store.log_move import move_back, move_up

    path = settings.data_dir / "log.duckdb"
    with DeskLock(settings.data_dir):
        if back:
            moved = Moved(move_back(path, shared, settings.memory_mb, settings.threads))
        else:
            brought = move_up(path, shared, settings.memory_mb, settings.threads, at)
            moved = Moved(sum(brought.values()), brought)
    desk = open_desk(settings)
    try:
        desk.ledger.record(
            at=at, actor=actor.name, role=actor.role.value, via=actor.via, action=TAKEN_BACK if back else MOVED,
            subject="log", after={"rows": moved.rows, **moved.use_cases},
        )  # fmt: skip
    finally:
        desk.close()
    return moved
