"""Rows that met an arm of an experiment, with what both arms took and what happened."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from core.domain.usecase import UseCase
from core.store.log_queries import naive
from core.store.log_schema import quoted, score_names
from core.store.log_shadow import outcomes_as_known_on


class LogExperiments(ABC):
    """What `core.store.log.PredictionLog` knows of experiments."""

    @abstractmethod
    def ensure(self, use_case: UseCase) -> None: ...

    @abstractmethod
    def _arrow(self, query: str, parameters: Sequence[Any] = ()) -> pa.Table: ...

    def experiment_rows(
        self, use_case: UseCase, experiment: str, challenger: tuple[str, str], as_known_on: datetime
    ) -> pa.Table:
        """Every row of an experiment, of batches that count.

        Parameters
        ----------
        experiment : str
            Its id.
        challenger : pair of str
            Version and model.
        as_known_on : datetime
            Later rows and outcomes are left out.

        Returns
        -------
        pyarrow.Table, in the order of time
            as_of, scored_at, mature, outcome (null: not known), arm, decided_by, decision, entity (a hash), batch,
            champion_ms and challenger_ms (null where not measured), challenger_score (null where it gave none).
        """
        self.ensure(use_case)
        version, model = challenger
        known_on = naive(as_known_on)
        horizon = timedelta(days=use_case.target.horizon_days)
        rows, scores = quoted(use_case.key, "rows"), quoted(use_case.key, "scores")
        prefix = f"{experiment}:"
        return self._arrow(
            f"""
            WITH known AS ({outcomes_as_known_on(use_case, "?::TIMESTAMP")}),
            theirs AS (SELECT DISTINCT ON (prediction_id, batch) * FROM {scores}
                       WHERE version = ? AND role IN ('acting', 'shadow'))
            SELECT r.as_of, r.scored_at, r.as_of <= ? AS mature, coalesce(o.outcome, e.outcome) AS outcome,
                   r.arm[{len(prefix) + 1}:] AS arm, coalesce(r.decided_by, b.decided_by) AS decided_by, r.decision,
                   hash(r.entity) AS entity, r.batch, s.latency_ms AS champion_ms, c.latency_ms AS challenger_ms,
                   c.{quoted(score_names(use_case)[model])} AS challenger_score
            FROM {rows} r
            JOIN {scores} s ON s.prediction_id = r.prediction_id AND s.batch = r.batch AND s.role = 'acting'
            LEFT JOIN theirs c ON c.prediction_id = r.prediction_id AND c.batch = r.batch
            LEFT JOIN batches b ON b.batch = r.batch
            LEFT JOIN known o ON o.entity = r.entity AND o.as_of = r.as_of
            LEFT JOIN known e ON e.entity = r.entity AND e.as_of IS NULL
            WHERE starts_with(r.arm, ?) AND r.scored_at <= ? AND r.batch NOT IN (FROM voided)
            ORDER BY r.as_of, r.prediction_id
            """,
            [known_on, version, known_on - horizon, prefix, known_on],
        )
