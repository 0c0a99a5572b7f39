"""The PostgreSQL database that several desks share as the home of their log: connections, transactions, errors.

Only here is the driver imported, when the first connection is made: COPY in and Arrow out, by ADBC. A connection
is kept for use again, and thrown away with the first error, so a server that comes back is found by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pyarrow as pa

from core.errors import DatabaseDown, DeskError, InputError, NotReady
from core.store.log_line import SLOW_SECONDS, Line, Silent
from core.store.log_schema import quoted

_PATIENCE = {"connect_timeout": "5", "keepalives_idle": "10", "tcp_user_timeout": "20000"}  # s, s, ms
_LIMITS = "SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = '10min'"
_LOCKED, _CANCELLED, _NUL = "55P03", "57014", "22021"
_WHOLE_OR_NOT = "What was sent last is written whole or not at all. Try again; look whether the server is well."
_MOST_IDLE = 4
REST_SECONDS = 1.0  # after a server could not be reached, others are told so without trying


class Session:
    """One transaction; rolled back at its end unless `commit` was called."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.ending = self.committed = False

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query finds; parameters are $1, $2, ..."""
        found: list[tuple[Any, ...]] = self._line.do(lambda: self._asked(query, parameters).fetchall())
        return found

    def run(self, query: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement; how many rows it changed."""
        return int(self._line.do(lambda: self._asked(query, parameters).rowcount, SLOW_SECONDS))

    def arrow(self, query: str) -> pa.RecordBatchReader:
        """What a query finds, as it arrives; read it before the next query."""
        return self._line.rows(self._line.do(lambda: self._asked(query).fetch_record_batch()))

    def copy(self, schema: str | None, table: str, rows: pa.RecordBatchReader) -> int:
        """COPY rows into a table by their columns' names; without a schema into a temporary one."""
        place: dict[str, Any] = {"temporary": True} if schema is None else {"db_schema_name": schema}
        given = self._line.taken(rows)
        return int(self._line.do(lambda: self._line.cursor.adbc_ingest(table, given, mode="append", **place)))

    def commit(self) -> None:
        self.ending = True
        self._line.do(lambda: self._asked("COMMIT"))
        self.committed = True

    def _asked(self, query: str, parameters: Sequence[Any] = ()) -> Any:
        self._line.cursor.execute(query, tuple(parameters) or None)
        return self._line.cursor


