"""Simulated rows: how many there are, and how they are taken out again."""

from __future__ import annotations

from contextlib import suppress

import duckdb

from core.store.log_batches import LogBatches
from core.store.log_drift_results import forget_simulated_drift
from core.store.log_schema import quoted, stored_columns
from core.store.log_transaction import ALL, Writing

SIMULATED = "simulated"  # the source of a batch, and of outcomes, that were drawn and not observed
_BATCHES = f"SELECT batch FROM batches WHERE source = '{SIMULATED}'"
_SAID = ("views", "feedback")  # keyed by prediction, not by batch


class LogSimulated(LogBatches):
    """What `core.store.log.PredictionLog` knows of simulated rows."""

    def simulated_rows(self) -> dict[str, int]:
        """Simulated rows by use case; those without any are left out."""
        keys = [row[0] for row in self._rows(f"SELECT DISTINCT use_case FROM batches WHERE source = '{SIMULATED}'")]
        counts = {
            key: self._rows(f"SELECT count(*) FROM {quoted(key, 'rows')} WHERE batch IN ({_BATCHES})")[0][0]
            for key in sorted(keys)
        }
        return {key: n_rows for key, n_rows in counts.items() if n_rows}

    def simulated_batches(self) -> frozenset[int]:
        """The numbers of the batches whose rows were drawn and not observed."""
        return frozenset(row[0] for row in self._rows(_BATCHES))

    def clear_simulated(self) -> dict[str, int]:
        """Delete every simulated row with its scores, outcomes, counts, views, feedback and drift; all or nothing.

        This is the one place where the log deletes: what was drawn by a generator is no record of anything. Rows
        and outcomes that a person brought are never touched, also where their entities have simulated rows.

        Returns
        -------
        dict
            Rows deleted by use case.
        """
        deleted = self.simulated_rows()
        keys = [row[0] for row in self._rows(f"SELECT DISTINCT use_case FROM batches WHERE source = '{SIMULATED}'")]
        with self._transaction(*keys, ALL) as cursor:
            for key in keys:
                _forget_what_was_said(cursor, key)
                for table in ("rows", "scores", "feature_counts"):
                    cursor.delete((key, table), f"batch IN ({_BATCHES})", [], ("batch",))
                if "source" in stored_columns(cursor.cursor, key, "outcomes"):
                    cursor.delete((key, "outcomes"), f"source = '{SIMULATED}'", [], ("entity", "source"))
            forget_simulated_drift(cursor)
            for table in ("batch_events", "refusals", "batches"):
                cursor.delete((ALL, table), f"batch IN ({_BATCHES})", [], ("batch",))
        with suppress(duckdb.TransactionException):  # somebody writes, or a backup is made: then a later one does so
            self._cursor().execute("CHECKPOINT")  # gives the space back
        return deleted


def _forget_what_was_said(cursor: Writing, key: str) -> None:
    """Delete views and feedback of simulated predictions, unless somebody brought the same row as well."""
    rows = quoted(key, "rows")
    drawn = f"SELECT prediction_id FROM {rows} WHERE batch IN ({_BATCHES})"
    brought = f"SELECT prediction_id FROM {rows} WHERE batch NOT IN ({_BATCHES})"
    only_drawn = f"prediction_id IN ({drawn}) AND prediction_id NOT IN ({brought})"
    for table in _SAID:
        if stored_columns(cursor.cursor, key, table):
            cursor.delete((key, table), only_drawn, [], ("prediction_id",))
