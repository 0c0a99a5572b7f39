"""What the hourly looks of the watch ask of the log: uploads with their rejects, gaps and new levels by column."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.domain.usecase import UseCase
from core.store.log_queries import LogQueries, naive
from core.store.log_simulated import SIMULATED


@dataclass(frozen=True)
class Uploads:
    """Uploads that ended in a stretch of time; `n_rows` were read, `last` numbers the newest."""

    n_uploads: int
    n_rows: int
    n_rejected: int
    last: int


class LogWatch(LogQueries):
    """What the watch asks of `core.store.log.PredictionLog`."""

    def uploads(self, use_case: UseCase, since: datetime, until: datetime) -> Uploads:
        """Uploads with since < end <= until that were not voided; single rows are none."""
        self.ensure(use_case)
        found = self._rows(
            "SELECT count(*), coalesce(sum(n_rows), 0), coalesce(sum(n_rejected), 0), coalesce(max(batch), 0) FROM ("
            "SELECT e.batch, max(e.n_rows) AS n_rows, max(e.n_rejected) AS n_rejected FROM batch_events e "
            "JOIN batches b ON b.batch = e.batch WHERE b.use_case = ? AND e.event_at > ? AND e.event_at <= ? "
            "AND e.n_rows IS NOT NULL AND e.batch NOT IN (FROM voided) GROUP BY e.batch)",
            [use_case.key, naive(since), naive(until)],
        )[0]
        return Uploads(*(int(value) for value in found))

    def simulated_use_cases(self) -> frozenset[str]:
        """Use cases that hold rows that were drawn and not observed."""
        return frozenset(
            row[0] for row in self._rows("SELECT DISTINCT use_case FROM batches WHERE source = ?", [SIMULATED])
        )