class Server:
    """The shared home's server. Threads may share it; each session has a connection of its own.

    Parameters
    ----------
    url : str
        postgresql://user:password@host/database, with what libpq understands behind a question mark.
    """

    def __init__(self, url: str) -> None:
        self._url = _patient(url)
        self.shown = _shown(url)
        self._idle: list[Line] = []
        self._guard = threading.Lock()
        self._unreached: tuple[float, DeskError] | None = None

    @contextmanager
    def session(self, *, reading: bool = False) -> Iterator[Session]:
        """A transaction; one that reads sees the database as it is at its start.

        Raises
        ------
        DatabaseDown
            The server does not answer, or not in time; nothing was written.
        """
        self._refuse_at_rest()
        errors = (_errors(), Silent)
        line: Line | None = None
        session: Session | None = None
        whole = False
        try:
            line = self._begun("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if reading else "BEGIN", errors)
            session = Session(line)
            try:
                yield session
            finally:
                if not session.committed:
                    with suppress(*errors):  # a connection that broke has rolled back already
                        line.do(lambda: session._asked("ROLLBACK"))
                        whole = True
            whole = whole or session.committed
        except errors as problem:
            whole, told = False, self._in_words(problem, session is not None and session.ending)
            if line is None:
                self._unreached = (time.monotonic() + REST_SECONDS, told)
            raise told from problem
        except Exception as problem:
            if line is None or not isinstance(line.failed, errors):
                raise
            raise self._in_words(line.failed) from problem  # DuckDB says it its own way when a reader breaks
        finally:
            if line is not None:
                self._given_back(line, whole)

    def _begun(self, begin: str, errors: tuple[type[Exception], ...]) -> Line:
        """A connection in a transaction: one at rest that still lives, else a new one."""
        while True:
            with self._guard:
                rested = self._idle.pop() if self._idle else None
            line = rested or Line(self._opened)
            try:
                line.do(partial(line.cursor.execute, begin))
                return line
            except errors as problem:
                line.close()
                if rested is None or isinstance(problem, Silent):
                    raise

    def _refuse_at_rest(self) -> None:
        """Threads that wait for one dead server one after the other would wait for long."""
        known = self._unreached
        if known is not None and time.monotonic() < known[0]:
            raise type(known[1])(known[1].message, known[1].hint)

    def close(self) -> None:
        """Close the connections that are not in use."""
        with self._guard:
            idle, self._idle = self._idle, []
        for line in idle:
            line.close()

    def _opened(self) -> Any:
        import adbc_driver_postgresql.dbapi as adbc

        connection = adbc.connect(self._url, autocommit=True)
        with connection.cursor() as cursor:
            for setting in _LIMITS.split("; "):
                cursor.execute(setting)
        return connection

    def _given_back(self, line: Line, whole: bool) -> None:
        with self._guard:
            if whole and len(self._idle) < _MOST_IDLE:
                self._idle.append(line)
                return
        line.close()
        if not whole:
            self.close()  # the others saw the same server go

    def _in_words(self, problem: Any, ending: bool = False) -> DeskError:
        state = getattr(problem, "sqlstate", None)
        if state == _NUL:
            return InputError(
                "A text has a character that PostgreSQL cannot keep (U+0000).", "Take it out and send the rows again."
            )
        if state in (_LOCKED, _CANCELLED):
            return DatabaseDown(
                f"The log at {self.shown} was busy with another desk for more than 30 s.",
                "Nothing was written. Try again in a minute.",
            )
        if isinstance(problem, Silent):
            return DatabaseDown(
                f"The log's server {self.shown} is silent.",
                _WHOLE_OR_NOT,
            )
        said = str(problem).split("ERROR:")[-1].split("FATAL:")[-1].strip().splitlines()[0].split(". SQLSTATE")[0]
        return DatabaseDown(
            f"The log's server {self.shown} does not do what this desk asks: {said.removesuffix('.')}.",
            _WHOLE_OR_NOT
            if ending
            else "Nothing was written; the desk tries again with the next row. Look whether the server runs and "
            "RINGSIDE_DATABASE_URL is right.",
        )


def _errors() -> Any:
    """The driver's errors.

    Raises
    ------
    NotReady
        The driver is not installed.
    """
    try:
        from adbc_driver_manager import Error
        from adbc_driver_postgresql import dbapi  # noqa: F401 - whether it is there
    except ImportError:
        raise NotReady(
            "RINGSIDE_DATABASE_URL names a PostgreSQL server, but its driver is not installed.",
            "Run: pip install -r requirements-databases.txt",
        ) from None
    return Error


def _patient(url: str) -> str:
    """The URL with what makes a dead server noticed, unless it says so itself."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode(_PATIENCE | dict(parse_qsl(parts.query)))))


def _shown(url: str) -> str:
    """A server as a person may see it.

    >>> _shown("postgresql://desk:s3cret@db.example:5432/ringside?sslmode=verify-full")
    'db.example:5432/ringside'
    """
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2] + parts.path


def schema_of(key: str) -> str:
    """The schema of a use case's tables, or of those of all use cases.

    >>> schema_of("bnpl_default"), schema_of("")
    ('log_bnpl_default', 'log')
    """
    return short(f"log_{key}") if key else "log"


def short(name: str) -> str:
    """A name that PostgreSQL keeps whole: at most 63 bytes, none of its own, never our own column's.

    >>> short("amount"), short("seq"), len(short("a" * 80))
    ('amount', 'seq~1', 63)
    """
    import hashlib

    if name.lower() in ("seq", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"):
        return f"{name}~1"
    content = name.encode()
    if len(content) <= 63:
        return name
    return content[:54].decode(errors="ignore") + "~" + hashlib.sha256(content).hexdigest()[:8]


def home_of(key: str, table: str) -> str:
    """A stored table as PostgreSQL names it.

    >>> print(home_of("bnpl_default", "rows"))
    "log_bnpl_default"."rows"
    """
    return quoted(schema_of(key), table)
