"""Making a backup: log and ledger of one instant, then the models, the secrets and the rest of the home."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from core import __version__
from core.config import Settings
from core.services.backing_up.kept import Made, no_longer_kept
from core.services.desk import Desk
from core.store.backup import Backups, Manifest

# Of the data folder: the stores are copied as of one instant, a lock is nobody's data, and what was handed in or out
# can be handed in or made again; those files hold rows in the open, which a backup would keep beyond their retention.
_LEFT_OUT = frozenset({"backups", "desk.lock", "inbox", "outbox", "results", "uploads"})
_STORES = ("log.duckdb", "ledger.sqlite")


def make(desk: Desk, reason: str, now: datetime | None = None) -> Manifest:
    """Back the desk up and delete the backups that are no longer kept; its process must have the log.

    Raises
    ------
    BackupProblem
        The folder is full, or may not be written to.
    """
    backups = Backups(desk.settings.backups_dir)
    with backups.alone():
        at, began = now or datetime.now(UTC), time.monotonic()
        cut = backups.cut(desk.log, desk.ledger)
        files = backups.keep_files(files_of(desk.settings))
        seconds = round(time.monotonic() - began, 3)
        manifest = backups.complete(at, cut, files, reason=reason, desk_version=__version__, seconds=seconds)
        clear_away(backups, at)
    return manifest


def clear_away(backups: Backups, now: datetime) -> None:
    """Delete what is no longer kept."""
    made = [Made(item.id, item.made_at, item.reason, backups.verified(item.id) is True) for item in backups.all()]
    backups.forget(no_longer_kept(made, now))


def files_of(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Every file beside log and ledger that the desk needs: its path below the home, and where it lies now."""
    for path in _below(settings.data_dir):
        first = path.relative_to(settings.data_dir).parts[0]
        if first not in _LEFT_OUT and not first.startswith(_STORES) and not _is_in(path, settings.backups_dir):
            yield f"data/{path.relative_to(settings.data_dir)}", path
    for path in _below(settings.models_dir):
        yield f"models/{path.relative_to(settings.models_dir)}", path


def _below(folder: Path) -> Iterator[Path]:
    """Files in a folder and below it, in order; not what is just being written under a hidden name."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith(".") or path.name.endswith(".part") or path.is_symlink():
            continue
        if path.is_dir():
            yield from _below(path)
        elif path.is_file():
            yield path


def _is_in(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder)
