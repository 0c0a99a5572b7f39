"""Who owns the prediction log: one process at a time, known by name, and never a stale lock.

The lock is the kernel's (`flock`) on data/desk.lock and ends with the process that holds it, however it
ends; what is written in the file only says who that is.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.errors import DeskBusy

LOCK_FILE = "desk.lock"
_TRIES, _PAUSE_SECONDS = 5, 0.02  # `owner` holds the lock for an instant to see whether it is free


@dataclass(frozen=True)
class Owner:
    """The process that holds the lock. `since`: ISO 8601, UTC; pid 0 where it has not said who it is."""

    pid: int = 0
    command: str = ""
    since: str = ""


class DeskLock:
    """The right to open the log of one data folder; also a context manager.

    Parameters
    ----------
    data_dir : Path
    """

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / LOCK_FILE
        self._file: int | None = None
        self.was_left = False  # a holder did not give it back, was killed, and nobody has looked after that since

    @property
    def held(self) -> bool:
        return self._file is not None

    def acquire(self) -> None:
        """Take the lock; taking it twice is once.

        Raises
        ------
        DeskBusy
            Another process (or another desk of this one) has it; `data["owner"]` says which.
        """
        if self.held:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not _lock(handle):
            os.close(handle)
            raise _busy(self.path)
        self.was_left = os.fstat(handle).st_size > 0
        _write(handle, Owner(os.getpid(), " ".join(sys.argv)[:200], datetime.now(UTC).isoformat(timespec="seconds")))
        self._file = handle

    def release(self) -> None:
        """Give the lock back; the file stays, empty, because removing it would race with the next owner.

        Where `was_left` still holds, the file says so to the next owner.
        """
        if self._file is not None:
            if not self.was_left:
                os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None

    def __enter__(self) -> DeskLock:
        self.acquire()
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()


def owner(data_dir: Path) -> Owner | None:
    """The living process that owns a data folder, or None."""
    try:
        handle = os.open(data_dir / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(handle)
    finally:
        os.close(handle)
    return None


def _lock(handle: int) -> bool:
    for _ in range(_TRIES):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_SECONDS)
        else:
            return True
    return False


def _busy(path: Path) -> DeskBusy:
    holder = owner(path.parent) or Owner()
    who = f"process {holder.pid} ({holder.command}), since {holder.since}" if holder.pid else "another process"
    return DeskBusy(
        f"The desk in {path.parent} is owned by {who}.",
        "Commands hand their work over to it; stop it to open the log here.",
        owner=asdict(holder),
    )


def _write(handle: int, holder: Owner) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, (json.dumps(asdict(holder)) + "\n").encode(), 0)


def _read(handle: int) -> Owner:
    try:
        return Owner(**json.loads(os.pread(handle, 4096, 0)))
    except (ValueError, TypeError):  # the owner is just about to write, or wrote something older
        return Owner()
