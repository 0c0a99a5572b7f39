"""The tables of a shared log in PostgreSQL, of the same shape as a desk's, and what it keeps about them.

======================  ===============================================================================
log.home                which log this is, and the layout of these tables
log.marks               per use case (and '' for the tables of all): the last change; locked by who writes
log.columns             every column's name and type, as a desk's own file has them
log.deleted             what was taken out: by prediction, by batch, or (both null) the whole table was replaced
log.batches, ...        the tables of all use cases
log_<use case>.rows ..  the tables of one use case
======================  ===============================================================================

Every row carries `seq`, a number from one sequence; under the lock of `log.marks` later changes of a use case
have higher numbers and become visible in that order.
"""

from __future__ import annotations

import uuid
from typing import NamedTuple

import duckdb

from core.errors import NotReady
from core.store.log_postgres import Session, home_of, schema_of, short
from core.store.log_schema import quoted
from core.store.log_transaction import ALL, Stored

LAYOUT = 1
GLOBAL_TABLES = ("batches", "batch_events", "refusals", "drift_windows", "drift_results")
Shape = dict[str, dict[str, str]]  # table -> column -> the type it has in a desk's file

_TOLD_DAYS = 90  # a copy that was away for longer is filled anew
_LOCK = 4_732_117  # of the database, for who makes these tables
_MADE = f"""
CREATE SCHEMA IF NOT EXISTS log;
CREATE SEQUENCE log.seq;
CREATE SEQUENCE log.batch_numbers AS integer;
CREATE TABLE log.home (log_id uuid NOT NULL, layout integer NOT NULL, forgotten bigint NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE log.marks (use_case text PRIMARY KEY, seq bigint NOT NULL, shape bigint NOT NULL);
CREATE TABLE log.columns (use_case text, "table" text, "column" text, stored text NOT NULL, kind text NOT NULL,
    place integer NOT NULL, PRIMARY KEY (use_case, "table", "column"));
CREATE TABLE log.deleted (seq bigint PRIMARY KEY DEFAULT nextval('log.seq'), use_case text NOT NULL,
    "table" text NOT NULL, prediction_id uuid, batch integer, at timestamptz NOT NULL DEFAULT now());
INSERT INTO log.home VALUES ('{{log_id}}', {LAYOUT}, 0)
"""
_STATE = """
    SELECT (SELECT system_identifier FROM pg_control_system())::text || '.' || 'log.home'::regclass::oid::text || '.'
           || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),
           use_case, seq, shape
    FROM (SELECT 1) one LEFT JOIN log.marks ON true
"""
_TYPES = {
    "UUID": "uuid",
    "VARCHAR": "text",
    "TIMESTAMP": "timestamp",
    "DOUBLE": "double precision",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DOUBLE[]": "double precision[]",
    "VARCHAR[]": "text[]",
    "MAP(VARCHAR, BIGINT)": "json",
}


class Mark(NamedTuple):
    """How far a use case's log goes: its last change, and how often its columns changed."""

    seq: int
    shape: int


def log_id(session: Session) -> str:
    """Which log this is; its tables are made where there are none. The session is committed.

    Raises
    ------
    NotReady
        A newer desk has made the tables.
    """
    session.run(f"SELECT pg_advisory_xact_lock({_LOCK})")
    if session.rows("SELECT to_regclass('log.home') IS NULL")[0][0]:
        for statement in _MADE.format(log_id=uuid.uuid4()).strip().split(";\n"):
            session.run(statement)
    found, layout = session.rows("SELECT log_id::text, layout FROM log.home")[0]
    session.commit()
    if layout > LAYOUT:
        raise NotReady(
            f"The shared log has layout {layout}, and this desk knows {LAYOUT}.", "Bring this desk up to date."
        )
    return str(found)


def marks(session: Session) -> tuple[str, dict[str, Mark]]:
    """Which life of the home this is, and how far the log goes, by use case.

    A home that was put back from a dump has other tables, or is another server's, and one that was put back to a point
    in time, or whose standby took over, another timeline: it may lack what copies hold.
    """
    found = session.rows(_STATE)
    return found[0][0], {key: Mark(seq, shape) for _, key, seq, shape in found if key is not None}


