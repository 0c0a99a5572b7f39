"""The prediction log of several desks: PostgreSQL is its home, each desk's DuckDB file a copy that queries read.

A transaction that writes holds the lock of its use case in the home, brings the copy up to date, does the work there
as a desk alone would, and sends what it added or took out. The home commits first, then the copy with its mark: a
desk that dies between the two finds its own rows in the home when it comes back, like anybody else's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from core.domain.usecase import UseCase
from core.errors import DatabaseDown
from core.store import log_home as home
from core.store.log import PredictionLog
from core.store.log_batches import Batch
from core.store.log_copy import Copy, note, sent
from core.store.log_postgres import Server, Session, home_of, schema_of, short
from core.store.log_schema import create, quoted
from core.store.log_shadow import create_shadow_view
from core.store.log_transaction import ALL, Stored, Writing, stored_name

STALE_SECONDS = 0.5  # how old the copy may be when somebody reads it
OWN_ROWS = 36_028_797_018_960_000  # rows that a transaction of DuckDB has added itself are numbered from here
_SENT_ROWS = 50_000  # of one Arrow batch


class SharedWriting(Writing):
    """A writer's cursor whose changes also reach the home."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, session: Session, copy: Copy) -> None:
        super().__init__(cursor)
        self._session, self._copy = session, copy
        self.anything = self.reshaped = False
        self._again: list[Stored] = []

    def next_batch(self) -> int:
        return int(self._session.rows("SELECT nextval('log.batch_numbers')")[0][0])

    def delete(self, table: Stored, where: str, bound: Sequence[Any], by: tuple[str, ...]) -> int:
        name, listed = stored_name(table), ", ".join(map(quoted, by))
        self.execute(f"CREATE OR REPLACE TEMP TABLE gone AS SELECT DISTINCT {listed} FROM {name} WHERE {where}", bound)
        same = " AND ".join(f"gone.{quoted(column)} IS NOT DISTINCT FROM stored.{quoted(column)}" for column in by)
        removed = self.execute(f"DELETE FROM {name} AS stored WHERE EXISTS (SELECT 1 FROM gone WHERE {same})")
        n_rows = int(removed.fetchall()[0][0])
        if n_rows:
            self._delete_at_home(table, by, n_rows)
        self.execute("DROP TABLE gone")
        return n_rows

    def _delete_at_home(self, table: Stored, by: tuple[str, ...], n_rows: int) -> None:
        session, kinds = self._session, self._copy.shape(table[0])[table[1]]
        stored = [quoted(short(column)) for column in by]
        session.run(
            f"CREATE TEMP TABLE gone ON COMMIT DROP AS SELECT {', '.join(stored)} FROM {home_of(*table)} LIMIT 0"
        )
        columns = ", ".join(sent(column, kinds[column]) for column in by)
        session.copy(None, "gone", self.cursor.sql(f"SELECT {columns} FROM gone").to_arrow_reader(_SENT_ROWS))
        first, *others = stored
        same = f"gone.{first} = stored.{first}" + "".join(
            f" AND gone.{column} IS NOT DISTINCT FROM stored.{column}" for column in others
        )
        found = session.run(f"DELETE FROM {home_of(*table)} stored USING gone WHERE {same}")
        if found != n_rows:
            raise DatabaseDown(
                f"The copy has {n_rows} rows to take out of {'.'.join(filter(None, table))}, the shared log {found}.",
                "Nothing was taken out. Stop the desk, move data/log.duckdb away and start it: it fills a new copy.",
            )
        home.tell_deleted(session, table, by)
        session.run("DROP TABLE gone")
        self.anything = True

    def changed(self, table: Stored) -> None:
        self._again.append(table)

    def reshape(self, key: str) -> None:
        """Give the home's tables the shape of the copy's."""
        changed, again = home.reshape(self._session, key, home.copy_shape(self.cursor, key))
        self.reshaped |= changed
        self._again += [(key, table) for table in again]

    def send(self, keys: Sequence[str]) -> None:
        """Send what the transaction added, and whole tables that it changed in place."""
        tables = [(key, table) for key in keys for table in self._shape(key)]
        for table in dict.fromkeys(self._again):
            self._session.run(f"DELETE FROM {home_of(*table)}")  # TRUNCATE would empty it for who looks meanwhile
            home.tell_deleted(self._session, table, ())
            self._send(table, "")
        tables = [table for table in tables if table not in self._again]
        where = f"WHERE rowid >= {OWN_ROWS}"
        counted = ", ".join(f"(SELECT count(*) FROM {stored_name(table)} {where})" for table in tables)
        counts = self.execute(f"SELECT {counted}").fetchall()[0] if tables else ()
        for table, n_rows in zip(tables, counts, strict=True):
            if n_rows:
                self._send(table, where)
        self.anything |= self.reshaped or bool(self._again) or any(counts)

    def _shape(self, key: str) -> home.Shape:
        return home.copy_shape(self.cursor, key) if self.reshaped else self._copy.shape(key)

    def _send(self, table: Stored, where: str) -> None:
        columns = self._shape(table[0])[table[1]]
        listed = ", ".join(sent(column, kind) for column, kind in columns.items())
        rows = self.cursor.sql(f"SELECT {listed} FROM {stored_name(table)} {where}").to_arrow_reader(_SENT_ROWS)
        self._session.copy(schema_of(table[0]), table[1], rows)


