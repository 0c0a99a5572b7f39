"""Contents in pieces, each kept once under its own checksum: what two backups share lies on disk once.

The log grows at its end and a version never changes, so a backup an hour later writes the few pieces that are new. A
piece that is there under its name was written whole: it gets the name last, when it is on disk.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import DeskError

PIECE_BYTES = 1 << 20
_FILE, _FOLDER = 0o600, 0o700  # a backup holds what the desk's secrets open


class BackupProblem(DeskError):
    """A backup is not whole, or cannot be written or put back."""


@dataclass(frozen=True)
class Content:
    """What a file held. `pieces`: the name of the piece that lists its pieces, empty where there is one at most."""

    bytes: int
    sha256: str
    pieces: str = ""


class Pieces:
    """The pieces in a folder; counts in `new_bytes` what it had to write.

    Parameters
    ----------
    folder : Path
        Made with the first piece.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._touched: set[Path] = set()
        self.new_bytes = 0

    def keep(self, blocks: Iterable[bytes]) -> Content:
        """Keep a content that comes in blocks of `PIECE_BYTES`, the last one shorter."""
        whole, names, n_bytes = hashlib.sha256(), [], 0
        for block in blocks:
            whole.update(block)
            names.append(self._put(block))
            n_bytes += len(block)
        listed = self._put(json.dumps(names).encode()) if len(names) > 1 else ""
        return Content(n_bytes, whole.hexdigest(), listed)

    def settle(self) -> None:
        """Have the names of all new pieces on disk."""
        for folder in (*self._touched, self._folder, self._folder.parent):
            sync_folder(folder)
        self._touched.clear()

    def names(self, content: Content) -> list[str]:
        """The pieces that a content is made of, in order; BackupProblem where their list is damaged."""
        if content.bytes == 0:
            return []
        if not content.pieces:
            return [content.sha256]
        return list(json.loads(self._get(content.pieces)))

    def used(self, content: Content) -> Iterator[str]:
        """Every piece that must be there for a content, their list included."""
        if content.pieces:
            yield content.pieces
        yield from self.names(content)

    def read(self, content: Content) -> Iterator[bytes]:
        """The content again, every piece checked, at the end the whole.

        Raises
        ------
        BackupProblem
            A piece is missing or differs; `data["piece"]` names it.
        """
        whole = hashlib.sha256()
        for name in self.names(content):
            block = self._get(name)
            whole.update(block)
            yield block
        if whole.hexdigest() != content.sha256:
            raise BackupProblem(f"What the pieces make together is not {content.sha256[:12]}.", _OTHER)

    def has(self, name: str) -> bool:
        return self._path(name).is_file()

    def set_aside(self, name: str) -> None:
        """Give a damaged piece another name, so that the next backup writes it anew."""
        path = self._path(name)
        if path.is_file():
            path.replace(path.with_suffix(".damaged"))

    def sweep(self, used: set[str]) -> int:
        """Delete what no backup needs; returns the bytes that it freed."""
        freed = 0
        for path in self._folder.glob("*/*"):
            if path.name not in used:
                freed += path.stat().st_size
                path.unlink()
        return freed

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name

    def _put(self, block: bytes) -> str:
        name = hashlib.sha256(block).hexdigest()
        path = self._path(name)
        if not path.is_file() or path.stat().st_size != len(block):
            for folder in (self._folder, path.parent):
                folder.mkdir(mode=_FOLDER, exist_ok=True)
            write_whole(path, block)
            self._touched.add(path.parent)
            self.new_bytes += len(block)
        return name

    def _get(self, name: str) -> bytes:
        try:
            block = self._path(name).read_bytes()
        except FileNotFoundError:
            raise BackupProblem(f"Piece {name[:12]} of the backup is missing.", _OTHER, piece=name) from None
        if hashlib.sha256(block).hexdigest() != name:
            raise BackupProblem(f"Piece {name[:12]} of the backup has changed.", _OTHER, piece=name)
        return block


_OTHER = "Restore another backup, or bring this one's folder back from where it is copied to."


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there with all of its content, on disk, or not at all; readable by its owner alone."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
