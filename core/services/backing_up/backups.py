"""Backups as people see them: which there are, make one, read one again, when the next one comes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from core.config import Settings
from core.services.access import Action, Actor, require
from core.services.backing_up import making
from core.services.backing_up.kept import BY_HAND
from core.services.desk import Desk
from core.store.backup import Backups, Manifest
from core.store.backup_pieces import BackupProblem

if TYPE_CHECKING:
    from core.services.backing_up.drilling import Drill

TASK = "backup"
MADE, READ_AGAIN = "back up", "read a backup again"


@dataclass(frozen=True)
class Backup:
    """One backup.

    Attributes
    ----------
    made_at : datetime
        Everything that was acknowledged before is in it.
    reason : {"hourly", "daily", "on change", "by hand"}
    bytes, new_bytes : int
        What it would take up put back, and what had to be written for it.
    n_rows : int
        Logged rows; `rows_of` by use case.
    event_seq, event_hash : int, str
        The last event of the chain.
    verified : bool
        Every piece was read again, and whole.
    damaged : bool
        It was read again, and was not.
    """

    id: str
    made_at: datetime
    reason: str
    bytes: int
    n_rows: int
    event_seq: int
    verified: bool
    new_bytes: int
    rows_of: Mapping[str, int]
    event_hash: str
    seconds: float
    damaged: bool
    desk_version: str


def backups(desk: Desk, actor: Actor) -> list[Backup]:
    """Every backup, newest first."""
    require(actor, Action.SEE_ADMIN)
    return listed(desk.settings)


def listed(settings: Settings) -> list[Backup]:
    """Every backup in the folder that the settings name, newest first; needs no desk."""
    kept = Backups(settings.backups_dir)
    return [_seen(kept, manifest) for manifest in kept.all()]


def unreadable(settings: Settings) -> list[str]:
    """Ids of backups whose manifest has changed or cannot be read."""
    return Backups(settings.backups_dir).unreadable()


def _seen(kept: Backups, manifest: Manifest) -> Backup:
    whole = kept.verified(manifest.id)
    return Backup(
        id=manifest.id,
        made_at=manifest.made_at,
        reason=manifest.reason,
        bytes=manifest.bytes,
        n_rows=sum(manifest.n_rows.values()),
        event_seq=manifest.event_seq,
        verified=whole is True,
        new_bytes=manifest.new_bytes,
        rows_of=dict(manifest.n_rows),
        event_hash=manifest.event_hash,
        seconds=manifest.seconds,
        damaged=whole is False,
        desk_version=manifest.desk_version,
    )


def back_up(desk: Desk, actor: Actor, now: datetime | None = None) -> Backup:
    """Make a backup now, and read it again.

    Raises
    ------
    BackupProblem
        The folder is full or may not be written to, or what was written does not read the same.
    """
    require(actor, Action.BACK_UP)
    at = now or datetime.now(UTC)
    manifest = making.make(desk, BY_HAND, now)
    after = {"event_seq": manifest.event_seq, "bytes": manifest.bytes}
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    desk.ledger.record(at=at, **who, action=MADE, subject=manifest.id, after=after)
    read_again(desk.settings, manifest.id, at)
    return _seen(Backups(desk.settings.backups_dir), manifest)


def verify(desk: Desk, actor: Actor, backup_id: str, now: datetime | None = None) -> Backup:
    """Read every piece of a backup again; what came of it is an event.

    Raises
    ------
    BackupProblem
        It is not whole; the message names the files.
    """
    require(actor, Action.BACK_UP)
    at = now or datetime.now(UTC)
    kept = Backups(desk.settings.backups_dir)
    manifest = kept.get(backup_id)
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    facts: dict[str, str] = {"action": READ_AGAIN, "subject": backup_id}
    try:
        read_again(desk.settings, backup_id, at)
    except BackupProblem as problem:
        desk.ledger.record(at=at, **who, **facts, result="damaged", reason=problem.message)
        raise
    desk.ledger.record(at=at, **who, **facts, result="whole")
    return _seen(kept, manifest)


def read_again(settings: Settings, backup_id: str, now: datetime) -> None:
    """Read every piece of a backup and write down whether it was whole; BackupProblem where it was not."""
    kept = Backups(settings.backups_dir)
    manifest = kept.get(backup_id)
    damaged = kept.damage(manifest)
    kept.note_verified(manifest, now, not damaged)
    if damaged:
        named = ", ".join(damaged[:5]) + (f" and {len(damaged) - 5} more" if len(damaged) > 5 else "")
        raise BackupProblem(
            f"Backup {backup_id} is not whole: {named}.",
            "Its damaged pieces are set aside, so that the next backup writes them anew. Restore another one.",
            files=damaged,
        )


def drill(desk: Desk, actor: Actor, now: datetime | None = None) -> Drill:
    """Try the newest backup out (`core.services.backing_up.drilling`)."""
    from core.services.backing_up import drilling

    return drilling.drill(desk, actor, now)


def last_drill(desk: Desk, actor: Actor) -> Drill | None:
    """What came of the last drill; None: there was none."""
    from core.services.backing_up import drilling

    return drilling.last_drill(desk, actor)


def next_at(desk: Desk, now: datetime | None = None) -> datetime | None:
    """When the next backup is due; None while that task is off."""
    from core.services.scheduling.running import planned

    return next(item.next for item in planned(desk, now) if item.task.key == TASK)


def same_disk(settings: Settings) -> bool:
    """Whether the backups lie on the disk of the data, so that both would be lost with it."""
    return _device(settings.backups_dir) == _device(settings.data_dir)


def _device(folder: Path) -> int:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return os.stat(there).st_dev