class SharedLog(PredictionLog):
    """The log of one of several desks.

    Parameters
    ----------
    path : Path
        The copy; made and filled when it does not exist.
    url : str
        postgresql://...

    Raises
    ------
    DatabaseDown
    NotReady
        The file is no copy of this log; see `Copy.begin`.
    """

    _in_order = True  # rows lie in a copy as they lie in the home

    def __init__(self, path: Path, url: str, memory_mb: int = 384, threads: int = 2) -> None:
        super().__init__(path, memory_mb, threads)
        self._server, self._copy = Server(url), Copy(self._connection)
        self._looked, self._looking = -STALE_SECONDS, threading.Lock()
        self._here = threading.local()  # whether this thread is inside a transaction
        try:
            with self._server.session() as session:
                found = home.log_id(session)
            self._copy.begin(found)
            with self._shared([ALL]) as writing:
                writing.reshape(ALL)
            self._follow()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        super().close()
        self._server.close()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        if not getattr(self._here, "writes", False):  # who writes has caught up, and holds what a reader may wait for
            self._follow()
        return super()._cursor()

    def _follow(self) -> None:
        """Catch up with the other desks, unless that was done a moment ago."""
        if time.monotonic() - self._looked < STALE_SECONDS:
            return
        with self._looking:
            if time.monotonic() - self._looked < STALE_SECONDS:
                return
            with self._server.session(reading=True) as session:
                theirs = self._marks(session)
                for key in self._copy.behind(theirs):
                    self._catch_up(session, key, theirs[key])
            self._looked = time.monotonic()

    def _marks(self, session: Session) -> dict[str, home.Mark]:
        known = self._copy.known()
        life, theirs = home.marks(session)
        self._copy.meet(life, known, theirs)
        return theirs

    def _catch_up(self, session: Session, key: str, theirs: home.Mark, *, locked: bool = False) -> None:
        if self._copy.follow(session, key, theirs, locked=locked) and key == ALL:
            voided = {row[0] for row in super()._cursor().execute("FROM voided").fetchall()}
            self._days = {facts: day for facts, day in self._days.items() if day.number not in voided}

    def ensure(self, use_case: UseCase) -> None:
        if self._known.get(use_case.key) is use_case:
            return
        with self._guard:
            writing = self._writing.setdefault(use_case.key, threading.Lock())
        with writing, self._shared([use_case.key], shaping=True) as shared:
            create(shared.cursor, use_case)
            shared.reshape(use_case.key)
            create_shadow_view(shared.cursor, use_case)
        self._known[use_case.key] = use_case

    def batch_for(
        self, use_case: UseCase, version: str, source: str, actor: str, at: datetime, decided_by: str | None = None
    ) -> Batch:
        self._follow()  # another desk may have voided the batch of the day
        return super().batch_for(use_case, version, source, actor, at, decided_by)

    def taking_in(self, keys: Sequence[str]) -> AbstractContextManager[SharedWriting]:
        """A transaction of these use cases and what all share, in which tables may grow."""
        return self._shared([*keys, ALL], shaping=True)

    def _transaction(self, *keys: str) -> AbstractContextManager[Writing]:
        return self._shared(keys)

    @contextmanager
    def _shared(self, keys: Sequence[str], *, shaping: bool = False) -> Iterator[SharedWriting]:
        """A transaction of home and copy."""
        keys = sorted(keys, key=lambda key: (not key, key))
        with ExitStack() as held:
            for key in keys:
                held.enter_context(self._copy.lock(key))
            session = held.enter_context(self._server.session())
            for key in keys:
                home.lock(session, key)
            theirs = self._marks(session)
            for key in self._copy.behind({key: theirs[key] for key in {*keys, ALL} & theirs.keys()}):
                self._catch_up(session, key, theirs[key], locked=key in keys)
            if shaping:
                held.enter_context(self._copy.shaping)
            cursor = held.enter_context(super()._cursor())
            held.enter_context(self._inside())
            cursor.execute("BEGIN")
            try:
                writing = SharedWriting(cursor, session, self._copy)
                yield writing
                writing.send(keys)
                self._commit(writing, session, keys)
            except BaseException:
                cursor.execute("ROLLBACK")
                raise

    @contextmanager
    def _inside(self) -> Iterator[None]:
        self._here.writes = True
        try:
            yield
        finally:
            self._here.writes = False

    def _commit(self, writing: SharedWriting, session: Session, keys: Sequence[str]) -> None:
        """The home first, then the copy with its mark."""
        found: dict[str, home.Mark] = {}
        if writing.anything:
            found = {key: home.moved(session, key, reshaped=writing.reshaped) for key in keys}
            for key, mark in found.items():
                note(writing.cursor, key, mark)
            session.commit()
        writing.cursor.execute("COMMIT")
        for key, mark in found.items():
            self._copy.noted(key, mark, home.copy_shape(writing.cursor, key) if writing.reshaped else None)
