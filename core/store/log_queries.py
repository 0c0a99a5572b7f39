"""What can be asked of the log: named queries, parameters bound, Arrow out. Voided batches never count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.domain.usecase import UseCase
from core.errors import UnknownName
from core.store.log_schema import quoted, stored_columns
from core.store.log_shadow import outcomes_as_known_on
from core.store.log_transaction import LogBase

_ID = "replace(r.prediction_id::VARCHAR, '-', '') AS prediction_id"
_COUNTS = "batch NOT IN (FROM voided)"
_IN_BATCH = {"prediction_id", "batch", "scored_at"}  # of scores: told by rows


@dataclass(frozen=True)
class Counts:
    """How much a use case has logged; `recent` since the time asked for."""

    total: int
    recent: int
    last_scored_at: datetime | None


class LogQueries(LogBase):
    """The reading half of `core.store.log.PredictionLog`."""

    def _rows(self, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
        return self._cursor().execute(query, list(parameters)).fetchall()

    def _arrow(self, query: str, parameters: Sequence[Any] = ()) -> pa.Table:
        return self._cursor().sql(query, params=list(parameters)).to_arrow_table()

    def counts(self, use_case: UseCase, since: datetime | None = None) -> Counts:
        """Rows in all, rows scored since a time, and the time of the last one."""
        self.ensure(use_case)
        bound = naive(since) if since else datetime.max
        total, recent, last = self._rows(
            f"SELECT count(*), count(*) FILTER (scored_at >= ?), max(scored_at) "
            f"FROM {quoted(use_case.key, 'rows')} WHERE {_COUNTS}",
            [bound],
        )[0]
        return Counts(total, recent, last)

    def by_band(self, use_case: UseCase, batch_id: str | None = None) -> dict[str, int]:
        """Acting predictions by the champion's band, in the log or in one batch."""
        self.ensure(use_case)
        where, bound = _one_batch(batch_id)
        found = self._rows(
            f"SELECT band, count(*) FROM {quoted(use_case.key, 'scores')} "
            f"WHERE role = 'acting' AND band IS NOT NULL AND {_COUNTS} {where} GROUP BY band ORDER BY band",
            bound,
        )
        return dict(found)

    def mean_score_by_day(self, use_case: UseCase, *, days: int, until: datetime) -> list[float]:
        """The acting model's mean score per UTC day of scoring, oldest first, days without rows left out."""
        self.ensure(use_case)
        found = self._rows(
            f"SELECT avg(score) FROM {quoted(use_case.key, 'scores')} "
            f"WHERE role = 'acting' AND scored_at > ? AND scored_at <= ? AND {_COUNTS} "
            "GROUP BY scored_at::DATE ORDER BY scored_at::DATE",
            [naive(until) - timedelta(days=days), naive(until)],
        )
        return [row[0] for row in found if row[0] is not None]

    def score_histogram(
        self, use_case: UseCase, edges: Sequence[float], batch_id: str | None = None, model: str = "score"
    ) -> NDArray[np.int64]:
        """How many acting scores fall between the edges; the outer bins take what lies beyond.

        Parameters
        ----------
        edges : sequence of float, shape (n_bins + 1,), ascending
        model : str
            A column of `scores`; "score" is the champion's.

        Returns
        -------
        array of int64, shape (n_bins,)
            Bin i holds edges[i] <= score < edges[i + 1].
        """
        self.ensure(use_case)
        column = self._known_column(use_case, "scores", model)
        where, bound = _one_batch(batch_id)
        n_bins, inner = len(edges) - 1, [float(edge) for edge in edges[1:-1]]
        place = " + ".join(f"({column} >= ?)::INTEGER" for _ in inner) or "0"
        found = self._rows(
            f"SELECT {place} AS bin, count(*) FROM {quoted(use_case.key, 'scores')} "
            f"WHERE role = 'acting' AND {column} IS NOT NULL AND {_COUNTS} {where} GROUP BY bin",
            [*inner, *bound],
        )
        counts = np.zeros(n_bins, dtype=np.int64)
        for place, n_rows in found:
            counts[place] = n_rows
        return counts

    def latest_batches(self, use_case: UseCase | None = None, n: int = 10) -> list[dict[str, Any]]:
        """The newest batches, voided ones included and marked; `n_logged` counts the rows that are there."""
        found = self._arrow(_BATCHES.format(where="? IS NULL OR use_case = ?"), [use_case and use_case.key] * 2 + [n])
        return self._with_logged(found.to_pylist())

    def batch_facts(self, batch_id: str) -> dict[str, Any]:
        """One batch as `latest_batches` tells it.

        Raises
        ------
        UnknownName
        """
        found = self._arrow(_BATCHES.format(where="batch_id = ?"), [batch_id, 1]).to_pylist()
        if not found:
            known = [row[0] for row in self._rows("SELECT batch_id FROM batches ORDER BY batch DESC LIMIT 100")]
            raise UnknownName("batch", batch_id, known)
        return self._with_logged(found)[0]

    def _with_logged(self, batches: list[dict[str, Any]]) -> list[dict[str, Any]]:
        by_case: dict[str, list[int]] = {}
        for batch in batches:
            by_case.setdefault(batch["use_case"], []).append(batch["batch"])
        logged: dict[int, int] = {}
        for key, numbers in by_case.items():
            query = f"SELECT batch, count(*) FROM {quoted(key, 'rows')} WHERE batch IN (SELECT unnest(?)) GROUP BY 1"
            logged |= dict(self._rows(query, [numbers]))
        return [batch | {"n_logged": logged.get(batch["batch"], 0)} for batch in batches]

    def page(self, use_case: UseCase, batch_id: str, offset: int = 0, limit: int = 100) -> pa.Table:
        """Rows of one batch with their acting scores, in the file's order; also of a voided batch."""
        return self._joined(
            use_case,
            "batch = (SELECT batch FROM batches WHERE batch_id = ?)",
            [batch_id],
            f"ORDER BY row_number, scored_at LIMIT {int(limit)} OFFSET {int(offset)}",
        )

    def by_entity(self, use_case: UseCase, entity: str, limit: int = 100) -> pa.Table:
        """An entity's predictions, newest first."""
        where = f"entity = ? AND {_COUNTS}"
        return self._joined(use_case, where, [entity], f"ORDER BY as_of DESC, scored_at DESC LIMIT {int(limit)}")

    def latest(self, use_case: UseCase, limit: int = 100) -> pa.Table:
        """The predictions that were logged last, newest first."""
        order = f"ORDER BY scored_at DESC, batch DESC, row_number DESC LIMIT {int(limit)}"
        return self._joined(use_case, _COUNTS, [], order)

    def prediction(self, use_case: UseCase, prediction_id: str) -> pa.Table:
        """One prediction by its id: one row, or none."""
        if len(prediction_id) != 32 or set(prediction_id.lower()) - set("0123456789abcdef"):
            return self._joined(use_case, "false", [], "")
        return self._joined(use_case, f"prediction_id = ?::UUID AND {_COUNTS}", [prediction_id], "LIMIT 1")

    def _joined(self, use_case: UseCase, where: str, bound: Sequence[Any], order: str) -> pa.Table:
        """Some rows with their acting scores: row ids are picked first, so that no other column is sorted."""
        self.ensure(use_case)
        scores = [name for name in self._columns(use_case, "scores") if name not in _IN_BATCH]
        listed = ", ".join(f"s.{quoted(name)}" for name in scores)
        outer, table = order.split(" LIMIT ")[0], quoted(use_case.key, "rows")
        return self._arrow(
            "WITH r AS MATERIALIZED ("
            f"SELECT * FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE {where} {order})) "
            f"SELECT r.* REPLACE ({_ID.removesuffix(' AS prediction_id')} AS prediction_id), {listed} FROM r "
            f"LEFT JOIN {quoted(use_case.key, 'scores')} s "
            f"ON s.prediction_id = r.prediction_id AND s.batch = r.batch AND s.role = 'acting' {outer}",
            bound,
        )

    def scan(
        self,
        use_case: UseCase,
        columns: Sequence[str],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        role: str = "acting",
    ) -> pa.Table:
        """Columns of rows and scores, for the rows with since <= as_of < until.

        Raises
        ------
        UnknownName
            A column that the log does not have.
        """
        self.ensure(use_case)
        picked = ", ".join(self._either(use_case, name) for name in columns)
        return self._arrow(
            f"SELECT {picked} FROM {quoted(use_case.key, 'rows')} r JOIN {quoted(use_case.key, 'scores')} s "
            "ON s.prediction_id = r.prediction_id AND s.batch = r.batch "
            f"WHERE s.role = ? AND r.as_of >= ? AND r.as_of < ? AND r.{_COUNTS}",
            [role, naive(since) if since else datetime.min, naive(until) if until else datetime.max],
        )

    def with_outcomes(self, use_case: UseCase, as_known_on: datetime, columns: Sequence[str] = ()) -> pa.Table:
        """Acting predictions older than the horizon, each with its outcome as it was known then.

        Returns
        -------
        pyarrow.Table
            prediction_id, entity, as_of, version, the model columns asked for (default: score), outcome and
            observed_at; null where no outcome had been received.
        """
        self.ensure(use_case)
        picked = ", ".join(self._either(use_case, name) for name in columns or ("score",))
        horizon = timedelta(days=use_case.target.horizon_days)
        return self._arrow(
            f"WITH known AS ({outcomes_as_known_on(use_case, '?::TIMESTAMP')}) "
            f"SELECT {_ID}, r.entity, r.as_of, s.version, {picked}, "
            "coalesce(o.outcome, e.outcome) AS outcome, coalesce(o.observed_at, e.observed_at) AS observed_at "
            f"FROM {quoted(use_case.key, 'rows')} r JOIN {quoted(use_case.key, 'scores')} s "
            "ON s.prediction_id = r.prediction_id AND s.batch = r.batch AND s.role = 'acting' "
            "LEFT JOIN known o ON o.entity = r.entity AND o.as_of = r.as_of "
            "LEFT JOIN known e ON e.entity = r.entity AND e.as_of IS NULL "
            f"WHERE r.as_of <= ? AND r.{_COUNTS}",
            [naive(as_known_on), naive(as_known_on) - horizon],
        )

    def outcomes_as_known_on(self, use_case: UseCase, as_known_on: datetime) -> pa.Table:
        """The latest revision of every outcome received by a time."""
        self.ensure(use_case)
        return self._arrow(outcomes_as_known_on(use_case, "?::TIMESTAMP"), [naive(as_known_on)])

    def feature_counts(self, use_case: UseCase, *, since: datetime, until: datetime) -> pa.Table:
        """Bin counts of engineered features by day and version: day, version, feature, bin, n."""
        self.ensure(use_case)
        return self._arrow(
            f"SELECT day, version, feature, bin, sum(n)::BIGINT AS n FROM {quoted(use_case.key, 'feature_counts')} "
            f"WHERE day >= ? AND day < ? AND {_COUNTS} GROUP BY ALL ORDER BY ALL",
            [naive(since).date(), naive(until).date()],
        )

    def shadow(self, use_case: UseCase, as_known_on: datetime) -> pa.Table:
        """The shadow view as it stood at a time.

        Raises
        ------
        UnknownName
            The use case promises no such view.
        """
        self.ensure(use_case)
        if use_case.shadow_view is None:
            raise UnknownName("shadow view of", use_case.key, [])
        macro = quoted(f"{use_case.shadow_view}_as_known_on")
        return self._arrow(f"SELECT * FROM {macro}(?::TIMESTAMP)", [naive(as_known_on)])

    def _columns(self, use_case: UseCase, table: str) -> list[str]:
        return list(stored_columns(self._cursor(), use_case.key, table))

    def _known_column(self, use_case: UseCase, table: str, name: str) -> str:
        known = self._columns(use_case, table)
        if name.lower() not in known:
            raise UnknownName("column", name, known)
        return quoted(name)

    def _either(self, use_case: UseCase, name: str) -> str:
        if name == "prediction_id":
            return _ID
        rows, scores = self._columns(use_case, "rows"), self._columns(use_case, "scores")
        if name.lower() in rows:
            return f"r.{quoted(name)}"
        if name.lower() not in scores:
            raise UnknownName("column", name, rows + scores)
        return f"s.{quoted(name)}"


_BATCHES = """
    WITH ended AS (
        SELECT batch,
               coalesce(arg_max(event, event_at) FILTER (event NOT IN ('started', 'voided')), 'started') AS state,
               max(event_at) FILTER (event <> 'started') AS ended_at,
               max(n_rows) AS n_rows, max(n_rejected) AS n_rejected, max(n_known) AS n_known,
               bool_or(event = 'voided') AS voided, max(reason) AS void_reason
        FROM batch_events GROUP BY batch)
    SELECT * FROM batches JOIN ended USING (batch) WHERE ({where}) ORDER BY batch DESC LIMIT ?"""


def _one_batch(batch_id: str | None) -> tuple[str, list[str]]:
    if batch_id is None:
        return "", []
    return "AND batch = (SELECT batch FROM batches WHERE batch_id = ?)", [batch_id]


def naive(at: datetime) -> datetime:
    """A time as the log keeps it: UTC without a zone; naive times are UTC already."""
    return at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)
