"""How the ledger reaches its database, and how one desk at a time writes to it: SQLite, PostgreSQL, MariaDB, MySQL.

Every driver is left in autocommit: a read is one statement and one trip, a transaction begins where `_begin` says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event

from core.errors import DatabaseDown, InputError

if TYPE_CHECKING:
    from sqlalchemy.engine import ExceptionContext
    from sqlalchemy.engine.url import URL

BUSY_SECONDS = 15  # a writer waits for another one
CONNECT_SECONDS = 5
_SILENT_SECONDS = 60  # a server that says nothing for so long is given up
SETTING = "RINGSIDE_DATABASE_URL"
_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mysql+pymysql"}
_CALLED = {"postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB"}

# One row that every transaction changes first: the server lets one of them at a time do so, until it is over. What
# it counts tells desks that something was written.
_AT_ONCE = {"stream_results": False, "yield_per": None}  # whatever the reader of the answers wants
_LOCK = "UPDATE ledger_head SET changes = changes + 1 WHERE id = 1"


def open_engine(place: Path | str) -> Engine:
    """Connections to the database of a file, or of a server's address.

    Raises
    ------
    InputError
        No such address; its driver is not installed.
    """
    return _file(place) if isinstance(place, Path) else _server(place)


def _file(path: Path) -> Engine:
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_file)
    event.listen(engine, "begin", _begin)
    return engine


def _server(address: str) -> Engine:
    from sqlalchemy.exc import NoSuchModuleError

    url, called = address_of(address)
    try:
        engine = create_engine(
            url, connect_args=_options(url), pool_pre_ping=True, pool_timeout=BUSY_SECONDS, pool_recycle=1_800
        )
    except (ModuleNotFoundError, NoSuchModuleError):
        hint = "Install it: pip install -r requirements-databases.txt"
        raise InputError(f"The driver for {called} is not installed.", hint) from None
    event.listen(engine, "connect", _prepare_server)
    event.listen(engine, "begin", _begin)

    @event.listens_for(engine, "handle_error")
    def in_words(context: ExceptionContext) -> None:
        _in_words(context, called)

    return engine


def address_of(text: str) -> tuple[URL, str]:
    """The address as the drivers take it, and what it may be called: server and database, without who signs in.

    Raises
    ------
    InputError
        It cannot be read, or names no database; what was given is not repeated, for it may hold a password.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    example = "It takes an address such as postgresql://user:password@host:5432/database."
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise InputError(f"{SETTING} cannot be read.", example, setting=SETTING) from None
    kind = url.get_backend_name()
    if kind not in _DRIVERS:
        raise InputError(f"{SETTING} names no server the desk can use.", example, setting=SETTING)
    if not url.database:
        raise InputError(f"{SETTING} names a server but no database on it.", example, setting=SETTING)
    called = f"{_CALLED[kind]} at {url.host or 'this machine'}{f':{url.port}' if url.port else ''}"
    url = url.set(drivername=_DRIVERS[kind])
    if kind != "postgresql":
        url = url.update_query_dict({"charset": "utf8mb4"})
    return url, f"{called}, database {url.database}"


def _options(url: URL) -> dict[str, Any]:
    """What the drivers are told unless the address says otherwise."""
    if url.get_backend_name() == "postgresql":
        wanted: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": _SILENT_SECONDS * 1_000}
    else:
        wanted = {"connect_timeout": CONNECT_SECONDS, "read_timeout": _SILENT_SECONDS, "autocommit": True}
    return {name: value for name, value in wanted.items() if name not in url.query}


def _prepare_file(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself
    for pragma in ("journal_mode = WAL", "synchronous = FULL", f"busy_timeout = {BUSY_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_server(connection: Any, _: Any) -> None:
    """A session of PostgreSQL, or of MariaDB and MySQL: in UTC, nothing cut off silently, no endless wait."""
    if hasattr(connection, "pgconn"):
        connection.autocommit = True
        connection.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'; SET TIME ZONE 'UTC'")
        return
    modes = "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
    with connection.cursor() as cursor:
        cursor.execute(f"SET time_zone = '+00:00', innodb_lock_wait_timeout = {BUSY_SECONDS}, sql_mode = '{modes}'")


def _begin(connection: Connection) -> None:
    """Begin what `immediate` (one writer at a time) or `snapshot` (reads that belong together) asks for."""
    options = connection.get_execution_options()
    kind = connection.dialect.name
    for statement in _begins(kind, bool(options.get("immediate")), bool(options.get("snapshot"))):
        connection.exec_driver_sql(statement, execution_options=_AT_ONCE)


def _begins(kind: str, immediate: bool, snapshot: bool) -> tuple[str, ...]:
    if immediate and kind == "sqlite":
        return ("BEGIN IMMEDIATE",)
    if immediate:
        return (f"BEGIN; {_LOCK}",) if kind == "postgresql" else ("BEGIN", _LOCK)  # PostgreSQL takes both in one trip
    if snapshot:
        return ("BEGIN ISOLATION LEVEL REPEATABLE READ",) if kind == "postgresql" else ("BEGIN",)
    return ()


def _in_words(context: ExceptionContext, called: str) -> None:
    """Say in words that a server is down or busy; other faults pass as they are."""
    error = context.original_exception
    said = str(error).lower()
    if "lock timeout" in said or "lock wait timeout" in said:
        waited = f"Another desk has been writing to the ledger ({called}) for {BUSY_SECONDS} s."
        raise DatabaseDown(waited, "Try again in a moment.") from error
    if context.connection is None and not context.is_pre_ping:
        raise DatabaseDown(f"The ledger's database ({called}) cannot be reached: {_reason(said)}.", _HINT) from error
    if context.is_disconnect and not context.is_pre_ping:
        raise DatabaseDown(f"The ledger's database ({called}) went away.", _HINT) from error


_HINT = f"Start it, or look at {SETTING}; the desk connects again by itself."
_REASONS = {
    "password": "it does not accept the desk's name or password",
    "access denied": "it does not accept the desk's name or password",
    "does not exist": "it has no such database, or no such user",
    "unknown database": "it has no such database",
    "refused": "nothing answers there",
    "timed out": "it does not answer",
    "timeout": "it does not answer",
    "too many": "it has no connection left for the desk",
    "starting up": "it is starting up",
    "shutting down": "it is shutting down",
    "ssl": "TLS could not be agreed on",
}


def _reason(said: str) -> str:
    """Why, in the desk's own words: a driver's may repeat what signs in."""
    return next((reason for sign, reason in _REASONS.items() if sign in said), "the connection failed")
