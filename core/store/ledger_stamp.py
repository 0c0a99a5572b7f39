"""Whether the ledger has changed since somebody looked: two file times instead of a query."""

from __future__ import annotations

import time
from collections.abc import Hashable
from pathlib import Path

_SETTLED_NS = 100_000_000  # the file system's clock ticks in steps; younger changes may hide another one


class LedgerStamp:
    """Tells apart the states of a ledger, whoever writes to it: every commit touches its file or its write-ahead log.

    Parameters
    ----------
    path : Path
        The SQLite file.
    """

    def __init__(self, path: Path) -> None:
        self._paths = (path, path.with_name(f"{path.name}-wal"))

    def read(self) -> Hashable | None:
        """A value that stays equal while nothing was committed; None, which counts as changed, right after a commit.

        Two commits within one step of the file system's clock leave one time: only a time that has settled is told.
        """
        parts: list[int] = []
        for path in self._paths:
            try:
                found = path.stat()
            except FileNotFoundError:
                parts += [0, 0]
            else:
                parts += [found.st_mtime_ns, found.st_size]
        settled = time.time_ns() - max(parts[0], parts[2]) > _SETTLED_NS
        return tuple(parts) if settled else None
