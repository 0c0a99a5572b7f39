"""Bringing the rows of a desk's own log into the shared one, once; and leaving the shared log for good.

Batches get numbers of the shared log, and a batch that is there already is not brought again. Rows that the shared log
knows are left out, as if they had been scored there. All of it is one transaction of the home.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from core.errors import InputError
from core.store.log import PredictionLog
from core.store.log_home import GLOBAL_TABLES, Shape, copy_shape
from core.store.log_open import moving
from core.store.log_schema import grow, is_copy_of, quoted
from core.store.log_shared import SharedLog, SharedWriting
from core.store.log_transaction import ALL, stored_name

_CHUNK = 50_000
_NOT_THERE = {  # what a row must not find in the shared log, by table; `g` is the row, its batch renumbered
    "rows": "NOT EXISTS (SELECT 1 FROM {table} s WHERE s.prediction_id = g.prediction_id AND s.batch <> g.batch "
    "AND s.batch NOT IN (FROM voided)) OR g.batch IN (FROM voided)",
    "scores": "EXISTS (SELECT 1 FROM {rows} r WHERE r.prediction_id = g.prediction_id AND r.batch = g.batch)",
    "outcomes": "NOT EXISTS (SELECT 1 FROM known s WHERE s.entity = g.entity "
    "AND s.as_of IS NOT DISTINCT FROM g.as_of AND s.outcome = g.outcome AND s.observed_at = g.observed_at)",
}


def move_up(path: Path, url: str, memory_mb: int, threads: int, at: datetime) -> dict[str, int]:
    """Make a desk's log a copy of the shared one, which gets its rows; rows brought by use case.

    The log as it was stays beside it, as `log.moved-<date>.duckdb`. A move that was broken off goes on.

    Raises
    ------
    InputError
        The log is a copy already.
    DatabaseDown
    """
    own = moving(path)
    if not own.exists():
        log = PredictionLog(path, memory_mb, threads)
        copy = log.is_copy()
        log.close()
        if copy:
            raise InputError(f"{path.name} is the copy of a shared log already.", "There is nothing to move.")
        path.rename(own)
    try:
        shared = SharedLog(path, url, memory_mb, threads)
    except BaseException:
        if not path.exists():
            own.rename(path)
        raise
    source = duckdb.connect(str(own), read_only=True)
    try:
        brought = _bring(shared, source)
    finally:
        source.close()
        shared.close()
    own.rename(_free(path.with_name(f"{path.stem}.moved-{at:%Y%m%d}{path.suffix}")))
    return brought


def move_back(path: Path, url: str, memory_mb: int, threads: int) -> int:
    """Make a copy a log of its own, as the shared log is now, or without a URL as the copy knows it; its rows.

    Raises
    ------
    InputError
        It is no copy.
    """
    if url:
        SharedLog(path, url, memory_mb, threads).close()
    with duckdb.connect(str(path)) as cursor:
        if is_copy_of(cursor) is None:
            raise InputError(f"{path.name} is a log of its own.", "There is nothing to take back.")
        cursor.execute("BEGIN")
        last = cursor.execute("SELECT coalesce(max(batch), 0) FROM batches").fetchall()[0][0]
        cursor.execute(f"CREATE OR REPLACE SEQUENCE batch_numbers START {last + 1}")
        # what is logged from here on gets batches of its own: a batch that the shared log knows is not brought again
        cursor.execute("UPDATE batch_events SET event = 'done' WHERE event = 'day'")
        cursor.execute("DROP TABLE shared_copy")
        cursor.execute("DROP TABLE shared_marks")
        cursor.execute("COMMIT")
        return sum(
            cursor.execute(f"SELECT count(*) FROM {quoted(key, 'rows')}").fetchall()[0][0] for key in _keys(cursor)
        )


def _free(path: Path) -> Path:
    """A name that no file has yet."""
    found, number = path, 2
    while found.exists():
        found, number = path.with_stem(f"{path.stem}-{number}"), number + 1
    return found


def _keys(cursor: duckdb.DuckDBPyConnection) -> list[str]:
    found = cursor.execute(
        "SELECT schema_name FROM duckdb_tables() WHERE table_name = 'rows' AND schema_name <> 'main' ORDER BY 1"
    ).fetchall()
    return [row[0] for row in found]


def _bring(shared: SharedLog, source: duckdb.DuckDBPyConnection) -> dict[str, int]:
    keys = _keys(source)
    with shared.taking_in(keys) as writing:
        _number(writing, source)
        tables = {(ALL, table): columns for table, columns in copy_shape(source, ALL).items()}
        for table in GLOBAL_TABLES:
            if (ALL, table) in tables:
                _bring_table(writing, source, (ALL, table), tables[ALL, table])
        return {key: _bring_use_case(writing, source, key) for key in keys}


def _number(writing: SharedWriting, source: duckdb.DuckDBPyConnection) -> None:
    """Give the batches that the shared log does not have numbers of its own."""
    known = {row[0] for row in writing.execute("SELECT batch_id FROM batches").fetchall()}
    found = source.execute("SELECT batch, batch_id FROM batches ORDER BY batch").fetchall()
    new = [(batch, writing.next_batch()) for batch, batch_id in found if batch_id not in known]
    writing.execute("CREATE OR REPLACE TEMP TABLE numbers (batch INTEGER, number INTEGER)")
    if new:
        writing.cursor.executemany("INSERT INTO numbers VALUES (?, ?)", new)


def _bring_use_case(writing: SharedWriting, source: duckdb.DuckDBPyConnection, key: str) -> int:
    shape: Shape = copy_shape(source, key)
    grow(writing.cursor, key, shape)
    writing.reshape(key)
    counts = {table: _bring_table(writing, source, (key, table), shape[table]) for table in sorted(shape)}
    return counts.get("rows", 0)


def _given(table: str, column: str) -> str:
    """A column of a row that is brought: batches get their new numbers, revisions follow those that are there."""
    if column == "batch":
        return "n.number"
    if (table, column) != ("outcomes", "revision"):
        return f"a.{quoted(column)}"
    there = "s.entity = a.entity AND s.as_of IS NOT DISTINCT FROM a.as_of"
    return f"a.revision + coalesce((SELECT max(s.revision) FROM known s WHERE {there}), 0)"


def _where(table: tuple[str, str], columns: dict[str, str]) -> str:
    """Which rows are brought, as SQL."""
    if table[1] in _NOT_THERE:
        return _NOT_THERE[table[1]].format(table=stored_name(table), rows=quoted(table[0], "rows"))
    if "batch" in columns:
        return "TRUE"  # of a batch that is brought
    same = " AND ".join(f"s.{quoted(column)} IS NOT DISTINCT FROM g.{quoted(column)}" for column in columns)
    return f"NOT EXISTS (SELECT 1 FROM known s WHERE {same})"


def _bring_table(
    writing: SharedWriting, source: duckdb.DuckDBPyConnection, table: tuple[str, str], columns: dict[str, str]
) -> int:
    """Rows of one table, in the order in which they were logged; `rows` comes before `scores` by its name."""
    name, by_batch = stored_name(table), "batch" in columns
    listed = ", ".join(quoted(column) for column in columns)
    given = ", ".join(_given(table[1], column) for column in columns)
    kinds = copy_shape(writing.cursor, table[0])[table[1]]
    cast = ", ".join(f"g.{quoted(column)}::{kinds[column]}" for column in columns)
    where = _where(table, columns)
    if not by_batch:
        writing.execute(f"CREATE OR REPLACE TEMP TABLE known AS SELECT {listed} FROM {name}")
    reader = source.sql(f"SELECT {listed} FROM {name} ORDER BY rowid").to_arrow_reader(_CHUNK)
    n_rows = 0
    for part in reader:
        writing.register("arrived", pa.Table.from_batches([part]))
        renumbered = f"SELECT {given} FROM arrived a" + (" JOIN numbers n ON n.batch = a.batch" if by_batch else "")
        done = writing.execute(
            f"INSERT INTO {name} ({listed}) SELECT {cast} FROM ({renumbered}) g({listed}) WHERE {where}"
        )
        n_rows += int(done.fetchall()[0][0])
        writing.unregister("arrived")
    return n_rows
