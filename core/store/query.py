"""Rows for a scoring job by one SELECT over one named file, which cannot read, write or load anything else.

A DuckDB or SQLite file is opened read-only; CSV and Parquet files are the view `source`. Everything that SQL could
reach besides is closed before the query is read.
"""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from core.errors import InputError

SQLITE, DUCKDB = b"SQLite format 3\0", b"DUCK"
_ROWS = 50_000
_MEMORY_MB = 256
_MAY = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_LOADERS = {"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"}


def one_select(query: str) -> str:
    """The query, if it is one SELECT.

    Raises
    ------
    InputError
        It is none, several statements, or cannot be read.
    """
    text = query.strip().rstrip(";").strip()
    try:
        statements = duckdb.extract_statements(text)
    except duckdb.Error as error:
        raise _refused("cannot be read", str(error).splitlines()[0][:300]) from None
    if len(statements) != 1:
        raise _refused(f"holds {len(statements)} statements", "Write one SELECT.")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise _refused(f"begins with {text.split(None, 1)[0].upper()[:20]}", "It may only SELECT: nothing is changed.")
    return text


def run_select(source: Path, query: str, target: Path, stopped: Callable[[], bool] = lambda: False) -> Path:
    """Write the rows of a query into a new file and return it: Parquet, or CSV for SQLite, which has no column types.

    Parameters
    ----------
    source : Path
        A DuckDB, SQLite, CSV or Parquet file; or a pattern of CSV or Parquet files.
    target : Path
        Without a suffix.
    stopped : callable
        Asked between blocks of rows.

    Raises
    ------
    InputError
        There is no such file, or the query cannot be run on it; the message says why.
    """
    text = one_select(query)
    head = _head(source)
    try:
        if head.startswith(SQLITE):
            return _from_sqlite(source, text, target.with_suffix(".csv"), stopped)
        return _from_duckdb(source, head, text, target.with_suffix(".parquet"), stopped)
    except (duckdb.Error, sqlite3.Error) as error:
        raise _refused("could not be run", str(error).splitlines()[0][:300]) from None


def _head(source: Path) -> bytes:
    if not source.is_file():
        return b""
    with source.open("rb") as stream:
        return stream.read(16)


def _refused(what: str, hint: str) -> InputError:
    return InputError(f"The query {what}.", hint)


def _from_duckdb(source: Path, head: bytes, query: str, target: Path, stopped: Callable[[], bool]) -> Path:
    with duckdb.connect(config={"memory_limit": f"{_MEMORY_MB}MB", "threads": 1}) as connection:
        connection.execute("SET python_enable_replacements = false")  # a table is never a variable of this code
        named = str(source).replace("'", "''")
        if head[8:12] == DUCKDB:
            connection.execute(f"ATTACH '{named}' AS source (READ_ONLY)")
            connection.execute("USE source")
            connection.execute("SET enable_external_access = false")
        else:
            _named_files(connection, source)
        connection.execute("SET lock_configuration = true")
        rows = connection.sql(query).to_arrow_reader(_ROWS)
        part = target.with_name(f"{target.name}.part")
        with pq.ParquetWriter(part, rows.schema) as writer:
            for batch in rows:
                _go_on(stopped)
                writer.write_batch(batch)
    part.replace(target)
    return target


def _named_files(connection: duckdb.DuckDBPyConnection, source: Path) -> None:
    """The view `source` over files, and a door closed behind them."""
    found = sorted(source.parent.glob(source.name))
    if not found:
        raise InputError(f"There is no file {source}.", "Give the path of a DuckDB, SQLite, CSV or Parquet file.")
    kinds = {path.suffix.lower() for path in found}
    if len(kinds) > 1 or not kinds <= {".csv", ".parquet"}:
        raise InputError(f"{source} names {', '.join(sorted(kinds))} files.", "It takes one kind: .csv or .parquet.")
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in found)
    connection.execute(f"SET allowed_paths = [{listed}]")
    connection.execute("SET enable_external_access = false")
    reader = "read_parquet" if kinds == {".parquet"} else "read_csv"
    connection.execute(f"CREATE VIEW source AS FROM {reader}([{listed}])")


def _from_sqlite(source: Path, query: str, target: Path, stopped: Callable[[], bool]) -> Path:
    def may(action: int, first: str | None, second: str | None, *_: object) -> int:
        loads = action == sqlite3.SQLITE_FUNCTION and second in _LOADERS
        return sqlite3.SQLITE_OK if action in _MAY and not loads else sqlite3.SQLITE_DENY

    connection = sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)
    part = target.with_name(f"{target.name}.part")
    try:
        connection.set_authorizer(may)
        found = connection.execute(query)
        with part.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow([column[0] for column in found.description])
            while rows := found.fetchmany(_ROWS):
                _go_on(stopped)
                writer.writerows(rows)
    finally:
        connection.close()
    part.replace(target)
    return target


def _go_on(stopped: Callable[[], bool]) -> None:
    if stopped():
        raise InputError("The query was stopped.", "It is run again when the task is due, or when somebody asks.")
