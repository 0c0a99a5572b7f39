"""The prediction log as it was at one instant, read from its own file while rows go on being logged.

DuckDB changes what the file holds only when it folds the write-ahead log in, at a checkpoint; until then commits go to
the write-ahead log, and large ones also to blocks that nothing refers to yet. So the state at an instant is the file
and as much of the write-ahead log as there was: nothing is copied by DuckDB, no writer waits, and what an hour did not
change is byte for byte what it was. An open transaction that has changed the catalogue keeps checkpoints away
meanwhile. DuckDB drops a commit that the end of the write-ahead log cuts in two; nobody was told of that one.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from core.domain.usecase import UseCase
from core.store.backup_pieces import PIECE_BYTES, BackupProblem
from core.store.log_schema import quoted, score_names
from core.store.log_transaction import LogBase

WAL = ".wal"
_HOLD = "held_by_backup"
_TRIES = 200


class HeldLog:
    """The log's file while no checkpoint changes it.

    Attributes
    ----------
    path : Path
    n_rows : dict of str to int
        Use case -> its rows at the instant of `cut`.
    """

    def __init__(self, path: Path, cursor: duckdb.DuckDBPyConnection) -> None:
        self.path, self._cursor = path, cursor
        self._wal_bytes = 0
        self.n_rows: dict[str, int] = {}

    def cut(self) -> None:
        """Let the log be what it is now, whatever is written from here on."""
        for _ in range(_TRIES):
            before = self._written()
            self._cursor.execute("BEGIN")
            self.n_rows = _counts(self._cursor)
            self._cursor.execute("COMMIT")
            self._wal_bytes = self._written()
            if before == self._wal_bytes:
                return
        raise BackupProblem("The log is written to without a pause.", "Try again when less is being scored.")

    def _written(self) -> int:
        wal = Path(f"{self.path}{WAL}")
        return wal.stat().st_size if wal.exists() else 0

    def blocks(self) -> Iterator[bytes]:
        """The file's content."""
        return read_elsewhere(self.path, self.path.stat().st_size)

    def wal_blocks(self) -> Iterator[bytes]:
        """The write-ahead log up to the cut; nothing where it was empty."""
        return read_elsewhere(Path(f"{self.path}{WAL}"), self._wal_bytes) if self._wal_bytes else iter(())


class LogHeld(LogBase):
    """Holding the file of `core.store.log.PredictionLog` for a backup."""

    @abstractmethod
    def _arrow(self, query: str, parameters: Sequence[Any] = ()) -> pa.Table: ...

    @contextmanager
    def held(self) -> Iterator[HeldLog]:
        """Keep checkpoints away from the file; writers go on, and what they log waits in the write-ahead log."""
        holding, counting = self._cursor(), self._cursor()
        path = holding.execute("SELECT path FROM duckdb_databases() WHERE NOT internal").fetchall()[0][0]
        holding.execute("BEGIN")
        try:
            holding.execute(f"CREATE TABLE {_HOLD} (held BOOLEAN)")  # never committed
            yield HeldLog(Path(path), counting)
        finally:
            holding.execute("ROLLBACK")
            holding.close()
            counting.close()

    def n_rows_by_use_case(self) -> dict[str, int]:
        """Use case -> its logged rows, also of use cases that are no longer defined."""
        return _counts(self._cursor())

    def sample_scored(self, use_case: UseCase, version: str, most: int) -> pa.Table:
        """Some rows with what a version said of them when it acted, the same ones at every call.

        Returns
        -------
        pyarrow.Table, at most `most` rows
            The columns of `rows`, and under `said:<name>` those of `log_schema.score_names`.
        """
        self.ensure(use_case)
        said = ", ".join(f"s.{quoted(name)} AS {quoted(f'said:{name}')}" for name in score_names(use_case).values())
        return self._arrow(
            f"SELECT r.*, {said} FROM {quoted(use_case.key, 'rows')} r JOIN {quoted(use_case.key, 'scores')} s "
            "ON s.prediction_id = r.prediction_id AND s.batch = r.batch AND s.role = 'acting' AND s.version = ? "
            "ORDER BY hash(r.prediction_id), r.batch LIMIT ?",
            [version, most],
        )

    def is_voided(self, batch_id: str) -> bool:
        """Whether a batch was taken out of every figure."""
        query = "SELECT count(*) FROM voided v JOIN batches b ON b.batch = v.batch WHERE b.batch_id = ?"
        return bool(self._cursor().execute(query, [batch_id]).fetchall()[0][0])

    def n_received(self, key: str, received_at: datetime) -> int:
        """Revisions of outcomes that came in at a time; 0 for a use case that has logged nothing."""
        cursor = self._cursor()
        if key not in {row[0] for row in cursor.execute(_KEYS).fetchall()}:
            return 0
        query = f"SELECT count(*) FROM {quoted(key, 'outcomes')} WHERE received_at = ?"
        return int(cursor.execute(query, [received_at.astimezone(UTC).replace(tzinfo=None)]).fetchall()[0][0])


def _counts(cursor: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows by use case in one query, so that they are of one instant."""
    keys = [row[0] for row in cursor.execute(_KEYS).fetchall()]
    if not keys:
        return {}
    counts = ", ".join(f"(SELECT count(*) FROM {quoted(key, 'rows')})" for key in keys)
    return dict(zip(keys, cursor.execute(f"SELECT {counts}").fetchall()[0], strict=True))


_KEYS = "SELECT schema_name FROM duckdb_tables() WHERE table_name = 'rows' AND NOT internal ORDER BY schema_name"


def read_elsewhere(path: Path, n_bytes: int) -> Iterator[bytes]:
    """The first bytes of a file, read by a process of its own.

    Closing the file here, whoever opened it, would take away the lock that DuckDB has on it in this process.
    """
    command = ["cat", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as reader:
        assert reader.stdout is not None and reader.stderr is not None
        with suppress(OSError):  # a system may allow no more than it gives; fewer reads disturb other threads less
            fcntl.fcntl(reader.stdout.fileno(), fcntl.F_SETPIPE_SZ, PIECE_BYTES)
        left = n_bytes
        while left:
            block = _full(reader.stdout.fileno(), min(left, PIECE_BYTES))
            if not block:
                raise BackupProblem(f"{path.name} cannot be read: {reader.stderr.read().decode().strip()}.", "")
            left -= len(block)
            yield block
        reader.stdout.close()


def _full(handle: int, n_bytes: int) -> bytes:
    """As many bytes from a pipe, fewer at its end only."""
    parts = []
    while n_bytes and (part := os.read(handle, n_bytes)):
        parts.append(part)
        n_bytes -= len(part)
    return b"".join(parts)
