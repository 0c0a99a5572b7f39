"""What was measured of drift: windows and what every item in them came to; appended, never computed anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from core.store.log_queries import LogQueries, naive
from core.store.log_transaction import ALL, Writing

_WINDOW = {
    "use_case": "VARCHAR",
    "window_from": "TIMESTAMP",  # of the rows' own time, UTC; the last one is not in it
    "window_to": "TIMESTAMP",
    "measured_at": "TIMESTAMP",
}
WINDOW_COLUMNS = _WINDOW | {
    "step": "VARCHAR",  # week | month
    "version": "VARCHAR",  # whose reference rows it was held against
    "n": "BIGINT",
    "n_entities": "BIGINT",
    "n_effective": "DOUBLE",
    "n_version": "BIGINT",  # rows that this version scored
    "n_features": "BIGINT",  # rows whose features were counted
    "judged": "BOOLEAN",  # whether anything in it could be judged; if not, it is looked at again
    "stuck": "VARCHAR",  # the column that stood still, or null
    "stuck_says": "VARCHAR",
    "simulated": "BOOLEAN",  # holds rows that were drawn and not observed
}
RESULT_COLUMNS = _WINDOW | {
    "against": "VARCHAR",  # reference | previous
    "version": "VARCHAR",
    "of": "VARCHAR",  # score | raw column | feature
    "name": "VARCHAR",
    "place": "INTEGER",  # among the version's items
    "level": "VARCHAR",
    "n": "BIGINT",
    "n_effective": "DOUBLE",
    "needed": "DOUBLE",
    "psi": "DOUBLE",
    "psi_limit": "DOUBLE",
    "kl": "DOUBLE",
    "kl_limit": "DOUBLE",
    "js": "DOUBLE",
    "ks": "DOUBLE",
    "ks_error": "DOUBLE",
    "ks_p": "DOUBLE",
    "wasserstein": "DOUBLE",
    "wasserstein_error": "DOUBLE",
    "chi2": "DOUBLE",
    "chi2_p": "DOUBLE",
    "cramers_v": "DOUBLE",
    "effect": "DOUBLE",
    "missing_now": "DOUBLE",
    "missing_before": "DOUBLE",
    "missing_p": "DOUBLE",
    "unseen": "MAP(VARCHAR, BIGINT)",
    "vanished": "VARCHAR[]",
    "adjusted_p": "DOUBLE",
    "why": "VARCHAR[]",
    "aside": "VARCHAR[]",
    "simulated": "BOOLEAN",
}


def _create(table: str, columns: Mapping[str, str]) -> str:
    listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    return f"CREATE TABLE IF NOT EXISTS {table} ({listed});"


DRIFT_TABLES = _create("drift_windows", WINDOW_COLUMNS) + _create("drift_results", RESULT_COLUMNS)

# A window in which nothing could be judged may have been measured again: its newest measurement stands.
_NEWEST = "measured_at = max(measured_at) OVER (PARTITION BY window_from, window_to)"
_ARROW = {
    "VARCHAR": pa.string(),
    "TIMESTAMP": pa.timestamp("us"),
    "DOUBLE": pa.float64(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "BOOLEAN": pa.bool_(),
    "VARCHAR[]": pa.list_(pa.string()),
    "MAP(VARCHAR, BIGINT)": pa.map_(pa.string(), pa.int64()),
}


class LogDriftResults(LogQueries):
    """Measurements of drift in `core.store.log.PredictionLog`."""

    def append_drift(self, windows: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any]]) -> None:
        """Keep measured windows and what their items came to, both or neither.

        Parameters
        ----------
        windows, results : sequences of mappings
            With the keys of `WINDOW_COLUMNS` and `RESULT_COLUMNS`; times with a zone, or naive UTC.
        """
        with self._transaction(ALL) as cursor:
            for table, columns, given in (
                ("drift_windows", WINDOW_COLUMNS, windows),
                ("drift_results", RESULT_COLUMNS, results),
            ):
                cursor.register("measured", _table(columns, given))
                cursor.execute(f"INSERT INTO {table} BY NAME SELECT * FROM measured")
                cursor.unregister("measured")

    def drift_windows(self, key: str) -> list[dict[str, Any]]:
        """Every window that was measured, oldest first, as it was measured last."""
        query = f"SELECT * FROM drift_windows WHERE use_case = ? QUALIFY {_NEWEST} ORDER BY window_from, window_to"
        return _with_zone(self._arrow(query, [key]).to_pylist())

    def drift_measurements(self) -> dict[str, tuple[int, datetime]]:
        """Use case -> how many times a window was measured and when last; where none could be judged it has none."""
        found = self._rows(
            "SELECT use_case, count(*), max(measured_at) FROM drift_windows GROUP BY use_case HAVING bool_or(judged)"
        )
        return {key: (n, at) for key, n, at in found}

    def drift_results(
        self, key: str, since: datetime, until: datetime, against: str | None = None
    ) -> list[dict[str, Any]]:
        """What the items of windows that begin from a time on and before another came to, oldest first."""
        query = (
            "SELECT * FROM drift_results WHERE use_case = ? AND window_from >= ? AND window_from < ? "
            f"AND coalesce(against = ?, true) QUALIFY {_NEWEST} ORDER BY window_from, against, place"
        )
        found = self._arrow(query, [key, naive(since), naive(until), against]).to_pylist()
        return _with_zone([row | {"unseen": dict(row["unseen"] or ())} for row in found])


def forget_simulated_drift(cursor: Writing) -> None:
    """Delete what was measured of rows that were drawn and not observed, within a transaction that deletes them."""
    for table in ("drift_results", "drift_windows"):
        cursor.delete((ALL, table), "simulated", [], (*_WINDOW, "simulated"))


def _table(columns: Mapping[str, str], given: Sequence[Mapping[str, Any]]) -> pa.Table:
    def cell(value: Any) -> Any:
        if isinstance(value, datetime):
            return naive(value)
        return list(value.items()) if isinstance(value, Mapping) else value

    return pa.table(
        {
            name: pa.array([cell(row.get(name)) for row in given], _ARROW[kind], from_pandas=False)
            for name, kind in columns.items()
        }
    )


def _with_zone(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    def zoned(value: Any) -> Any:
        return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value

    return [{name: zoned(value) for name, value in row.items()} for row in rows]
