"""Putting a backup back: into a folder of its own, or in the place of what a desk has now.

Everything is checked before anything is moved: every piece against its checksum, the chain of events to its last
link, the rows of the log by use case. What lay there before is moved aside, never deleted.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.config import Settings
from core.errors import InputError
from core.services.access import Action, Actor, require
from core.services.backing_up.reconciling import reconcile
from core.store.backup import LEDGER, LOG, Backups, Manifest, StoredFile
from core.store.backup_ledger import put_back
from core.store.backup_pieces import BackupProblem
from core.store.ledger import Ledger
from core.store.lock import DeskLock
from core.store.log import PredictionLog
from core.store.log_move import move_back, move_up
from core.store.log_open import SHARED

RESTORED = "restore a backup"
_PART, _MEMORY_MB = ".restoring", 384


@dataclass(frozen=True)
class Restored:
    """What was put back.

    Attributes
    ----------
    moved_to : str
        Where what lay there before is now; "" where there was nothing.
    n_undone : int
        Events that the former ledger had after the backup's last one.
    """

    id: str
    made_at: datetime
    home: str
    n_rows: int
    n_events: int
    moved_to: str
    n_undone: int


def restore(
    settings: Settings, actor: Actor, backup_id: str, into: Path | None = None, now: datetime | None = None
) -> Restored:
    """Put a backup back, into an empty or new folder, or in the place of the home's data and models.

    Raises
    ------
    UnknownName
        There is no such backup.
    BackupProblem
        It does not hold: a checksum, the chain of events, the number of rows.
    InputError
        The folder holds something.
    DeskBusy
        A desk runs in the home that is to be replaced.
    """
    require(actor, Action.RESTORE)
    at = now or datetime.now(UTC)
    kept = Backups(settings.backups_dir)
    manifest = kept.get(backup_id)
    if into is not None:
        return _into(kept, manifest, into, actor, at)
    with DeskLock(settings.data_dir):
        return _in_place(kept, manifest, settings, actor, at)


def _into(kept: Backups, manifest: Manifest, into: Path, actor: Actor, at: datetime) -> Restored:
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise InputError(f"{into} is not empty.", "Name a folder that is empty or does not exist.")
    part = into.with_name(f".{into.name}{_PART}")
    shutil.rmtree(part, ignore_errors=True)
    try:
        unpack(kept, manifest, part)
        _note(part, manifest, actor, at, 0)
        if into.exists():
            into.rmdir()
        part.rename(into)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return _restored(manifest, into, "", 0)


def _in_place(kept: Backups, manifest: Manifest, settings: Settings, actor: Actor, at: datetime) -> Restored:
    home = settings.home
    part, aside = home / _PART, home / f"replaced-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    shutil.rmtree(part, ignore_errors=True)
    try:
        unpack(kept, manifest, part)
        undone = _events_after(settings, manifest)
        _note(part, manifest, actor, at, undone)
        if settings.database_url:
            _ledger_to_server(part, settings)
        moved = _exchange(part / "data", settings.data_dir, aside / "data", settings.backups_dir)
        moved |= _exchange(part / "models", settings.models_dir, aside / "models", settings.backups_dir)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    if settings.database_url.startswith(SHARED):
        path = settings.data_dir / Path(LOG).name
        move_up(path, settings.database_url, settings.memory_mb, settings.threads, at)
    return _restored(manifest, home, str(aside) if moved else "", undone)


def _ledger_to_server(part: Path, settings: Settings) -> None:
    """Its rows go to the server that the settings name; the file goes with the backup they came from."""
    with closing(Ledger(settings.database_url)) as ledger:
        put_back(part / LEDGER, ledger)
    (part / LEDGER).unlink()


def _restored(manifest: Manifest, home: Path, moved_to: str, undone: int) -> Restored:
    n_rows = sum(manifest.n_rows.values())
    return Restored(manifest.id, manifest.made_at, str(home), n_rows, manifest.event_seq, moved_to, undone)


def unpack(kept: Backups, manifest: Manifest, home: Path) -> None:
    """Write a backup's files into a new home and check what they hold; BackupProblem says what does not."""
    try:
        for name in ("data", "models"):
            (home / name).mkdir(parents=True, mode=0o700)
        for item in manifest.files:
            _write(kept, item, home)
    except OSError as error:
        hint = "Make room, or name a folder that may be written to; nothing was changed."
        raise BackupProblem(f"{home.parent} cannot be written to: {error.strerror or error}.", hint) from error
    _check_ledger(home, manifest)
    _check_log(home, manifest)


def _write(kept: Backups, item: StoredFile, home: Path) -> None:
    try:
        kept.write_file(item, home)
    except BackupProblem as problem:
        raise BackupProblem(f"{item.path}: {problem.message}", problem.hint, file=item.path) from problem


def _check_ledger(home: Path, manifest: Manifest) -> None:
    with closing(Ledger(home / LEDGER)) as ledger:
        broken = ledger.verify_chain()
        if broken is not None:
            raise BackupProblem(f"The chain of events of backup {manifest.id} breaks at event {broken}.", _OTHER)
        seq, digest = ledger.head()
        if seq != manifest.event_seq or (seq and digest != manifest.event_hash):
            raise BackupProblem(
                f"The last event of backup {manifest.id} is {seq}, its manifest says {manifest.event_seq}.", _OTHER
            )


def _check_log(home: Path, manifest: Manifest) -> None:
    with closing(PredictionLog(home / LOG)) as log:
        found, is_copy = log.n_rows_by_use_case(), log.is_copy()
    if is_copy:  # of a log on a server: here it is one of its own
        move_back(home / LOG, "", _MEMORY_MB, 1)
    if found != dict(manifest.n_rows):
        said, has = (", ".join(f"{key} {n:,}" for key, n in sorted(rows.items())) for rows in (manifest.n_rows, found))
        raise BackupProblem(f"The log of backup {manifest.id} has {has}; its manifest says {said}.", _OTHER)


def _events_after(settings: Settings, manifest: Manifest) -> int:
    """Events that are undone by going back; 0 where the present ledger cannot be read."""
    path = settings.data_dir / Path(LEDGER).name
    if settings.database_url or not path.is_file():
        return 0
    try:
        with closing(Ledger(path)) as ledger:
            return max(0, ledger.head()[0] - manifest.event_seq)
    except Exception:  # noqa: BLE001  a damaged ledger is a reason to restore, not one to refuse
        return 0


def _note(home: Path, manifest: Manifest, actor: Actor, at: datetime, undone: int) -> None:
    """That the desk was put back stands in the chain that goes on from there."""
    with closing(Ledger(home / LEDGER)) as ledger, closing(PredictionLog(home / LOG)) as log:
        reconcile(log, ledger, at)
        ledger.record(
            at=at, actor=actor.name, role=actor.role.value, via=actor.via, action=RESTORED, subject=manifest.id,
            after={"made_at": manifest.made_at.isoformat(), "event_seq": manifest.event_seq, "events_undone": undone},
        )  # fmt: skip


def _exchange(new: Path, old: Path, aside: Path, backups: Path) -> bool:
    """Move what lies in a folder aside and the new in its place; the lock and the backups stay where they are."""
    moved = False
    old.mkdir(parents=True, exist_ok=True)
    for path in sorted(old.iterdir()):
        if path.name == "desk.lock" or backups.resolve().is_relative_to(path.resolve()):
            continue
        aside.mkdir(parents=True, exist_ok=True)
        shutil.move(path, aside / path.name)
        moved = True
    for path in sorted(new.iterdir()):
        shutil.move(path, old / path.name)
    return moved


_OTHER = "Restore another backup: python -m core backup --list"
