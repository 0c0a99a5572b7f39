"""What people did with a score, in the log: who looked at it, what they said of it, when they acted on it.

Both tables are append-only. A person may say something again: of what one person said of one thing of one
prediction, the latest counts, and the history stays. Figures leave out predictions of voided batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa

from core.domain.usecase import UseCase
from core.store.log_batches import LogBatches
from core.store.log_queries import naive
from core.store.log_schema import quoted
from core.store.log_shadow import outcomes_as_known_on

_ACTING = "s.prediction_id = l.prediction_id AND s.role = 'acting' AND s.batch NOT IN (FROM voided)"


@dataclass(frozen=True)
class FeedbackRow:
    """One thing that somebody said of one prediction.

    Attributes
    ----------
    kind : {"agree", "disagree", "withdrawn", "contacted"}
    about : str or None
        The raw column whose reason is meant; None: the score.
    contacted_on : date or None
        Of the kind "contacted".
    """

    prediction_id: str
    given_at: datetime
    actor: str
    role: str
    kind: str
    about: str | None = None
    contacted_on: date | None = None
    note: str | None = None


class LogFeedback(LogBatches):
    """Views and feedback of `core.store.log.PredictionLog`."""

    def append_view(
        self, use_case: UseCase, prediction_id: str, at: datetime, actor: str, role: str, page: str
    ) -> None:
        """Log that somebody looked at a prediction."""
        self.ensure(use_case)
        table = quoted(use_case.key, "views")
        with self._transaction(use_case.key) as cursor:
            cursor.execute(
                f"INSERT INTO {table} (prediction_id, seen_at, actor, role, page) VALUES (?::UUID, ?, ?, ?, ?)",
                [prediction_id, naive(at), actor, role, page],
            )

    def append_feedback(self, use_case: UseCase, said: FeedbackRow) -> None:
        """Log what somebody said."""
        self.ensure(use_case)
        facts = [said.prediction_id, naive(said.given_at), said.actor, said.role, said.kind]
        with self._transaction(use_case.key) as cursor:
            cursor.execute(
                f"INSERT INTO {quoted(use_case.key, 'feedback')} "
                "(prediction_id, given_at, actor, role, kind, about, contacted_on, note) "
                "VALUES (?::UUID, ?, ?, ?, ?, ?, ?, ?)",
                [*facts, said.about, said.contacted_on, said.note],
            )

    def feedback_of(self, use_case: UseCase, prediction_id: str) -> pa.Table:
        """Everything that was said of one prediction, newest first.

        Returns
        -------
        pyarrow.Table
            given_at (UTC), actor, role, kind, about, contacted_on, note, and `counts`: nothing later replaces it.
        """
        self.ensure(use_case)
        return self._arrow(
            f"SELECT given_at, actor, role, kind, about, contacted_on, note, place = 1 AS counts "
            f"FROM ({_ranked(use_case)} WHERE prediction_id = ?::UUID) ORDER BY given_at DESC, place",
            [prediction_id],
        )

    def feedback_counts(self, use_case: UseCase) -> pa.Table:
        """How often people agreed, by the band and version of the prediction and by what it was about.

        Returns
        -------
        pyarrow.Table
            band, version, about (null: the score), n (one per person, prediction and thing), n_agree.
        """
        self.ensure(use_case)
        return self._arrow(
            f"""
            WITH l AS (FROM ({_ranked(use_case)}) WHERE place = 1 AND kind IN ('agree', 'disagree'))
            SELECT s.band, s.version, l.about, count(*) AS n, count(*) FILTER (l.kind = 'agree') AS n_agree
            FROM l JOIN {quoted(use_case.key, "scores")} s ON {_ACTING}
            GROUP BY ALL ORDER BY ALL
            """
        )

    def time_to_contact(self, use_case: UseCase) -> pa.Table:
        """Whole days from scoring to the first contact, by band; a prediction counts once, whoever contacted.

        Returns
        -------
        pyarrow.Table
            band, n (predictions that were contacted), lower, median, upper (quartiles of the days).
        """
        self.ensure(use_case)
        return self._arrow(
            f"""
            WITH l AS (
                SELECT prediction_id, min(contacted_on) AS first FROM ({_ranked(use_case)})
                WHERE place = 1 AND kind = 'contacted' GROUP BY prediction_id),
            waited AS (
                SELECT s.band, date_diff('day', r.scored_at::DATE, l.first) AS days
                FROM l JOIN {quoted(use_case.key, "scores")} s ON {_ACTING}
                JOIN {quoted(use_case.key, "rows")} r ON r.prediction_id = s.prediction_id AND r.batch = s.batch)
            SELECT band, count(*) AS n, quantile_cont(days, 0.25) AS lower, quantile_cont(days, 0.5) AS median,
                   quantile_cont(days, 0.75) AS upper
            FROM waited GROUP BY band ORDER BY band
            """
        )

    def views_before_outcome(self, use_case: UseCase, as_known_on: datetime) -> pa.Table:
        """Predictions that somebody looked at, and whether before their outcome was observed; for experiments.

        Returns
        -------
        pyarrow.Table
            prediction_id, band, first_seen_at, observed_at (null: no outcome known), before_outcome (also true
            where no outcome is known).
        """
        self.ensure(use_case)
        return self._arrow(
            f"""
            WITH known AS ({outcomes_as_known_on(use_case, "?::TIMESTAMP")}),
            l AS (
                SELECT prediction_id, min(seen_at) AS first_seen_at FROM {quoted(use_case.key, "views")}
                WHERE seen_at <= ? GROUP BY prediction_id)
            SELECT replace(l.prediction_id::VARCHAR, '-', '') AS prediction_id, s.band, l.first_seen_at,
                   coalesce(o.observed_at, e.observed_at) AS observed_at,
                   coalesce(l.first_seen_at < coalesce(o.observed_at, e.observed_at), true) AS before_outcome
            FROM l JOIN {quoted(use_case.key, "scores")} s ON {_ACTING}
            JOIN {quoted(use_case.key, "rows")} r ON r.prediction_id = s.prediction_id AND r.batch = s.batch
            LEFT JOIN known o ON o.entity = r.entity AND o.as_of = r.as_of
            LEFT JOIN known e ON e.entity = r.entity AND e.as_of IS NULL
            ORDER BY l.first_seen_at, prediction_id
            """,
            [naive(as_known_on), naive(as_known_on)],
        )


def _ranked(use_case: UseCase) -> str:
    """Feedback with `place`: 1 for the latest of one person on one thing; a contact is a thing of its own."""
    return (
        "SELECT *, row_number() OVER ("
        "PARTITION BY prediction_id, actor, about, kind = 'contacted' ORDER BY given_at DESC, rowid DESC) AS place "
        f"FROM {quoted(use_case.key, 'feedback')}"
    )
