"""The ledger as it was at one instant, as an SQLite file, wherever it lives."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, insert, select

from core.store.backup_pieces import BackupProblem
from core.store.ledger_desks import DESKS, LEDGER_HEAD
from core.store.ledger_schema import go_on_counting
from core.store.ledger_tables import EVENTS, METADATA

if TYPE_CHECKING:
    from core.store.ledger import Ledger

_ROWS_AT_A_TIME = 1_000


class LedgerFrozen(ABC):
    """Reading `core.store.ledger.Ledger` as of one instant, for a backup."""

    _engine: Engine

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]: ...

    @contextmanager
    def frozen(self) -> Iterator[Connection]:
        """A reader for which the ledger stays as it is now, whatever others write."""
        with self._engine.connect().execution_options(snapshot=True) as connection, connection.begin():
            connection.execute(select(EVENTS.c.seq).limit(1)).all()  # what is seen is settled with the first read
            yield connection


def head_of(connection: Connection) -> tuple[int, str]:
    """Number and hash of the last event that a frozen reader sees; 0 and "" where there is none."""
    last = connection.execute(select(EVENTS.c.seq, EVENTS.c.hash).order_by(EVENTS.c.seq.desc()).limit(1)).one_or_none()
    return (last.seq, last.hash) if last else (0, "")


def copy_ledger(connection: Connection, target: Path) -> None:
    """Write what a frozen reader sees into a new SQLite file: page by page from SQLite, row by row from a server."""
    if connection.dialect.name == "sqlite":
        source: Any = connection.connection.dbapi_connection
        copy = sqlite3.connect(target)
        try:
            source.backup(copy)
        finally:
            copy.close()
        return
    from core.store.ledger import Ledger

    ledger = Ledger(target)
    try:
        with ledger.transaction() as writing:
            copy_rows(connection, writing)
    finally:
        ledger.close()


def put_back(path: Path, ledger: Ledger) -> None:
    """Write the rows of an SQLite file into a ledger on a server, all or none.

    Raises
    ------
    BackupProblem
        The ledger has events: nothing is ever written over one.
    """
    from core.store.ledger import Ledger

    source = Ledger(path)
    try:
        with source.frozen() as reading, ledger.transaction() as writing:
            if found := head_of(writing)[0]:
                raise BackupProblem(
                    f"The ledger on the server has {found:,} events.",
                    "Let RINGSIDE_DATABASE_URL name an empty database: a ledger is never written over.",
                )
            copy_rows(reading, writing)
    finally:
        source.close()


def copy_rows(source: Connection, target: Connection) -> None:
    """Every row of every table, into empty tables of the same shape; but for those that are about the server."""
    for table in METADATA.sorted_tables:
        if table in (LEDGER_HEAD, DESKS):
            continue
        found = source.execution_options(yield_per=_ROWS_AT_A_TIME).execute(select(table))
        for part in found.partitions(_ROWS_AT_A_TIME):
            target.execute(insert(table), [dict(row._mapping) for row in part])
    go_on_counting(target)
