"""One connection to the shared log's server, used from a thread of its own, so that a silent server is left in time.

libpq waits for an answer as long as the line stands. A desk does not: who waited too long is told so, and the
connection is left to its fate with the thread that waits on it.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pyarrow as pa

SILENT_SECONDS = 60.0  # without an answer, or without a batch of rows
SLOW_SECONDS = 1_800.0  # of a statement that changes many rows or whole tables


class Silent(Exception):
    """The server did not answer in time."""


class Line:
    """A connection; one thread asks at a time.

    Parameters
    ----------
    opened : callable
        Makes the connection of the driver.
    """

    def __init__(self, opened: Callable[[], Any]) -> None:
        self._asked: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self.silent = False
        self.failed: BaseException | None = None  # what the server, or the wait for it, came to last
        self._moved = time.monotonic()
        self.connection: Any = None
        self.cursor: Any = None
        self._thread = threading.Thread(target=self._work, name="shared log", daemon=True)
        self._thread.start()
        try:
            self.do(lambda: self._open(opened))
        except BaseException:
            self._asked.put(None)
            raise

    def _open(self, opened: Callable[[], Any]) -> None:
        self.connection = opened()
        self.cursor = self.connection.cursor()

    def do(self, work: Callable[[], Any], seconds: float | None = None) -> Any:
        """What the work comes to.

        Raises
        ------
        Silent
            Not within the seconds since the server last moved; the line is of no use any more.
        """
        answer: list[Any] = []
        done = threading.Event()

        def run() -> None:
            try:
                answer.extend((True, work()))
            except BaseException as error:  # noqa: BLE001 - it is raised where it was asked for
                answer.extend((False, error))
            done.set()

        if self.silent:
            raise Silent
        self.moved()
        self._asked.put(run)
        while not done.wait(max(0.0, self._moved + (seconds or SILENT_SECONDS) - time.monotonic())):
            if time.monotonic() - self._moved >= (seconds or SILENT_SECONDS):
                self.silent, self.failed = True, Silent()
                raise self.failed
        if not answer[0]:
            self.failed = answer[1]
            raise answer[1]
        return answer[1]

    def moved(self) -> None:
        """The server gave or took something: it is there."""
        self._moved = time.monotonic()

    def rows(self, reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """Rows as they arrive, each batch waited for no longer than an answer."""

        def batches() -> Iterator[pa.RecordBatch]:
            while (batch := self.do(lambda: _next(reader))) is not None:
                yield batch

        return pa.RecordBatchReader.from_batches(reader.schema, batches())

    def taken(self, reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """Rows on their way to the server, whose patience begins anew with each batch that it takes."""

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in reader:
                self.moved()
                yield batch

        return pa.RecordBatchReader.from_batches(reader.schema, batches())

    def close(self) -> None:
        """Close the connection; one that is silent is closed by its thread when that has been answered."""
        self._asked.put(None)
        if not self.silent:
            self._thread.join(SILENT_SECONDS)

    def _work(self) -> None:
        while (work := self._asked.get()) is not None:
            work()
        for held in (self.cursor, self.connection):
            with suppress(Exception):  # whatever is wrong with it, it is not used again
                held.close()


def _next(reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
    try:
        return reader.read_next_batch()
    except StopIteration:
        return None
