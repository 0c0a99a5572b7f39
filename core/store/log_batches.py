"""Batches: rows that were logged together, how each batch ended, and which were voided."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.domain.usecase import UseCase
from core.errors import InputError, UnknownName
from core.store.log_queries import LogQueries, naive
from core.store.log_transaction import ALL

_DAY = "day"  # the event of a batch that collects a day's single rows
_EVENT = "INSERT INTO batch_events VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True)
class Batch:
    """Rows that were logged together: a file, or one day's single rows of one actor and version."""

    number: int
    id: str
    use_case: str
    version: str


class LogBatches(LogQueries):
    """The batches of `core.store.log.PredictionLog`."""

    def __init__(self) -> None:
        self._guard = threading.RLock()
        self._days: dict[tuple[Any, ...], Batch] = {}
        self._n_known: dict[int, int] = {}

    def _count_known(self, batch: Batch, n_rows: int) -> None:
        with self._guard:
            self._n_known[batch.number] = self._n_known.get(batch.number, 0) + n_rows

    def start_batch(  # noqa: PLR0913 - the facts of one record, by name
        self,
        use_case: UseCase,
        *,
        version: str,
        source: str,
        actor: str,
        at: datetime,
        filename: str | None = None,
        file_sha256: str | None = None,
        decided_by: str | None = None,
    ) -> Batch:
        """Open a batch; its rows count from the moment they are appended.

        Parameters
        ----------
        source : {"page", "file", "cli", "inbox", "api", "replay", "simulated"}
        at : datetime
            Now; with a zone, or naive UTC.
        """
        facts = (use_case.key, version, source, filename, file_sha256, actor, decided_by, naive(at))
        self.ensure(use_case)
        return self._open(use_case, facts, "started")

    def _open(self, use_case: UseCase, facts: tuple[Any, ...], event: str) -> Batch:
        batch_id = uuid.uuid4().hex[:16]
        with self._transaction(ALL) as cursor:
            number = cursor.next_batch()
            cursor.execute("INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [number, batch_id, *facts])
            cursor.execute(_EVENT, [number, event, facts[-1], facts[5], None, None, None, None])
        return Batch(number, batch_id, use_case.key, facts[1])

    def batch_for(
        self, use_case: UseCase, version: str, source: str, actor: str, at: datetime, decided_by: str | None = None
    ) -> Batch:
        """The batch that collects this UTC day's single rows of one actor, face and version."""
        self.ensure(use_case)
        moment = naive(at)
        key = (use_case.key, version, source, actor, decided_by, moment.date())
        with self._guard:
            batch = self._days.get(key) or self._find_day(key)
            if batch is None:
                facts = (use_case.key, version, source, None, None, actor, decided_by, moment)
                batch = self._open(use_case, facts, _DAY)
            self._days[key] = batch
        return batch

    def _find_day(self, key: tuple[Any, ...]) -> Batch | None:
        *facts, day = key
        found = self._rows(
            "SELECT b.batch, b.batch_id FROM batches b JOIN batch_events e ON e.batch = b.batch AND e.event = 'day' "
            "WHERE b.use_case = ? AND b.version = ? AND b.source = ? AND b.actor = ? "
            "AND b.decided_by IS NOT DISTINCT FROM ? AND b.created_at >= ? AND b.created_at < ? + INTERVAL 1 DAY "
            "AND b.batch NOT IN (FROM voided) LIMIT 1",
            [*facts, day, day],
        )
        return Batch(found[0][0], found[0][1], key[0], key[1]) if found else None

    def finish_batch(
        self,
        batch: Batch,
        *,
        state: str,
        at: datetime,
        n_rows: int,
        n_rejected: int,
        actor: str | None = None,
    ) -> None:
        """Say how a batch ended.

        Parameters
        ----------
        state : {"done", "cancelled", "failed"}
        n_rows, n_rejected : int
            Rows that were read, and those among them that could not be scored.
        """
        n_known = self._n_known.pop(batch.number, 0)
        facts = [batch.number, state, naive(at), actor, None, n_rows, n_rejected, n_known]
        with self._transaction(ALL) as cursor:
            cursor.execute(_EVENT, facts)

    def void(self, batch_id: str, at: datetime, actor: str, reason: str) -> None:
        """Take a batch out of every figure; its rows stay in the file, and may be logged again.

        Raises
        ------
        UnknownName
        InputError
            It is voided already.
        """
        batch = self._batch(batch_id)
        with self._guard:
            with self._transaction(ALL) as cursor:
                if cursor.execute("SELECT 1 FROM voided WHERE batch = ?", [batch.number]).fetchall():
                    raise InputError(f"Batch {batch_id} is voided already.", "There is nothing to do.")
                cursor.execute(_EVENT, [batch.number, "voided", naive(at), actor, reason, None, None, None])
            self._days = {key: day for key, day in self._days.items() if day.number != batch.number}

    def _batch(self, batch_id: str) -> Batch:
        found = self._rows("SELECT batch, batch_id, use_case, version FROM batches WHERE batch_id = ?", [batch_id])
        if not found:
            known = [row[0] for row in self._rows("SELECT batch_id FROM batches ORDER BY batch DESC LIMIT 100", [])]
            raise UnknownName("batch", batch_id, known)
        return Batch(*found[0])
