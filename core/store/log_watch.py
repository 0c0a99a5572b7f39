"""What the hourly looks of the watch ask of the log: uploads with their rejects, gaps and new levels by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.domain.refusals import Refusal
from core.domain.usecase import UseCase
from core.store.log_batches import Batch
from core.store.log_queries import LogQueries, naive
from core.store.log_schema import quoted, raw_names
from core.store.log_simulated import SIMULATED
from core.store.log_transaction import ALL

_COUNTS = "batch NOT IN (FROM voided)"
_ENDED = """
    SELECT e.batch, max(e.n_rows) AS n_rows, max(e.n_rejected) AS n_rejected
    FROM batch_events e JOIN batches b ON b.batch = e.batch
    WHERE b.use_case = ? AND e.event_at > ? AND e.event_at <= ? AND e.n_rows IS NOT NULL
    AND e.batch NOT IN (FROM voided) GROUP BY e.batch"""


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
            "SELECT count(*), coalesce(sum(n_rows), 0), coalesce(sum(n_rejected), 0), coalesce(max(batch), 0) "
            f"FROM ({_ENDED})",
            [use_case.key, naive(since), naive(until)],
        )[0]
        return Uploads(*(int(value) for value in found))

    def note_refused(self, batch: Batch, refused: Mapping[Refusal, int]) -> None:
        """Keep what the rows of a batch were refused for."""
        if refused:
            rows = [(batch.number, *refusal, n) for refusal, n in refused.items()]
            with self._transaction(ALL) as cursor:
                for row in rows:
                    cursor.execute("INSERT INTO refusals VALUES (?, ?, ?, ?, ?)", row)

    def refused(self, use_case: UseCase, since: datetime, until: datetime) -> dict[Refusal, int]:
        """What rows were refused for in the uploads of `uploads`, the commonest first."""
        self.ensure(use_case)
        found = self._rows(
            f'WITH ended AS ({_ENDED}) SELECT "column", rule, level, sum(n) FROM refusals '
            "WHERE batch IN (SELECT batch FROM ended) GROUP BY ALL ORDER BY 4 DESC, 1, 2, 3",
            [use_case.key, naive(since), naive(until)],
        )
        return {(column, rule, level): int(n) for column, rule, level, n in found}

    def newest_since(self, use_case: UseCase, n_rows: int, since: datetime, until: datetime) -> datetime | None:
        """When the oldest of the newest n rows was scored, of those with since < scored_at <= until; None: no row."""
        self.ensure(use_case)
        found: datetime | None = self._rows(
            f"SELECT min(scored_at) FROM (SELECT scored_at FROM {quoted(use_case.key, 'rows')} "
            f"WHERE scored_at > ? AND scored_at <= ? AND {_COUNTS} ORDER BY scored_at DESC LIMIT {int(n_rows)})",
            [naive(since), naive(until)],
        )[0][0]
        return found

    def gaps(
        self, use_case: UseCase, columns: Sequence[str], since: datetime, until: datetime
    ) -> tuple[int, datetime | None, dict[str, int]]:
        """Rows with since <= scored_at <= until, the newest's time, and how many have no value in each raw column."""
        self.ensure(use_case)
        stored = raw_names(use_case)
        counted = "".join(f", count(*) - count({quoted(stored[name])})" for name in columns)
        n_rows, last, *missing = self._rows(
            f"SELECT count(*), max(scored_at){counted} FROM {quoted(use_case.key, 'rows')} "
            f"WHERE scored_at >= ? AND scored_at <= ? AND {_COUNTS}",
            [naive(since), naive(until)],
        )[0]
        return n_rows, last, dict(zip(columns, missing, strict=True))

    def unseen(self, use_case: UseCase, column: str, since: datetime, until: datetime) -> dict[str, int]:
        """Levels of a column that its version does not know, in the rows of `gaps`, the commonest first."""
        self.ensure(use_case)
        name = quoted(raw_names(use_case)[column])
        found = self._rows(
            f"SELECT {name}, count(*) FROM {quoted(use_case.key, 'rows')} WHERE scored_at >= ? AND scored_at <= ? "
            f"AND {_COUNTS} AND list_contains(string_split(other, ' '), ?) GROUP BY 1 ORDER BY 2 DESC, 1",
            [naive(since), naive(until), column],
        )
        return dict(found)

    def simulated_use_cases(self) -> frozenset[str]:
        """Use cases that hold rows that were drawn and not observed."""
        found = self._rows("SELECT DISTINCT use_case FROM batches WHERE source = ?", [SIMULATED])
        return frozenset(row[0] for row in found)

    def first_brought(self, until: datetime) -> datetime | None:
        """When the first batch was scored, until then, that somebody brought; None: there are drawn rows at most."""
        found = self._rows(
            "SELECT min(created_at) FROM batches WHERE source <> ? AND created_at <= ?", [SIMULATED, naive(until)]
        )
        return found[0][0].replace(tzinfo=UTC) if found[0][0] is not None else None