def lock(session: Session, key: str) -> None:
    """Wait until nobody else writes to a use case's log, and keep others from it until the transaction ends."""
    if not session.rows("SELECT 1 FROM log.marks WHERE use_case = $1 FOR UPDATE", [key]):
        session.run("INSERT INTO log.marks VALUES ($1, 0, 0) ON CONFLICT DO NOTHING", [key])
        session.rows("SELECT 1 FROM log.marks WHERE use_case = $1 FOR UPDATE", [key])


def moved(session: Session, key: str, *, reshaped: bool) -> Mark:
    """Say that a use case's log has changed; the mark of all its changes up to now."""
    query = (
        f"UPDATE log.marks SET seq = nextval('log.seq'), shape = shape + {int(reshaped)} WHERE use_case = $1 "
        "RETURNING seq, shape"
    )
    return Mark(*session.rows(query, [key])[0])


def home_shape(session: Session, key: str) -> Shape:
    """The tables of a use case as the home knows them."""
    found = session.rows(
        'SELECT "table", "column", kind FROM log.columns WHERE use_case = $1 ORDER BY "table", place', [key]
    )
    shape: Shape = {}
    for table, column, kind in found:
        shape.setdefault(table, {})[column] = kind
    return shape


def copy_shape(cursor: duckdb.DuckDBPyConnection, key: str) -> Shape:
    """The tables of a use case in a desk's file."""
    found = cursor.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = ? AND NOT internal "
        "AND database_name = current_database() ORDER BY table_name, column_index",
        [key or "main"],
    ).fetchall()
    shape: Shape = {}
    for table, column, kind in found:
        if key != ALL or table in GLOBAL_TABLES:
            shape.setdefault(table, {})[column] = kind
    return shape


def reshape(session: Session, key: str, wanted: Shape) -> tuple[bool, list[str]]:
    """Give the home's tables the shape of a desk's; whether anything changed, and tables to be sent anew."""
    known, again, changed = home_shape(session, key), [], False
    session.run(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema_of(key))}")
    for table, columns in wanted.items():
        if table not in known:
            _create(session, key, table)
        present = known.get(table, {})
        for place, (column, kind) in enumerate(columns.items()):
            if present.get(column) == kind:
                continue
            changed = True
            _put(session, key, table, (column, kind, place), present.get(column))
            if column in present and kind == "VARCHAR" and table not in again:
                again.append(table)  # a number as text is written otherwise by the two databases
    return changed, again


def tell_deleted(session: Session, table: Stored, by: tuple[str, ...]) -> None:
    """Tell other desks what is taken out: the ids or batches in the temporary table `gone`, where only these say it.

    Else that the whole table is to be read anew: what was erased must not live on in the name of what is gone.
    """
    names = "".join(f", {column}" for column in by) if by and set(by) <= {"prediction_id", "batch"} else ""
    values = f"SELECT $1, $2{names} FROM gone" if names else "VALUES ($1, $2)"
    session.run(f'INSERT INTO log.deleted (use_case, "table"{names}) {values}', list(table))
    session.run(
        f"WITH old AS (DELETE FROM log.deleted WHERE at < now() - interval '{_TOLD_DAYS} days' RETURNING seq) "
        "UPDATE log.home SET forgotten = (SELECT max(seq) FROM old) WHERE EXISTS (SELECT 1 FROM old)"
    )


def _create(session: Session, key: str, table: str) -> None:
    name = home_of(key, table)
    session.run(f"CREATE TABLE {name} (seq bigint NOT NULL DEFAULT nextval('log.seq'))")
    session.run(f"CREATE INDEX ON {name} (seq)")


def _put(session: Session, key: str, table: str, column: tuple[str, str, int], present: str | None) -> None:
    """Add a column to a table, or give it another type."""
    name, kind, place = column
    stored = quoted(short(name))
    if present is None:
        session.run(f"ALTER TABLE {home_of(key, table)} ADD COLUMN {stored} {_TYPES[kind]}")
    else:
        session.run(
            f"ALTER TABLE {home_of(key, table)} ALTER COLUMN {stored} TYPE {_TYPES[kind]} "
            f"USING {stored}::{_TYPES[kind]}"
        )
    session.run(
        "INSERT INTO log.columns VALUES ($1, $2, $3, $4, $5, $6) "
        'ON CONFLICT (use_case, "table", "column") DO UPDATE SET kind = excluded.kind',
        [key, table, name, short(name), kind, place],
    )
