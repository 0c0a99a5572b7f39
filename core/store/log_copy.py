"""A desk's own file as a copy of the shared log: it follows what other desks have written, in their order.

What was taken out since the copy's mark is taken out first, then what was added since and is still there is added:
that is the home as it stands, whatever happened in between. Rows and mark are one transaction of the file.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any

import duckdb

from core.errors import NotReady
from core.store.log_home import Mark, Shape, copy_shape, home_shape
from core.store.log_postgres import Session, home_of, short
from core.store.log_schema import is_copy_of, quoted
from core.store.log_transaction import stored_name

_TABLES = """
CREATE TABLE IF NOT EXISTS shared_copy (log_id VARCHAR, life VARCHAR);
CREATE TABLE IF NOT EXISTS shared_marks (use_case VARCHAR, seq BIGINT, shape BIGINT);
"""
_NEVER = Mark(0, 0)
_UNSURE = -1  # the mark of a copy that may hold what its home does not


class Copy:
    """The file of one desk.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Threads use cursors of it.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._marks: dict[str, Mark] = {}
        self._life: str | None = None
        self._shapes: dict[str, Shape] = {}
        self._locks: dict[str, threading.RLock] = defaultdict(threading.RLock)
        self._guard = threading.Lock()
        self.shaping = threading.RLock()  # DuckDB changes one table's columns at a time; taken last of all locks

    def begin(self, log_id: str) -> None:
        """Make the file a copy of a log, or see that it is one.

        Raises
        ------
        NotReady
            It is the copy of another log, or has rows of its own.
        """
        cursor = self._connection.cursor()
        own = is_copy_of(cursor)
        if own is None:
            if cursor.execute("SELECT 1 FROM batches LIMIT 1").fetchall():
                raise NotReady(
                    "This desk's log has rows of its own, and RINGSIDE_DATABASE_URL names a shared log.",
                    "Bring them there once, with: python -m core move-log",
                )
            cursor.execute(_TABLES)
            cursor.execute("INSERT INTO shared_copy VALUES (?, NULL)", [log_id])
        elif own != log_id:
            raise NotReady(
                "data/log.duckdb is the copy of another shared log than the one that RINGSIDE_DATABASE_URL names.",
                "Set the URL of before; or move the file away, and the desk fills a new copy.",
            )
        found = cursor.execute("SELECT * FROM shared_marks").fetchall()
        self._marks = {key: Mark(seq, shape) for key, seq, shape in found}
        self._life = cursor.execute("SELECT life FROM shared_copy").fetchall()[0][0]

    def known(self) -> dict[str, Mark]:
        """How far the copy goes now; its home has had at least that."""
        return dict(self._marks)

    def meet(self, life: str, known: dict[str, Mark], theirs: dict[str, Mark]) -> None:
        """See in which life the home is; in another one than at the last look, the copy is filled anew.

        So it is where the home lacks what was `known` before it was looked at, as after a snapshot was put back.
        """
        fell_back = any(mark.seq > theirs.get(key, _NEVER).seq for key, mark in known.items())
        if life == self._life and not fell_back:
            return
        with self._guard, self._connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("UPDATE shared_copy SET life = ?", [life])
            if self._life is not None:
                cursor.execute(f"UPDATE shared_marks SET seq = {_UNSURE}")
            cursor.execute("COMMIT")
            if self._life is not None:
                self._marks = {key: Mark(_UNSURE, mark.shape) for key, mark in self._marks.items()}
            self._life = life

    def lock(self, key: str) -> threading.RLock:
        """Held by whoever changes the tables of a use case; that of ALL is taken last."""
        with self._guard:
            return self._locks[key]

    def shape(self, key: str) -> Shape:
        """The tables of a use case, as they are."""
        if key not in self._shapes:
            self._shapes[key] = copy_shape(self._connection.cursor(), key)
        return self._shapes[key]

    def behind(self, theirs: dict[str, Mark]) -> list[str]:
        """Use cases of which the home has more; those of all use cases last, so that no row comes after its batch."""
        late = [key for key, mark in theirs.items() if self._marks.get(key, _NEVER) != mark]
        return sorted(late, key=lambda key: (not key, key))

    def follow(self, session: Session, key: str, theirs: Mark, *, locked: bool) -> bool:
        """Catch up with a use case; whether there was anything.

        Parameters
        ----------
        locked : bool
            The session holds the home's lock of the use case; else a thread that is at it is left alone.
        """
        lock = self.lock(key)
        if not lock.acquire(blocking=locked):
            return False
        try:
            mine = self._marks.get(key, _NEVER)
            if mine.seq >= theirs.seq:
                return False
            if mine.shape == theirs.shape:
                self._take(session, key, mine, theirs)
            else:
                with self.shaping:
                    self._take(session, key, mine, theirs)
        finally:
            lock.release()
        return True

    def _take(self, session: Session, key: str, mine: Mark, theirs: Mark) -> None:
        cursor = self._connection.cursor()
        cursor.execute("BEGIN")
        try:
            shape = self.shape(key)
            if mine.shape != theirs.shape:
                _grow(cursor, key, shape, home_shape(session, key))
                shape = copy_shape(cursor, key)
            anew = mine.seq < session.rows("SELECT forgotten FROM log.home")[0][0]
            known = home_shape(session, key) if anew else shape
            for table, columns in shape.items():
                since = 0 if anew else _take_out(cursor, session, (key, table), mine.seq, theirs.seq)
                if since == 0 and mine.seq:
                    cursor.execute(f"DELETE FROM {stored_name((key, table))}")
                there = {column: kind for column, kind in columns.items() if column in known.get(table, ())}
                if there:
                    _add(cursor, session, (key, table), there, (since, theirs.seq))
            note(cursor, key, theirs)
            cursor.execute("COMMIT")
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        finally:
            cursor.close()
        self.noted(key, theirs, shape)

    def noted(self, key: str, mark: Mark, shape: Shape | None = None) -> None:
        """The file has a mark; told after its COMMIT."""
        self._marks[key] = mark
        if shape is not None:
            self._shapes[key] = shape


