"""Outcomes in the log: which of them meet a prediction, how ripe they are, and the rows that have one.

Every query joins the way `outcomes_as_known_on` promises: by entity and time where the outcome names its time,
else by entity alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from core.domain.usecase import UseCase
from core.store.log_batches import LogBatches
from core.store.log_queries import naive
from core.store.log_schema import quoted, score_names
from core.store.log_shadow import literal, outcomes_as_known_on

UNKNOWN, OTHER_TIME, CONTRADICTS, REPEATS, MEETS = "unknown", "other time", "contradicts", "repeats", "meets"

_KNOWN = """
    LEFT JOIN known o ON o.entity = r.entity AND o.as_of = r.as_of
    LEFT JOIN known e ON e.entity = r.entity AND e.as_of IS NULL"""
_OUTCOME = "coalesce(o.outcome, e.outcome)"


@dataclass(frozen=True)
class Ripe:
    """Rows older than the horizon, those of them without an outcome and the oldest of these, rows that soon are."""

    n_mature: int
    n_missing: int
    n_soon: int
    oldest_missing: datetime  # the time asked for where none is missing


class LogOutcomes(LogBatches):
    """The outcomes of `core.store.log.PredictionLog`, next to the predictions they are about."""

    def match_outcomes(self, use_case: UseCase, given: pa.Table) -> pa.Table:
        """Whether each outcome of a file is about a prediction of the log, and new.

        Parameters
        ----------
        given : pyarrow.Table
            row (its number), entity, as_of (UTC; null: every prediction of the entity), outcome, observed_at (null:
            not told).

        Returns
        -------
        pyarrow.Table, in the order of `row`
            row, `status` (one of the words above), `n_times` (at how many times the entity was predicted), and
            `observed_at`: where none was told and the outcome is the one that is known already, the time kept.
        """
        self.ensure(use_case)
        table, outcomes = quoted(use_case.key, "rows"), quoted(use_case.key, "outcomes")
        cursor = self._cursor()
        cursor.register("given", given)
        try:
            return cursor.sql(
                f"""
                WITH predicted AS (
                    SELECT DISTINCT entity, as_of FROM {table}
                    WHERE batch NOT IN (FROM voided) AND entity IN (SELECT entity FROM given)),
                times AS (SELECT entity, count(*) AS n_times FROM predicted GROUP BY entity),
                latest AS (
                    SELECT entity, as_of, arg_max(outcome, revision) AS outcome,
                           arg_max(observed_at, revision) AS observed_at
                    FROM {outcomes} WHERE entity IN (SELECT entity FROM given) GROUP BY entity, as_of)
                SELECT g.row, coalesce(t.n_times, 0) AS n_times,
                       coalesce(g.observed_at, CASE WHEN l.outcome = g.outcome THEN l.observed_at END) AS observed_at,
                       CASE WHEN t.entity IS NULL THEN '{UNKNOWN}'
                            WHEN g.as_of IS NOT NULL AND p.entity IS NULL THEN '{OTHER_TIME}'
                            WHEN min(g.outcome) OVER same <> max(g.outcome) OVER same THEN '{CONTRADICTS}'
                            WHEN row_number() OVER (same ORDER BY g.row) > 1 THEN '{REPEATS}'
                            ELSE '{MEETS}' END AS status
                FROM given g
                LEFT JOIN times t ON t.entity = g.entity
                LEFT JOIN predicted p ON p.entity = g.entity AND p.as_of = g.as_of
                LEFT JOIN latest l ON l.entity = g.entity AND l.as_of IS NOT DISTINCT FROM g.as_of
                WINDOW same AS (PARTITION BY g.entity, g.as_of, g.observed_at)
                ORDER BY g.row
                """
            ).to_arrow_table()
        finally:
            cursor.unregister("given")

    def judged(self, use_case: UseCase, as_known_on: datetime, *, since: datetime | None = None) -> pa.Table:
        """Acting predictions up to a time, each with its outcome as known then and every arm's scores.

        Parameters
        ----------
        since : datetime, optional
            Of the rows' own time; earlier rows are not read.

        Returns
        -------
        pyarrow.Table, in no order
            as_of, mature (older than the horizon), outcome (null: not known), version, decided_by, entity (a hash; null
            throughout where no entity repeats), rules_score, the models under their `score_names`; band, rules_band and
            decision as their places in the policy, -1 for none.
        """
        self.ensure(use_case)
        horizon = timedelta(days=use_case.target.horizon_days)
        known_on, policy = naive(as_known_on), use_case.policy
        asked, span = "r.as_of <= ? AND r.batch NOT IN (FROM voided)", [known_on]
        if since is not None:
            asked, span = f"{asked} AND r.as_of >= ?", [known_on, naive(since)]
        counted = f"FROM {quoted(use_case.key, 'rows')} r WHERE {asked}"
        repeated = self._rows(f"SELECT count(*) > count(DISTINCT hash(r.entity)) {counted}", span)[0][0]
        models = ", ".join(f"s.{quoted(name)}" for name in score_names(use_case).values())
        return self._arrow(
            f"""
            WITH known AS ({outcomes_as_known_on(use_case, "?::TIMESTAMP")})
            SELECT r.as_of, r.as_of <= ? AS mature, {_OUTCOME} AS outcome, s.version,
                   coalesce(r.decided_by, b.decided_by) AS decided_by,
                   {"hash(r.entity)" if repeated else "NULL::UBIGINT"} AS entity,
                   {_place("s.band", policy.band_places)} AS band,
                   {_place("s.rules_band", policy.band_places)} AS rules_band,
                   {_place("r.decision", policy.decision_places)} AS decision, s.rules_score, {models}
            FROM {quoted(use_case.key, "rows")} r JOIN {quoted(use_case.key, "scores")} s
            ON s.prediction_id = r.prediction_id AND s.batch = r.batch AND s.role = 'acting'
            LEFT JOIN batches b ON b.batch = r.batch {_KNOWN}
            WHERE {asked}
            """,
            [known_on, known_on - horizon, *span],
        )

    def ripeness(self, use_case: UseCase, now: datetime, soon: timedelta) -> Ripe:
        """How many rows should have an outcome at a time, and how many have none; see `Ripe`."""
        self.ensure(use_case)
        rows, outcomes = quoted(use_case.key, "rows"), quoted(use_case.key, "outcomes")
        cut = naive(now) - timedelta(days=use_case.target.horizon_days)
        counted = f"FROM {rows} r WHERE r.batch NOT IN (FROM voided)"
        mature, young, oldest = self._rows(
            "SELECT count(*) FILTER (r.as_of <= ?), count(*) FILTER (r.as_of > ? AND r.as_of <= ?), "
            f"min(r.as_of) {counted}",
            [cut, cut, cut + soon],
        )[0]
        missing = mature
        if self._rows(f"SELECT 1 FROM {outcomes} LIMIT 1"):
            missing, oldest = self._rows(
                f"WITH by_time AS (SELECT DISTINCT entity, as_of FROM {outcomes} WHERE as_of IS NOT NULL), "
                f"by_entity AS (SELECT DISTINCT entity FROM {outcomes} WHERE as_of IS NULL) "
                f"SELECT count(*), min(r.as_of) {counted} AND r.as_of <= ? "
                "AND NOT EXISTS (SELECT 1 FROM by_time o WHERE o.entity = r.entity AND o.as_of = r.as_of) "
                "AND NOT EXISTS (SELECT 1 FROM by_entity e WHERE e.entity = r.entity)",
                [cut],
            )[0]
        return Ripe(mature, missing, young, oldest.replace(tzinfo=UTC) if missing and oldest else now)

    def water_mark(self, use_case: UseCase) -> tuple[int, int, int]:
        """What every figure of a use case depends on: how many rows, outcome revisions and voided batches there are."""
        self.ensure(use_case)
        rows, outcomes = quoted(use_case.key, "rows"), quoted(use_case.key, "outcomes")
        query = (
            f"SELECT (SELECT count(*) FROM {rows}), (SELECT count(*) FROM {outcomes}), (SELECT count(*) FROM voided)"
        )
        found: tuple[int, int, int] = tuple(self._rows(query)[0])
        return found


def _place(column: str, places: Mapping[str, int]) -> str:
    """The place of a text; -1 where it has none."""
    whens = " ".join(f"WHEN {literal(name)} THEN {place}" for name, place in places.items())
    return f"(CASE {column} {whens} ELSE -1 END)::TINYINT"
