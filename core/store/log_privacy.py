"""What the log holds of one entity, taking it out, and taking out what is older than it may be kept.

The log is append-only but for these: an entity's right to be forgotten, an owner's retention, and simulated rows
(`core.store.log_simulated`). Counts per bin and day stay: they hold nobody's row. A deleted row can no longer be
read; the bytes of its block are written over when DuckDB needs the space, not at once.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime

import pyarrow as pa

from core.domain.pseudonym import personal_texts
from core.domain.usecase import UseCase
from core.store.log_batches import LogBatches
from core.store.log_queries import naive
from core.store.log_schema import quoted, raw_names

_TIME_OF = {"rows": "as_of", "outcomes": "observed_at", "views": "seen_at", "feedback": "given_at"}
RETAINED = tuple(_TIME_OF)
_BY = {  # which columns say whether a row is an entity's, or one of a deleted row's
    "rows": ("prediction_id", "batch"),
    "scores": ("prediction_id",),
    "views": ("prediction_id",),
    "feedback": ("prediction_id",),
    "outcomes": ("entity", "as_of"),
}


class LogPrivacy(LogBatches):
    """The person's side of `core.store.log.PredictionLog`."""

    _writing: dict[str, threading.Lock]  # by use case: who writes to its tables

    def of_entity(self, use_case: UseCase, texts: Sequence[str]) -> dict[str, pa.Table]:
        """Everything stored of an entity, by table; voided uploads too.

        Parameters
        ----------
        texts : sequence of str
            What it is called in the log; found in the entity column and in every personal text column.
        """
        self.ensure(use_case)
        ids = f"SELECT prediction_id FROM {quoted(use_case.key, 'rows')} WHERE {_is_meant(use_case)}"
        bound = _bound(use_case, texts)
        found = {
            "rows": self._arrow(f"SELECT * FROM {quoted(use_case.key, 'rows')} WHERE {_is_meant(use_case)}", bound)
        }
        for table in ("scores", "views", "feedback"):
            where = f"prediction_id IN ({ids})"
            found[table] = self._arrow(f"SELECT * FROM {quoted(use_case.key, table)} WHERE {where}", bound)
        own = quoted(use_case.key, "outcomes")
        found["outcomes"] = self._arrow(
            f"SELECT * FROM {own} WHERE {_own_outcomes(use_case)}", [list(texts), *bound, *bound]
        )
        return found

    def erase_entity(self, use_case: UseCase, texts: Sequence[str]) -> dict[str, int]:
        """Delete everything stored of an entity, all of it or nothing; rows deleted by table."""
        self.ensure(use_case)
        bound, key = _bound(use_case, texts), use_case.key
        ids = f"SELECT prediction_id FROM {quoted(key, 'rows')} WHERE {_is_meant(use_case)}"
        with self._writing[key], self._transaction(key) as cursor:
            steps = [(table, f"prediction_id IN ({ids})", bound) for table in ("views", "feedback", "scores")]
            steps.append(("outcomes", _own_outcomes(use_case), [list(texts), *bound, *bound]))
            steps.append(("rows", _is_meant(use_case), bound))
            return {table: cursor.delete((key, table), where, given, _BY[table]) for table, where, given in steps}

    def delete_before(self, use_case: UseCase, table: str, before: datetime) -> int:
        """Delete what is older than a time of one of `RETAINED`; with rows go their scores, views and feedback."""
        self.ensure(use_case)
        key, at = use_case.key, naive(before)
        with self._writing[key], self._transaction(key) as cursor:
            if table == "rows":
                ids = f"prediction_id IN (SELECT prediction_id FROM {quoted(key, 'rows')} WHERE as_of < ?)"
                for other in ("scores", "views", "feedback"):
                    cursor.delete((key, other), ids, [at], _BY[other])
            by = _BY[table] if table == "rows" else (_BY[table][0], _TIME_OF[table])
            return cursor.delete((key, table), f"{_TIME_OF[table]} < ?", [at], by)

    def plain_texts(self, use_case: UseCase) -> list[str]:
        """Every text that the log holds in the entity column or a personal text column."""
        self.ensure(use_case)
        rows, outcomes = quoted(use_case.key, "rows"), quoted(use_case.key, "outcomes")
        parts = [f"SELECT {column} FROM {rows}" for column in _columns(use_case)] + [f"SELECT entity FROM {outcomes}"]
        found = self._rows(f"SELECT DISTINCT text FROM ({' UNION '.join(parts)}) found(text) WHERE text IS NOT NULL")
        return [row[0] for row in found]

    def rename_texts(self, use_case: UseCase, names: Mapping[str, str]) -> None:
        """Put other texts in the place of those, wherever an entity is named; all of them or none."""
        self.ensure(use_case)
        given = pa.table(
            {"text": pa.array(list(names), pa.string()), "name": pa.array(list(names.values()), pa.string())}
        )
        with self._writing[use_case.key], self._transaction(use_case.key) as cursor:
            cursor.register("renamed", given)
            for table in ("rows", "outcomes"):
                for column in _columns(use_case) if table == "rows" else ['"entity"']:
                    cursor.execute(
                        f"UPDATE {quoted(use_case.key, table)} AS stored SET {column} = renamed.name "
                        f"FROM renamed WHERE stored.{column} = renamed.text"
                    )
                cursor.changed((use_case.key, table))
            cursor.unregister("renamed")


def _columns(use_case: UseCase) -> list[str]:
    stored = raw_names(use_case)
    return ['"entity"', *(quoted(stored[name]) for name in personal_texts(use_case))]


def _is_meant(use_case: UseCase) -> str:
    return "(" + " OR ".join(f"{column} IN (SELECT unnest(?))" for column in _columns(use_case)) + ")"


def _bound(use_case: UseCase, texts: Sequence[str]) -> list[list[str]]:
    return [list(texts)] * len(_columns(use_case))


def _own_outcomes(use_case: UseCase) -> str:
    """Outcomes of the entity, and of rows that are its own under another id (a purchase of a customer).

    An id of a row need not be unique: an outcome goes with a row of the same time, or where every row of that id goes.
    """
    rows = quoted(use_case.key, "rows")
    return (
        f"(entity IN (SELECT unnest(?)) OR (entity, as_of) IN (SELECT (entity, as_of) FROM {rows} "
        f"WHERE {_is_meant(use_case)}) OR (as_of IS NULL AND entity IN (SELECT entity FROM {rows} "
        f"GROUP BY entity HAVING bool_and({_is_meant(use_case)}))))"
    )
