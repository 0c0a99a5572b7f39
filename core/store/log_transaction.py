"""A transaction of the log's database."""

from __future__ import annotations

import duckdb


class Transaction:
    """A cursor inside BEGIN ... COMMIT, rolled back when its block raises."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def __enter__(self) -> duckdb.DuckDBPyConnection:
        self._cursor.execute("BEGIN")
        return self._cursor

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self._cursor.execute("COMMIT" if kind is None else "ROLLBACK")
        self._cursor.close()