def note(cursor: duckdb.DuckDBPyConnection, key: str, mark: Mark) -> None:
    """Write down how far the copy goes, in the transaction that brings it there."""
    known = cursor.execute("SELECT 1 FROM shared_marks WHERE use_case = ?", [key]).fetchall()
    if known:
        cursor.execute("UPDATE shared_marks SET seq = ?, shape = ? WHERE use_case = ?", [*mark, key])
    else:
        cursor.execute("INSERT INTO shared_marks VALUES (?, ?, ?)", [key, *mark])


def sent(column: str, kind: str) -> str:
    """A stored column as it is sent to PostgreSQL, as SQL."""
    name = quoted(column)
    if kind == "UUID":
        name = f"unhex(replace({name}::VARCHAR, '-', ''))"
    elif kind.startswith("MAP"):
        name = f"to_json({name})::VARCHAR"
    return f"{name} AS {quoted(short(column))}"


def _received(column: str, kind: str) -> str:
    name = quoted(short(column))
    return f"{name}::VARCHAR::JSON::{kind}" if kind.startswith("MAP") else name


def _grow(cursor: duckdb.DuckDBPyConnection, key: str, mine: Shape, theirs: Shape) -> None:
    if key:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(key)}")
    for table, columns in theirs.items():
        name, present = stored_name((key, table)), mine.get(table, {})
        if not present:
            listed = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
            cursor.execute(f"CREATE TABLE {name} ({listed})")
            continue
        for column, kind in columns.items():
            if column not in present:
                cursor.execute(f"ALTER TABLE {name} ADD COLUMN {quoted(column)} {kind}")
            elif present[column] != kind:
                cursor.execute(f"ALTER TABLE {name} ALTER COLUMN {quoted(column)} TYPE {kind}")


def _take_out(
    cursor: duckdb.DuckDBPyConnection, session: Session, table: tuple[str, str], since: int, until: int
) -> int:
    """Take out what others took out; from which change on rows are to be added: 0 where all of them are."""
    if since == 0:
        return 0
    key, name = table
    told = session.rows(
        'SELECT prediction_id::text, batch FROM log.deleted WHERE use_case = $1 AND "table" = $2 '
        "AND seq > $3 AND seq <= $4",
        [key, name, since, until],
    )
    if (None, None) in told:
        return 0
    if not told:
        return since
    cursor.execute("CREATE OR REPLACE TEMP TABLE gone (prediction_id UUID, batch INTEGER)")
    cursor.executemany("INSERT INTO gone VALUES (?, ?)", [list(row) for row in told])
    for given, match in (
        ("g.batch IS NULL", "g.prediction_id = stored.prediction_id"),
        ("g.prediction_id IS NULL", "g.batch = stored.batch"),
        (
            "g.prediction_id IS NOT NULL AND g.batch IS NOT NULL",
            "g.prediction_id = stored.prediction_id AND g.batch = stored.batch",
        ),
    ):
        if cursor.execute(f"SELECT 1 FROM gone g WHERE {given} LIMIT 1").fetchall():
            meant = f"EXISTS (SELECT 1 FROM gone g WHERE {given} AND {match})"
            cursor.execute(f"DELETE FROM {stored_name(table)} AS stored WHERE {meant}")
    cursor.execute("DROP TABLE gone")
    return since


def _add(
    cursor: duckdb.DuckDBPyConnection,
    session: Session,
    table: tuple[str, str],
    columns: dict[str, str],
    between: tuple[int, int],
) -> None:
    """Add what was added after one change and up to another."""
    listed = ", ".join(quoted(short(column)) for column in columns)
    since, until = between
    arrived: Any = session.arrow(
        f"SELECT {listed} FROM {home_of(*table)} WHERE seq > {since} AND seq <= {until} ORDER BY seq"
    )
    cursor.register("arrived", arrived)
    names = ", ".join(quoted(column) for column in columns)
    received = ", ".join(_received(column, kind) for column, kind in columns.items())
    cursor.execute(f"INSERT INTO {stored_name(table)} ({names}) SELECT {received} FROM arrived")
    cursor.unregister("arrived")
