"""A transaction of the log's database, and what a writer may do in one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import duckdb

from core.domain.usecase import UseCase
from core.store.log_schema import quoted

ALL = ""  # in the place of a use case's key: the tables of all use cases (batches, what became of them, drift)
Stored = tuple[str, str]  # a use case's key or ALL, and the name of a table


def stored_name(table: Stored) -> str:
    """A stored table as SQL names it.

    >>> print(stored_name(("bnpl_default", "rows")), stored_name((ALL, "batches")))
    "bnpl_default"."rows" "batches"
    """
    return quoted(*(part for part in table if part))


class Writing:
    """A cursor inside a transaction. Rows are added by any INSERT; taken out or changed only as told here."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self.cursor = cursor

    def execute(self, query: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyConnection:
        """Run a query of the writer's own."""
        return self.cursor.execute(query, list(parameters))

    def register(self, name: str, table: Any) -> None:
        """Let queries read an Arrow table under a name."""
        self.cursor.register(name, table)

    def unregister(self, name: str) -> None:
        self.cursor.unregister(name)

    def next_batch(self) -> int:
        """A number that no batch has."""
        return int(self.execute("SELECT nextval('batch_numbers')").fetchall()[0][0])

    def delete(self, table: Stored, where: str, bound: Sequence[Any], by: tuple[str, ...]) -> int:
        """Take rows out; how many there were.

        Parameters
        ----------
        by : tuple of str
            Columns that decide: of two rows with the same values there, both are meant or neither. The first is
            never null.
        """
        return int(self.execute(f"DELETE FROM {stored_name(table)} WHERE {where}", bound).fetchall()[0][0])

    def changed(self, table: Stored) -> None:
        """Rows of a table were changed in place by an UPDATE."""


class Transaction:
    """A writer's cursor inside BEGIN ... COMMIT, rolled back when its block raises."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def __enter__(self) -> Writing:
        self._cursor.execute("BEGIN")
        return Writing(self._cursor)

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self._cursor.execute("COMMIT" if kind is None else "ROLLBACK")
        self._cursor.close()


class LogBase(ABC):
    """What every part of `core.store.log.PredictionLog` stands on."""

    @abstractmethod
    def _cursor(self) -> duckdb.DuckDBPyConnection: ...

    @abstractmethod
    def ensure(self, use_case: UseCase) -> None: ...

    def _transaction(self, *keys: str) -> AbstractContextManager[Writing]:
        """A transaction that writes to the tables of these use cases; ALL stands for those of all of them."""
        return Transaction(self._cursor())
