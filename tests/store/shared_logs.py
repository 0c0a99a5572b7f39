"""Logs with a home in PostgreSQL, and whether home and copy hold the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.store.log_copy import sent
from core.store.log_home import copy_shape, home_shape, marks
from core.store.log_postgres import home_of, short
from core.store.log_schema import quoted
from core.store.log_shared import SharedLog
from core.store.log_transaction import stored_name


def open_shared(path: Path, url: str) -> SharedLog:
    return SharedLog(path, url, memory_mb=128, threads=1)


def stale(log: SharedLog) -> SharedLog:
    """The same log, that looks at its home with the next query."""
    log._looked = -1e9
    return log


def in_copy(log: SharedLog) -> dict[str, list[str]]:
    """Every row of a copy, by the name of its table."""
    cursor = log._connection.cursor()
    found = {}
    for key in log._copy._marks:
        for table, columns in copy_shape(cursor, key).items():
            listed = ", ".join(sent(column, kind) for column, kind in columns.items())
            rows = cursor.execute(f"SELECT {listed} FROM {stored_name((key, table))}").fetchall()
            found[home_of(key, table)] = sorted(map(repr, rows))
    return found


def in_home(log: SharedLog) -> dict[str, list[str]]:
    """Every row of the home, by the name of its table."""
    found = {}
    with log._server.session(reading=True) as session:
        for key, tables in {key: home_shape(session, key) for key in marks(session)[1]}.items():
            for table, columns in tables.items():
                listed = ", ".join(quoted(short(column)) for column in columns)
                rows = session.rows(f"SELECT {listed} FROM {home_of(key, table)}")
                found[home_of(key, table)] = sorted(repr(_plain(row, list(columns.values()))) for row in rows)
    return found


def _plain(row: tuple[Any, ...], kinds: list[str]) -> tuple[Any, ...]:
    return tuple(value.bytes if kind == "UUID" else value for value, kind in zip(row, kinds, strict=True))


def assert_same(log: SharedLog) -> None:
    """The copy holds what its home holds, row by row."""
    stale(log)._cursor()
    copy, home = in_copy(log), in_home(log)
    assert copy.keys() == home.keys()
    for table, rows in home.items():
        assert copy[table] == rows, table
