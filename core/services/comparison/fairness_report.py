"""A fair-lending report is taken along: who took it, of what, is written into the ledger first."""

from __future__ import annotations

from datetime import datetime

from core.services.access import Action, Actor, require
from core.services.comparison.fairness import Fairness
from core.services.desk import Desk
from core.store.ledger_tables import EventRecord


def taken_along(desk: Desk, actor: Actor, found: Fairness, now: datetime) -> EventRecord:
    """Record that somebody takes the figures along; the event's number stands in the report."""
    require(actor, Action.SEE_GROUPS)
    require(actor, Action.DOWNLOAD)
    return desk.ledger.record(
        at=now,
        actor=actor.name,
        role=actor.role.value,
        via=actor.via,
        action="download fair-lending report",
        subject=f"{found.use_case} {', '.join(found.versions)}",
        after={
            "since": found.window.since.date().isoformat(),
            "until": found.window.until.date().isoformat(),
            "decision": found.selection.decision,
            "columns": [list(column.columns) for column in found.columns if len(column.columns) == 1],
            "rows": found.n_rows,
        },
    )
