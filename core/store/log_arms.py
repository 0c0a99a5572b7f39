"""Several versions on the same rows: scores added after the event, and rows that every version has scored."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from core.domain.usecase import UseCase
from core.store.log_groups import LogGroups
from core.store.log_queries import naive
from core.store.log_schema import quoted, score_names
from core.store.log_shadow import literal, outcomes_as_known_on

REPLAY = "replay"
_EVER = (datetime(1900, 1, 1), datetime(9000, 1, 1))
_COUNTS = "batch NOT IN (FROM voided)"


class LogArms(LogGroups):
    """What `core.store.log.PredictionLog` knows of versions beside the acting one."""

    @abstractmethod
    def _arrow(self, query: str, parameters: Sequence[Any] = ()) -> pa.Table: ...

    def unscored(self, use_case: UseCase, version: str, since: datetime, until: datetime, limit: int) -> pa.Table:
        """Logged rows of a stretch of their own time that a version has not scored yet: id, batch, raw columns.

        At most `limit` of them, in the order of time; call again after `append_scores` until none is left.
        """
        self.ensure(use_case)
        rows, scores = quoted(use_case.key, "rows"), quoted(use_case.key, "scores")
        return self._arrow(
            f"SELECT r.* REPLACE (replace(r.prediction_id::VARCHAR, '-', '') AS prediction_id) FROM {rows} r "
            f"WHERE r.as_of >= ? AND r.as_of < ? AND r.{_COUNTS} AND NOT EXISTS (SELECT 1 FROM {scores} s "
            "WHERE s.prediction_id = r.prediction_id AND s.batch = r.batch AND s.version = ?) "
            "ORDER BY r.as_of, r.prediction_id LIMIT ?",
            [naive(since), naive(until), version, limit],
        )

    def rows_between(self, use_case: UseCase, since: datetime, until: datetime) -> int:
        """How many rows of a stretch of their own time there are."""
        self.ensure(use_case)
        found = self._arrow(
            f"SELECT count(*) AS n FROM {quoted(use_case.key, 'rows')} WHERE as_of >= ? AND as_of < ? AND {_COUNTS}",
            [naive(since), naive(until)],
        )
        return int(found["n"][0].as_py())

    def newest_row(self, use_case: UseCase, before: datetime) -> datetime | None:
        """When the newest row before a time happened (UTC, without a zone); None without rows."""
        self.ensure(use_case)
        found = self._arrow(
            f"SELECT max(as_of) AS newest FROM {quoted(use_case.key, 'rows')} WHERE as_of < ? AND {_COUNTS}",
            [naive(before)],
        )
        newest: datetime | None = found["newest"][0].as_py()
        return newest

    def append_scores(self, use_case: UseCase, version: str, scores: pa.Table, *, at: datetime) -> int:
        """Add a version's scores to rows that are logged; rows it has scored already are left out.

        Parameters
        ----------
        scores : pyarrow.Table
            prediction_id (32 hex digits), batch, and columns of the `scores` table.
        at : datetime
            When they were computed.

        Returns
        -------
        int
            Scores that were new.
        """
        self.ensure(use_case)
        table = quoted(use_case.key, "scores")
        names = [name for name in scores.column_names if name not in ("prediction_id", "batch")]
        listed = ", ".join(quoted(name) for name in names)
        with self._transaction(use_case.key) as cursor:
            cursor.register("replayed", scores)
            done = cursor.execute(
                f"INSERT INTO {table} (prediction_id, batch, version, role, scored_at, {listed}) "
                f"SELECT g.prediction_id::UUID, g.batch, ?, '{REPLAY}', ?, {listed} FROM replayed g "
                f"WHERE NOT EXISTS (SELECT 1 FROM {table} s WHERE s.prediction_id = g.prediction_id::UUID "
                "AND s.batch = g.batch AND s.version = ?)",
                [version, naive(at), version],
            ).fetchall()
            cursor.unregister("replayed")
        return int(done[0][0])

    def scored_versions(self, use_case: UseCase) -> dict[str, dict[str, int]]:
        """Version -> role -> scores, of batches that count."""
        self.ensure(use_case)
        found = self._arrow(
            f"SELECT version, role, count(*) AS n FROM {quoted(use_case.key, 'scores')} WHERE {_COUNTS} "
            "GROUP BY ALL ORDER BY ALL"
        ).to_pylist()
        versions: dict[str, dict[str, int]] = {}
        for row in found:
            versions.setdefault(row["version"], {})[row["role"]] = row["n"]
        return versions

    def arm_counts(self, use_case: UseCase, experiment: str, since: datetime) -> dict[str, int]:
        """Entities by the arm of an experiment that they met from a time of scoring on."""
        self.ensure(use_case)
        prefix = f"{experiment}:"
        found = self._arrow(
            f"SELECT arm, count(DISTINCT entity) AS n FROM {quoted(use_case.key, 'rows')} "
            f"WHERE starts_with(arm, ?) AND scored_at >= ? AND {_COUNTS} GROUP BY arm",
            [prefix, naive(since)],
        )
        return {row["arm"].removeprefix(prefix): row["n"] for row in found.to_pylist()}

    def judged_between(
        self, use_case: UseCase, versions: Sequence[str], since: datetime, until: datetime, known_on: datetime
    ) -> int:
        """How many rows of a stretch of their own time each of some versions has scored and can be judged by a time."""
        self.ensure(use_case)
        rows, scores = quoted(use_case.key, "rows"), quoted(use_case.key, "scores")
        cut = min(naive(until), naive(known_on) - timedelta(days=use_case.target.horizon_days))
        scored = "".join(
            f" AND EXISTS (SELECT 1 FROM {scores} s WHERE s.prediction_id = r.prediction_id AND s.batch = r.batch "
            "AND s.version = ?)"
            for _ in versions
        )
        found = self._arrow(
            f"WITH known AS ({outcomes_as_known_on(use_case, '?::TIMESTAMP')}) "
            f"SELECT count(*) AS n FROM {rows} r WHERE r.as_of >= ? AND r.as_of < ? AND r.{_COUNTS}{scored} AND ("
            "EXISTS (SELECT 1 FROM known o WHERE o.entity = r.entity AND o.as_of = r.as_of) OR "
            "EXISTS (SELECT 1 FROM known e WHERE e.entity = r.entity AND e.as_of IS NULL))",
            [naive(known_on), naive(since), cut, *versions],
        )
        return int(found["n"][0].as_py())

    def judged_arms(
        self,
        use_case: UseCase,
        as_known_on: datetime,
        versions: Sequence[str],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        columns: Sequence[str] = (),
    ) -> pa.Table:
        """Rows that each of some versions has scored, whatever its role, with outcomes as known at a time.

        Returns
        -------
        pyarrow.Table, in the order of time
            prediction_id (text), as_of, mature, outcome, decided_by, propensity, arm, acting_version, entity (a hash,
            never null), band and rules_band and decision as texts, rules_score, the raw `columns` asked for, and
            `<version>:<column>` for every score column, latency_ms and band of every version.
        """
        self.ensure(use_case)
        known_on = naive(as_known_on)
        horizon = timedelta(days=use_case.target.horizon_days)
        picked = _picked(use_case, versions) + [f"r.{quoted(name)}" for name in columns]
        rows, scores = quoted(use_case.key, "rows"), quoted(use_case.key, "scores")
        return self._arrow(
            f"""
            WITH known AS ({outcomes_as_known_on(use_case, "?::TIMESTAMP")})
            SELECT r.prediction_id::VARCHAR AS prediction_id, r.as_of, r.as_of <= ? AS mature,
                   coalesce(o.outcome, e.outcome) AS outcome, coalesce(r.decided_by, b.decided_by) AS decided_by,
                   r.propensity, r.arm, s.version AS acting_version, hash(r.entity) AS entity, s.band, s.rules_band,
                   r.decision, s.rules_score{"".join(f", {item}" for item in picked)}
            FROM {rows} r
            JOIN {scores} s ON s.prediction_id = r.prediction_id AND s.batch = r.batch AND s.role = 'acting'
            {_joins(scores, versions)}
            LEFT JOIN batches b ON b.batch = r.batch
            LEFT JOIN known o ON o.entity = r.entity AND o.as_of = r.as_of
            LEFT JOIN known e ON e.entity = r.entity AND e.as_of IS NULL
            WHERE r.as_of <= ? AND r.as_of >= ? AND r.as_of < ? AND r.{_COUNTS}
            ORDER BY r.as_of, r.prediction_id
            """,
            [known_on, known_on - horizon, known_on, naive(since or _EVER[0]), naive(until or _EVER[1])],
        )


def _picked(use_case: UseCase, versions: Sequence[str]) -> list[str]:
    stored = [*score_names(use_case).values(), "latency_ms", "band"]
    return [
        f"v{place}.{quoted(name)} AS {quoted(f'{version}:{name}')}"
        for place, version in enumerate(versions)
        for name in stored
    ]


def _joins(scores: str, versions: Sequence[str]) -> str:
    """One row of scores per version, whatever its role."""
    return " ".join(
        f"JOIN (SELECT DISTINCT ON (prediction_id, batch) * FROM {scores} WHERE version = {literal(version)}) v{place} "
        f"ON v{place}.prediction_id = r.prediction_id AND v{place}.batch = r.batch"
        for place, version in enumerate(versions)
    )
