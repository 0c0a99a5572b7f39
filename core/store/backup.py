"""Backups of a desk: data/backups/<id>/manifest.json over pieces that all backups share (`backup_pieces`).

    manifest.json    what the desk held at one instant: every file with its checksum, rows by use case, the last event;
                     written last, so that a folder without one is no backup
    verified.json    when every piece was last read again, and whether all were whole
    ../pieces/       the contents

Log and ledger are of the same instant: while no event can be written and no checkpoint can change the log's file, the
length of its write-ahead log is taken and a reader of the ledger is settled; both are copied afterwards, from there.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core.errors import UnknownName
from core.store.backup_ledger import copy_ledger, head_of
from core.store.backup_log import WAL, read_elsewhere
from core.store.backup_pieces import PIECE_BYTES, BackupProblem, Content, Pieces, sync_folder, write_whole
from core.store.ledger import Ledger
from core.store.log import PredictionLog

MANIFEST, VERIFIED, PIECES = "manifest.json", "verified.json", "pieces"
LOG, LEDGER = "data/log.duckdb", "data/ledger.sqlite"
_LAYOUT = 1
_BEGUN = ("????????T??????Z-????", ".cut-*")  # folders that are made here; others may keep theirs beside them


@dataclass(frozen=True)
class StoredFile:
    """One file of a backup: its path below the home, its mode, what it held."""

    path: str
    mode: int
    content: Content


@dataclass(frozen=True)
class Manifest:
    """What a backup is.

    Attributes
    ----------
    made_at : datetime
        Everything that was acknowledged before is in it.
    event_seq, event_hash : int, str
        The last event; 0 and "" where there is none.
    new_bytes : int
        What had to be written for it.
    """

    id: str
    made_at: datetime
    reason: str
    desk_version: str
    n_rows: Mapping[str, int]
    event_seq: int
    event_hash: str
    files: tuple[StoredFile, ...]
    new_bytes: int
    seconds: float

    @property
    def bytes(self) -> int:
        return sum(item.content.bytes for item in self.files)


@dataclass(frozen=True)
class Cut:
    """Log and ledger of one instant, as files of a backup, and what they held."""

    files: tuple[StoredFile, ...]
    n_rows: Mapping[str, int]
    event_seq: int
    event_hash: str


class Backups:
    """The backups in a folder.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pieces = Pieces(folder / PIECES)

    def all(self) -> list[Manifest]:
        """Every backup that was completed, newest first, but for those whose manifest cannot be read."""
        found = (self._readable(path.parent.name) for path in self.folder.glob(f"*/{MANIFEST}"))
        return sorted(filter(None, found), key=lambda manifest: manifest.made_at, reverse=True)

    def unreadable(self) -> list[str]:
        """Ids of backups whose manifest cannot be read."""
        ids = sorted(path.parent.name for path in self.folder.glob(f"*/{MANIFEST}"))
        return [backup_id for backup_id in ids if self._readable(backup_id) is None]

    def newest(self) -> Manifest | None:
        """The newest one, without reading the others: ids begin with the time."""
        ids = sorted((path.parent.name for path in self.folder.glob(f"*/{MANIFEST}")), reverse=True)
        return next(filter(None, map(self._readable, ids)), None)

    def _readable(self, backup_id: str) -> Manifest | None:
        try:
            return _read(self.folder / backup_id / MANIFEST)
        except (ValueError, KeyError, TypeError, OSError):
            return None

    def get(self, backup_id: str) -> Manifest:
        """One backup.

        Raises
        ------
        UnknownName
        BackupProblem
            Its manifest cannot be read.
        """
        path = self.folder / Path(backup_id).name / MANIFEST
        if not path.is_file():
            raise UnknownName("backup", backup_id, [manifest.id for manifest in self.all()])
        try:
            return _read(path)
        except (ValueError, KeyError, TypeError) as error:
            raise BackupProblem(f"The manifest of backup {backup_id} cannot be read: {error}.", _OTHER) from None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While one process makes or deletes backups no other does."""
        with _in_words(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def cut(self, log: PredictionLog, ledger: Ledger) -> Cut:
        """Keep log and ledger as they are at one instant."""
        with _in_words(self.folder), ExitStack() as open_, TemporaryDirectory("", ".cut-", self.folder) as scratch:
            held = open_.enter_context(log.held())
            with ledger.transaction():  # nobody writes an event now
                held.cut()
                frozen = open_.enter_context(ledger.frozen())
            wal, data = self.pieces.keep(held.wal_blocks()), self.pieces.keep(held.blocks())
            copy = Path(scratch) / "ledger.sqlite"
            copy_ledger(frozen, copy)
            files = [StoredFile(LOG, 0o644, data), StoredFile(LEDGER, 0o644, self._kept(copy))]
            if wal.bytes:
                files.append(StoredFile(LOG + WAL, 0o644, wal))
            return Cut(tuple(files), held.n_rows, *head_of(frozen))

    def keep_files(self, paths: Iterable[tuple[str, Path]]) -> list[StoredFile]:
        """Keep files under their path below the home; one that goes away meanwhile is left out."""
        found = []
        with _in_words(self.folder):
            for name, path in paths:
                try:
                    found.append(StoredFile(name, path.stat().st_mode & 0o777, self._kept(path)))
                except FileNotFoundError:
                    continue
        return found

    def _kept(self, path: Path) -> Content:
        if path.suffix == ".duckdb":
            return self.pieces.keep(read_elsewhere(path, path.stat().st_size))
        with path.open("rb") as stream:
            return self.pieces.keep(iter(lambda: stream.read(PIECE_BYTES), b""))

    def complete(self, made_at: datetime, cut: Cut, files: Iterable[StoredFile], **facts: Any) -> Manifest:
        """Write the manifest: from then on it is a backup. `facts`: reason, desk_version, seconds."""
        backup_id = f"{made_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        facts |= {"n_rows": cut.n_rows, "event_seq": cut.event_seq, "event_hash": cut.event_hash}
        manifest = Manifest(
            id=backup_id, made_at=made_at, files=(*cut.files, *files), new_bytes=self.pieces.new_bytes, **facts
        )
        with _in_words(self.folder):
            self.pieces.settle()
            place = self.folder / backup_id
            place.mkdir(mode=0o700)
            write_whole(place / MANIFEST, _text(manifest))
            sync_folder(place)
            sync_folder(self.folder)
        return manifest

    def damage(self, manifest: Manifest) -> list[str]:
        """Read every piece again; the paths of the files that are not whole. Damaged pieces are set aside."""
        found = []
        for item in manifest.files:
            try:
                for _ in self.pieces.read(item.content):
                    pass
            except BackupProblem as problem:
                found.append(item.path)
                self.pieces.set_aside(str(problem.data.get("piece", "")))
        return found

    def note_verified(self, manifest: Manifest, at: datetime, whole: bool) -> None:
        """Write down that a backup was read again."""
        said = {"verified_at": at.isoformat(), "whole": whole}
        write_whole(self.folder / manifest.id / VERIFIED, json.dumps(said).encode())

    def verified(self, backup_id: str) -> bool | None:
        """Whether a backup was whole when it was last read again; None: it never was."""
        try:
            return bool(json.loads((self.folder / backup_id / VERIFIED).read_text())["whole"])
        except (OSError, ValueError, KeyError):
            return None

    def write_file(self, item: StoredFile, home: Path) -> None:
        """Put a file of a backup below a home; BackupProblem where a piece of it is damaged."""
        target = home / item.path
        if not target.resolve().is_relative_to(home.resolve()):
            raise BackupProblem(f"The backup names a file outside of the home: {item.path}.", _OTHER)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, item.mode)
        with os.fdopen(handle, "wb") as stream:
            for block in self.pieces.read(item.content):
                stream.write(block)
            stream.flush()
            os.fsync(stream.fileno())

    def forget(self, ids: Iterable[str]) -> int:
        """Delete backups, what was begun and never completed, and pieces that no backup needs; the bytes freed."""
        for backup_id in ids:
            (self.folder / backup_id / MANIFEST).unlink(missing_ok=True)  # first: half of a backup is none
            shutil.rmtree(self.folder / backup_id, ignore_errors=True)
        kept = self.all()
        known = {manifest.id for manifest in kept}
        for path in self.folder.iterdir():
            if any(map(path.match, _BEGUN)) and path.name not in known and not (path / MANIFEST).exists():
                shutil.rmtree(path, ignore_errors=True)
        if self.unreadable():
            return 0  # the manifest that cannot be read may need any piece
        return self.pieces.sweep({name for item in _contents(kept) for name in self._used(item)})

    def _used(self, content: Content) -> Iterator[str]:
        try:
            yield from self.pieces.used(content)
        except BackupProblem:  # its list is damaged, so the others' pieces are all that can be known
            return


def _contents(manifests: Iterable[Manifest]) -> set[Content]:
    return {item.content for manifest in manifests for item in manifest.files}


def _text(manifest: Manifest) -> bytes:
    facts = asdict(manifest) | {"made_at": manifest.made_at.isoformat(), "layout": _LAYOUT}
    facts["files"] = [[item.path, item.mode, *asdict(item.content).values()] for item in manifest.files]
    return json.dumps(facts | {"sha256": _digest(facts)}, indent=1).encode()


def _digest(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _read(path: Path) -> Manifest:
    found = path.stat()
    return _parsed(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=256)
def _parsed(path: Path, *version: int) -> Manifest:
    """A manifest; parsed once as long as the file is the same."""
    facts = json.loads(path.read_text(encoding="utf-8"))
    if facts.pop("sha256") != _digest(facts):
        raise ValueError("its content has changed")
    if facts.pop("layout") != _LAYOUT:
        raise ValueError("another version of the desk wrote it")
    files = tuple(StoredFile(name, mode, Content(*content)) for name, mode, *content in facts.pop("files"))
    return Manifest(**facts | {"made_at": datetime.fromisoformat(facts["made_at"]), "files": files})


@contextmanager
def _in_words(folder: Path) -> Iterator[None]:
    """Say a full disk or a folder that may not be written to in words."""
    try:
        yield
    except OSError as error:
        hint = "Make room, or let RINGSIDE_BACKUPS name a folder that the desk may write to."
        raise BackupProblem(f"No backup can be written to {folder}: {error.strerror or error}.", hint) from error


_OTHER = "Restore another backup, or bring this one's folder back from where it is copied to."
