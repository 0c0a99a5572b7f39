"""Which predictions the log has held since before a moment."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.domain.usecase import UseCase
from core.store.log_batches import LogBatches
from core.store.log_queries import naive
from core.store.log_schema import quoted


class LogKnown(LogBatches):
    """Knowing predictions again in `core.store.log.PredictionLog`."""

    def scored_before(self, use_case: UseCase, ids: pa.Array, moment: datetime) -> NDArray[np.bool_]:
        """Which predictions were scored before a moment, in an upload that counts; shape (n_ids,).

        Parameters
        ----------
        ids : array of str
            32 hex digits each.
        """
        self.ensure(use_case)
        cursor: Any = self._cursor()
        asked = pa.table({"id": ids.cast(pa.string()), "place": pa.array(np.arange(len(ids)))})
        cursor.register("asked", asked)
        found = cursor.execute(
            f"SELECT DISTINCT place FROM asked JOIN {quoted(use_case.key, 'rows')} r ON prediction_id = asked.id::UUID "
            "WHERE r.scored_at < ? AND r.batch NOT IN (FROM voided)",
            [naive(moment)],
        ).fetchnumpy()["place"]
        known = np.zeros(len(ids), dtype=bool)
        known[found] = True
        return known
