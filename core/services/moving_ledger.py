"""A desk's ledger moves from its file to a server."""

from __future__ import annotations

from datetime import UTC, datetime

from core.config import Settings
from core.errors import InputError
from core.services.access import Action, Actor, require
from core.services.presence import LEDGER_FILE, open_ledger
from core.store.ledger_move import MovedLedger
from core.store.lock import DeskLock

MOVED = "move the ledger"


def move_ledger(settings: Settings, actor: Actor, *, now: datetime | None = None) -> MovedLedger:
    """Bring the ledger's file to the server that RINGSIDE_DATABASE_URL names, once.

    Raises
    ------
    InputError
        RINGSIDE_DATABASE_URL is not set; there is nothing to move; the server has a ledger already.
    DeskBusy
        The desk runs.
    DatabaseDown
    """
    require(actor, Action.RESTORE)
    from core.store.ledger_move import move_ledger as move

    if not settings.database_url:
        hint = "Set it to postgresql://user:password@host/database, or to mysql:// or mariadb://."
        raise InputError("RINGSIDE_DATABASE_URL names no server to move the ledger to.", hint)
    with DeskLock(settings.data_dir):
        moved = move(settings.data_dir / LEDGER_FILE, settings.database_url)
    ledger = open_ledger(settings)
    try:
        ledger.record(
            at=now or datetime.now(UTC), actor=actor.name, role=actor.role.value, via=actor.via, action=MOVED,
            subject="ledger", after={"events": moved.events, "last_hash": moved.last_hash, "rows": dict(moved.rows)},
        )  # fmt: skip
    finally:
        ledger.close()
    return moved
