"""The prediction log: every row that was scored, what was said of it, what happened; append-only.

One process owns the file (`core.store.lock`) and every call takes a cursor of its own, so threads may
share a `PredictionLog`. What `append` has returned survives the process: DuckDB has written it to disk.

Give `append` chunks of a little under a multiple of 122,880 rows, at best 245,760: that many rows are a
row group of DuckDB, compressed by every core and written once. A chunk below one row group takes 1.7 x the
time, and one a little above a multiple leaves small row groups: 1.5 x the space until they are merged.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.domain.usecase import UseCase
from core.store.backup_log import LogHeld
from core.store.log_arms import LogArms
from core.store.log_batches import Batch
from core.store.log_drift import LogDrift
from core.store.log_drift_results import DRIFT_TABLES, LogDriftResults
from core.store.log_experiments import LogExperiments
from core.store.log_feedback import LogFeedback
from core.store.log_lookup import LogLookup
from core.store.log_outcomes import LogOutcomes
from core.store.log_privacy import LogPrivacy
from core.store.log_queries import naive
from core.store.log_schema import GLOBAL, create, is_copy_of, quoted
from core.store.log_shadow import create_shadow_view
from core.store.log_simulated import LogSimulated
from core.store.log_transaction import Writing
from core.store.log_watch import LogWatch

CountNew = Callable[[NDArray[np.bool_]], pa.Table]


class PredictionLog(
    LogOutcomes,
    LogFeedback,
    LogLookup,
    LogSimulated,
    LogWatch,
    LogPrivacy,
    LogDrift,
    LogDriftResults,
    LogArms,
    LogExperiments,
    LogHeld,
):
    """The log of one desk.

    Parameters
    ----------
    path : Path
        The DuckDB file; made when it does not exist.
    memory_mb : int
        What the database may use.
    threads : int
    """

    _in_order = False  # lets both cores write one insert; rows carry their number

    def __init__(self, path: Path, memory_mb: int = 384, threads: int = 2) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        config: dict[str, Any] = {
            "memory_limit": f"{memory_mb}MB",
            "threads": threads,
            "preserve_insertion_order": self._in_order,
        }
        self._connection = duckdb.connect(str(path), config=config)
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")
        self._connection.execute(GLOBAL + DRIFT_TABLES)
        super().__init__()
        self._known: dict[str, UseCase] = {}
        self._writing: dict[str, threading.Lock] = {}
        self._defining = threading.Lock()

    def is_copy(self) -> bool:
        """Whether the file is the copy of a log that several desks share."""
        return is_copy_of(self._connection.cursor()) is not None

    def close(self) -> None:
        """Write what is still in the write-ahead log and let go of the file."""
        self._connection.close()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        return self._connection.cursor()

    def ensure(self, use_case: UseCase) -> None:
        """Create or widen the tables of a use case; cheap when nothing changed."""
        if self._known.get(use_case.key) is use_case:
            return
        with self._guard:
            writing = self._writing.setdefault(use_case.key, threading.Lock())
        with writing, self._defining:  # no table changes under a writer, no two changes at once
            cursor = self._cursor()
            create(cursor, use_case)
            create_shadow_view(cursor, use_case)
            self._known[use_case.key] = use_case

    def append(
        self,
        use_case: UseCase,
        batch: Batch,
        rows: pa.Table,
        scores: pa.Table,
        *,
        role: str = "acting",
        count: CountNew | None = None,
        shadows: Mapping[str, pa.Table] | None = None,
    ) -> NDArray[np.bool_]:
        """Log rows and their scores, both or neither; rows that are logged already are left out.

        Parameters
        ----------
        use_case : UseCase
        batch : Batch
        rows : pyarrow.Table, n_rows rows
            `prediction_id` (32 hex digits), `entity`, `as_of`, `scored_at` (UTC), any other column of
            `log_schema.ROW_COLUMNS`, and the raw columns under their `raw_names`.
        scores : pyarrow.Table, n_rows rows in the same order
            Columns of `log_schema.SCORE_COLUMNS`, and models under their `score_names`; without `scored_at`
            the first row's is all rows'.
        role : {"acting", "shadow", "replay"}
        count : callable, optional
            Which rows are new, shape (n_rows,) -> their feature counts (day, feature, bin, n), logged with them.
        shadows : mapping of str to pyarrow.Table, optional
            Version -> its scores of the same rows in the same order, logged beside them with the role "shadow".

        Returns
        -------
        array of bool, shape (n_rows,)
            Which rows are new: not in a batch that counts, and not earlier in this table.
        """
        self.ensure(use_case)
        ids = _uuids(rows["prediction_id"])
        rows, scores = rows.drop(["prediction_id"]), scores.drop(["prediction_id"])
        with self._writing[use_case.key], self._transaction(use_case.key) as cursor:
            new = _new(cursor, use_case, ids, rows)
            if not new.all():
                keep = pa.array(new)
                ids, rows, scores = ids.filter(keep), rows.filter(keep), scores.filter(keep)
            if len(ids):
                _insert(cursor, quoted(use_case.key, "rows"), ids, rows, {"batch": batch.number})
                facts = {"batch": batch.number, "version": batch.version, "role": role}
                if "scored_at" not in scores.column_names:
                    facts["scored_at"] = rows["scored_at"][0].as_py()
                _insert(cursor, quoted(use_case.key, "scores"), ids, scores, facts)
                for version, said in (shadows or {}).items():
                    said = said if new.all() else said.filter(pa.array(new))
                    beside = facts | {"version": version, "role": "shadow"}
                    _insert(cursor, quoted(use_case.key, "scores"), ids, said.drop(["prediction_id"]), beside)
                if count is not None:
                    _insert_counts(cursor, use_case, batch, count(new))
        self._count_known(batch, len(new) - len(ids))
        return new

    def append_outcomes(
        self, use_case: UseCase, outcomes: pa.Table, *, received_at: datetime, source: str | None = None
    ) -> int:
        """Log what happened; a changed outcome is a new revision, a repeated one is left out.

        Parameters
        ----------
        outcomes : pyarrow.Table
            entity, outcome (0/1, a value, or the class's label), observed_at (UTC), and, where an entity has
            predictions at several times, as_of (UTC); null or absent: all its predictions.
        source : str, optional
            "simulated" for outcomes that were drawn and not observed.

        Returns
        -------
        int
            The number of revisions added.
        """
        self.ensure(use_case)
        if "as_of" not in outcomes.column_names:
            outcomes = outcomes.append_column("as_of", pa.nulls(len(outcomes), pa.timestamp("us")))
        with self._writing[use_case.key], self._transaction(use_case.key) as cursor:
            cursor.register("chunk", outcomes)
            table = quoted(use_case.key, "outcomes")
            added = cursor.execute(
                f"""
                WITH latest AS (
                    SELECT entity, as_of, max(revision) AS revision, arg_max(outcome, revision) AS outcome,
                           arg_max(observed_at, revision) AS observed_at
                    FROM {table} GROUP BY entity, as_of),
                given AS (SELECT DISTINCT entity, as_of, outcome, observed_at FROM chunk WHERE outcome IS NOT NULL)
                INSERT INTO {table} BY NAME
                SELECT g.entity, g.as_of, g.outcome, g.observed_at, ? AS received_at, ? AS source,
                       coalesce(l.revision, 0)
                       + row_number() OVER (PARTITION BY g.entity, g.as_of ORDER BY g.observed_at) AS revision
                FROM given g LEFT JOIN latest l
                ON l.entity = g.entity AND l.as_of IS NOT DISTINCT FROM g.as_of
                WHERE l.revision IS NULL OR l.outcome <> g.outcome OR l.observed_at <> g.observed_at
                """,
                [naive(received_at), source],
            ).fetchall()
        return int(added[0][0])


def _insert_counts(cursor: Writing, use_case: UseCase, batch: Batch, counts: pa.Table) -> None:
    """Bin counts of engineered features: day (date), feature, bin (its place among the profile's bins), n."""
    cursor.register("counts", counts)
    cursor.execute(
        f"INSERT INTO {quoted(use_case.key, 'feature_counts')} BY NAME "
        "SELECT ?::INTEGER AS batch, ? AS version, day, feature, bin, n FROM counts",
        [batch.number, batch.version],
    )
    cursor.unregister("counts")


def _uuids(ids: pa.ChunkedArray) -> pa.Array:
    """Hex ids as 16-byte UUIDs, without a Python object per row."""
    texts = pc.cast(ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids, pa.string())
    content = b"" if len(texts) == 0 else texts.buffers()[2][texts.offset * 32 : (texts.offset + len(texts)) * 32]
    packed = bytes.fromhex(str(bytes(content), "ascii"))
    storage = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(texts), [None, pa.py_buffer(packed)])
    return pa.ExtensionArray.from_storage(pa.uuid(), storage)


def _new(cursor: Writing, use_case: UseCase, ids: pa.Array, rows: pa.Table) -> NDArray[np.bool_]:
    """Which ids are neither logged in a batch that counts nor earlier among themselves."""
    table = quoted(use_case.key, "rows")
    window, bounds = _window(use_case, rows)
    if len(ids) == 1:
        return np.array([_is_new(cursor, f"{table} r WHERE prediction_id = ?::UUID {window}", [ids[0], *bounds])])
    counted = f"SELECT r.prediction_id FROM {table} r WHERE r.batch NOT IN (FROM voided) {window}"
    cursor.register("ids", pa.table({"id": ids, "place": pa.array(np.arange(len(ids)))}))
    logged, distinct = cursor.execute(
        f"SELECT (SELECT count(*) FROM ids WHERE id IN ({counted})), (SELECT count(DISTINCT id) FROM ids)", bounds
    ).fetchall()[0]
    if logged == 0 and distinct == len(ids):
        return np.ones(len(ids), dtype=bool)
    places = cursor.execute(
        f"SELECT min(place) AS place FROM ids WHERE id NOT IN ({counted}) GROUP BY id", bounds
    ).fetchnumpy()["place"]
    new = np.zeros(len(ids), dtype=bool)
    new[places] = True
    return new


def _is_new(cursor: Writing, where: str, bound: list[Any]) -> bool:
    """The same for one id; which batches are voided matters only where it is found."""
    batches = [
        row[0] for row in cursor.execute(f"SELECT batch FROM {where}", [bound[0].as_py().hex, *bound[1:]]).fetchall()
    ]
    if not batches:
        return True
    count = "SELECT count(*) FROM unnest(?) logged(batch) WHERE batch NOT IN (FROM voided)"
    return bool(cursor.execute(count, [batches]).fetchall()[0][0] == 0)


def _window(use_case: UseCase, rows: pa.Table) -> tuple[str, list[Any]]:
    """Equal ids have equal times where a time column says `as_of`: search only there."""
    if use_case.schema.time is None or len(rows) == 0:
        return "", []
    bounds = pc.min_max(rows["as_of"]).as_py()
    if bounds["min"] is None or rows["as_of"].null_count:
        return "", []
    return "AND r.as_of BETWEEN ? AND ?", [bounds["min"], bounds["max"]]


def _insert(cursor: Writing, table: str, ids: pa.Array, values: pa.Table, facts: dict[str, Any]) -> None:
    """One INSERT ... SELECT of an Arrow table, with what is the same for all its rows."""
    names = [name for name in values.column_names if name not in facts]
    columns = ", ".join(quoted(name) for name in (*facts, "prediction_id", *names))
    constants = ", ".join("?" for _ in facts)
    if len(ids) == 1:  # planning a scan of an Arrow table takes longer than logging one row
        row = [values[name][0].as_py() for name in names]
        places = ", ".join("?" for _ in names)
        query = f"INSERT INTO {table} ({columns}) VALUES ({constants}, ?::UUID, {places})"
        cursor.execute(query, [*facts.values(), ids[0].as_py().hex, *row])
        return
    cursor.register("chunk", values.select(names).append_column("prediction_id", ids))
    given = ", ".join(quoted(name) for name in ("prediction_id", *names))
    cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {constants}, {given} FROM chunk", list(facts.values()))
    cursor.unregister("chunk")
