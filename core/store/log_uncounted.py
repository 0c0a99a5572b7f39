"""Rows whose features nobody counted: those that were scored singly, and how their counts are added once."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from core.domain.usecase import UseCase
from core.store.log_queries import LogQueries, naive
from core.store.log_schema import quoted, raw_names

_counting = threading.Lock()


@dataclass(frozen=True)
class Uncounted:
    """A batch with `n` rows, of which the first `n_counted` have their features counted."""

    batch: int
    version: str
    n: int
    n_counted: int


class LogUncounted(LogQueries):
    """What is behind with its counts in `core.store.log.PredictionLog`."""

    def uncounted(self, use_case: UseCase, until: datetime) -> list[Uncounted]:
        """Batches opened up to a time that hold rows whose features were not counted; none that was voided."""
        self.ensure(use_case)
        found = self._rows(
            "SELECT r.batch, b.version, r.n, coalesce(c.n, 0)::BIGINT FROM "
            f"(SELECT batch, count(*) AS n FROM {quoted(use_case.key, 'rows')} "
            "WHERE batch NOT IN (FROM voided) GROUP BY batch) r "
            f"JOIN batches b ON b.batch = r.batch AND b.created_at <= ? LEFT JOIN {_counted(use_case)} c "
            "ON c.batch = r.batch WHERE r.n > coalesce(c.n, 0) ORDER BY r.batch",
            [naive(until)],
        )
        return [Uncounted(*row) for row in found]

    def rows_of_batch(self, use_case: UseCase, batch: int, first: int, most: int) -> pa.Table:
        """Times and raw columns of a batch's rows in the order in which they were logged, from a place on."""
        self.ensure(use_case)
        listed = ", ".join(quoted(name) for name in ("as_of", *raw_names(use_case).values()))
        return self._arrow(
            f"SELECT {listed} FROM {quoted(use_case.key, 'rows')} WHERE batch = ? "
            f"ORDER BY rowid LIMIT {int(most)} OFFSET {int(first)}",
            [batch],
        )

    def append_counts(self, use_case: UseCase, batch: Uncounted, n_counted: int, counts: pa.Table) -> bool:
        """Add counts (day, feature, bin, n) of the rows after the first `n_counted`, unless more are counted by now."""
        self.ensure(use_case)
        query = f"SELECT max(n) FROM {_counted(use_case)} WHERE batch = ?"
        with _counting, self._transaction(use_case.key) as cursor:
            known = cursor.execute(query, [batch.batch]).fetchall()[0][0] or 0
            if known != n_counted:
                return False
            cursor.register("more_counts", counts)
            cursor.execute(
                f"INSERT INTO {quoted(use_case.key, 'feature_counts')} BY NAME "
                "SELECT ?::INTEGER AS batch, ? AS version, day, feature, bin, n FROM more_counts",
                [batch.batch, batch.version],
            )
            cursor.unregister("more_counts")
        return True


def _counted(use_case: UseCase) -> str:
    """Batch -> rows whose features were counted, as SQL."""
    counts = quoted(use_case.key, "feature_counts")
    by_feature = f"SELECT batch, feature, sum(n) AS n FROM {counts} GROUP BY ALL"
    return f"(SELECT batch, max(n) AS n FROM ({by_feature}) GROUP BY batch)"
