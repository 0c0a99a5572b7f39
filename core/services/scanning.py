"""Uploads go past a virus scanner where one is configured; what it finds is refused and written down."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from core.errors import FileProblem
from core.services.access import Actor
from core.services.desk import Desk


def refuse_harmful(desk: Desk, actor: Actor, path: Path) -> None:
    """Let a file pass, or refuse it; without RINGSIDE_CLAMD every file passes.

    Raises
    ------
    FileProblem
        The scanner knows it; an event says so.
    NotLookedAt
        The scanner does not answer: then nothing passes.
    """
    where = desk.settings.clamd
    if not where:
        return
    from core.bridges.clamd import found_in

    with path.open("rb") as content:
        found = found_in(where, content)
    if found is None:
        return
    desk.ledger.record(
        at=datetime.now(UTC),
        actor=actor.name,
        role=actor.role.value,
        via=actor.via,
        action="upload refused",
        subject="upload",
        reason=f"the virus scanner found {found}",
        result="refused",
    )
    raise FileProblem(
        f"The virus scanner found {found} in this file; it was not kept.",
        "Look at the machine that it came from.",
        found=found,
    )
