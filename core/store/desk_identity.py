"""The name of a desk among those that share a ledger: one per home folder, kept in data/desk.id."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

ID_FILE = "desk.id"


def desk_id(data_dir: Path) -> str:
    """The home's own name, made at the first call.

    The file holds its own number on the disk as well: a home that was copied, or put back from a backup, is another
    desk, while one that moved to another machine with its disk stays the same.
    """
    path = data_dir / ID_FILE
    try:
        name, number = path.read_text().split()
        if number == str(path.stat().st_ino):
            return name
    except (FileNotFoundError, ValueError):
        pass
    return _make(path)


def _make(path: Path) -> str:
    """Write the file beside its place and move it there at once; of two processes the later one is read by both."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{ID_FILE}.{os.getpid()}")
    with draft.open("w") as file:
        file.write(f"{uuid.uuid4().hex[:16]} {os.fstat(file.fileno()).st_ino}\n")
    draft.replace(path)
    return path.read_text().split()[0]
