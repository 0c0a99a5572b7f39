"""Predictions by what a person has in hand: a prediction's id or its beginning, or a record's id; voided ones too.

Unlike the log's other queries these show voided batches, because somebody may hold the id of a row in one; each row
says whether it counts (`voided`) and who decided it (`decided_by`: the row's own, else its batch's).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from core.domain.usecase import UseCase
from core.store.log_batches import LogBatches
from core.store.log_schema import quoted

_HEX = frozenset("0123456789abcdef")
_NEWEST = "ORDER BY voided, r.as_of DESC, r.scored_at DESC, r.batch DESC"
_ID = "replace(r.prediction_id::VARCHAR, '-', '')"


class LogLookup(LogBatches):
    """Looking single rows up in `core.store.log.PredictionLog`."""

    def logged_row(self, use_case: UseCase, prediction_id: str, batch: int) -> pa.Table:
        """One logged row with its raw columns, under their stored names, as one batch holds it: one row, or none."""
        self.ensure(use_case)
        return self._arrow(
            f"SELECT * FROM {quoted(use_case.key, 'rows')} WHERE prediction_id = ?::UUID AND batch = ? LIMIT 1",
            [prediction_id, batch],
        )

    def predictions_by_id(self, use_case: UseCase, beginning: str, limit: int = 50) -> pa.Table:
        """Predictions whose id begins with these hex digits, without raw columns; newest first, voided ones last."""
        self.ensure(use_case)
        if not _is_hex(beginning) or not 0 < len(beginning) <= 32:
            return self._short(use_case, "false", [], 0)
        return self._short(use_case, "r.prediction_id BETWEEN ?::UUID AND ?::UUID", list(_bounds(beginning)), limit)

    def predictions_of(self, use_case: UseCase, entity: str, limit: int = 50) -> pa.Table:
        """An entity's predictions, its id written exactly so; in the same order."""
        self.ensure(use_case)
        return self._short(use_case, "r.entity = ?", [entity], limit)

    def near_entities(self, use_case: UseCase, text: str, limit: int = 5) -> list[str]:
        """Entities that are written nearly so, the nearest first: other case or spaces, a slip of the hand, a part.

        Nearest by Jaro-Winkler similarity, which forgives a letter and favours a common beginning.
        """
        self.ensure(use_case)
        plain = text.strip().lower()
        found = self._rows(
            "SELECT entity FROM (SELECT DISTINCT entity, lower(trim(entity)) AS plain FROM "
            f"{quoted(use_case.key, 'rows')} WHERE entity IS NOT NULL AND abs(len(trim(entity)) - ?) <= 12) "
            "WHERE plain = ? OR contains(plain, ?) OR jaro_winkler_similarity(plain, ?) >= 0.9 "
            "ORDER BY plain <> ?, NOT contains(plain, ?), jaro_winkler_similarity(plain, ?) DESC, entity LIMIT ?",
            [len(plain), *[plain] * 6, limit],
        )
        return [row[0] for row in found]

    def _short(self, use_case: UseCase, where: str, bound: Sequence[Any], limit: int) -> pa.Table:
        rows, scores = quoted(use_case.key, "rows"), quoted(use_case.key, "scores")
        return self._arrow(
            f"SELECT {_ID} AS prediction_id, r.entity, r.as_of, r.scored_at, r.batch, r.decision, "
            "coalesce(r.decided_by, b.decided_by) AS decided_by, coalesce(s.version, b.version) AS version, "
            "s.score, s.band, r.batch IN (FROM voided) AS voided "
            f"FROM (SELECT * FROM {rows} r WHERE {where}) r LEFT JOIN batches b ON b.batch = r.batch "
            f"LEFT JOIN {scores} s ON s.prediction_id = r.prediction_id AND s.batch = r.batch AND s.role = 'acting' "
            f"{_NEWEST} LIMIT {int(limit)}",
            bound,
        )


def _is_hex(text: str) -> bool:
    return bool(text) and not set(text.lower()) - _HEX


def _bounds(beginning: str) -> tuple[str, str]:
    """The first and the last id that begin so."""
    return beginning.lower().ljust(32, "0"), beginning.lower().ljust(32, "f")
