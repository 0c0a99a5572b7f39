"""Whether the ledger has changed since somebody looked: two file times, or a server's counter, instead of a query."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Protocol

_SETTLED_NS = 100_000_000  # the file system's clock ticks in steps; younger changes may hide another one
ASK_SECONDS = 0.5  # so old may be what is known of other desks' writing


class Stamp(Protocol):
    """Tells apart the states of a ledger, whoever writes to it."""

    def read(self) -> Hashable | None:
        """A value that stays equal while nothing was committed; None counts as changed."""


class LedgerStamp:
    """The stamp of a file: every commit touches it or its write-ahead log.

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


class ServerStamp:
    """The stamp of a ledger on a server: its count of transactions, asked for twice a second at most.

    What this desk commits is seen at once, another desk's within `ASK_SECONDS`.

    Parameters
    ----------
    changes : callable
        Transactions that were committed, by whomever.
    own : callable
        Transactions that this desk has ended; None inside one, where nothing read may be kept.
    """

    def __init__(self, changes: Callable[[], int], own: Callable[[], int | None]) -> None:
        self._changes, self._own = changes, own
        self._known: tuple[int, int, float] | None = None  # its changes, ours, when it was asked
        self._guard = threading.Lock()

    def read(self) -> Hashable | None:
        """A value that stays equal while nothing was committed; None, which counts as changed, in a transaction."""
        own = self._own()
        if own is None:
            return None
        known = self._known
        if known is None or known[1] != own or time.monotonic() - known[2] > ASK_SECONDS:
            with self._guard:
                known = self._known
                if known is None or known[1] != own or time.monotonic() - known[2] > ASK_SECONDS:
                    asked = time.monotonic()
                    known = self._known = (self._changes(), own, asked)
        return known[0]
