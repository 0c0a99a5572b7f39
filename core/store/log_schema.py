"""The log's tables: the names and types of their columns, and how they grow.

Six tables per use case, in a database schema named by its key, and two for all of them:

==============  ==================================================================================
rows            what was scored: id, entity, times, raw columns, decision; never changed
scores          what the models and the rules said of it, by version and role
outcomes        what happened, as revisions
feature_counts  bin counts of engineered features by batch and day, for drift
views           who looked at which prediction, when and where
feedback        what people said of a score or of one reason for it, and when they acted on it
batches         facts that are constant for an upload or a day of single rows
batch_events    what became of a batch: done, cancelled, failed, voided
refusals        what the rejected rows of a batch were refused for, counted by column, rule and unknown level
==============  ==================================================================================

An id is kept as a UUID, the only 16-byte type of fixed width: it joins and inserts faster than a BLOB, is
half the size of hex text, and is shown as 32 hex digits.
"""

from __future__ import annotations

import duckdb

from core.domain.columns import Kind
from core.domain.usecase import Task, UseCase

GLOBAL = """
CREATE SEQUENCE IF NOT EXISTS batch_numbers;
CREATE TABLE IF NOT EXISTS batches (
    batch INTEGER, batch_id VARCHAR, use_case VARCHAR, version VARCHAR, source VARCHAR, filename VARCHAR,
    file_sha256 VARCHAR, actor VARCHAR, decided_by VARCHAR, created_at TIMESTAMP);
CREATE TABLE IF NOT EXISTS batch_events (
    batch INTEGER, event VARCHAR, event_at TIMESTAMP, actor VARCHAR, reason VARCHAR,
    n_rows BIGINT, n_rejected BIGINT, n_known BIGINT);
CREATE TABLE IF NOT EXISTS refusals (batch INTEGER, "column" VARCHAR, rule VARCHAR, level VARCHAR, n BIGINT);
CREATE OR REPLACE VIEW voided AS SELECT DISTINCT batch FROM batch_events WHERE event = 'voided';
"""

ROW_COLUMNS = {
    "prediction_id": "UUID",
    "batch": "INTEGER",
    "row_number": "BIGINT",
    "entity": "VARCHAR",
    "as_of": "TIMESTAMP",
    "scored_at": "TIMESTAMP",
    "decided_by": "VARCHAR",  # null: as the batch says
    "propensity": "DOUBLE",  # probability, known beforehand, of the decision that was taken
    "arm": "VARCHAR",
    "decision": "VARCHAR",
    "imputed": "VARCHAR",  # names of the columns whose value was filled in, joined by a space
    "other": "VARCHAR",  # names of the columns whose level was unseen
}
SCORE_COLUMNS = {
    "prediction_id": "UUID",
    "batch": "INTEGER",
    "version": "VARCHAR",
    "role": "VARCHAR",  # acting | shadow | replay
    "scored_at": "TIMESTAMP",
    "consensus": "DOUBLE",
    "agreement": "DOUBLE",
    "score": "DOUBLE",
    "interval_low": "DOUBLE",  # of the champion's prediction interval; null where it has none
    "interval_high": "DOUBLE",
    "band": "VARCHAR",
    "rules_score": "DOUBLE",
    "rules_band": "VARCHAR",
    "latency_ms": "DOUBLE",
}
OUTCOME_COLUMNS = {
    "entity": "VARCHAR",
    "as_of": "TIMESTAMP",  # null: every prediction of the entity
    "outcome": "DOUBLE",
    "observed_at": "TIMESTAMP",
    "received_at": "TIMESTAMP",
    "revision": "INTEGER",
    "source": "VARCHAR",  # simulated, or null: somebody brought it
}
COUNT_COLUMNS = {
    "batch": "INTEGER",
    "day": "DATE",
    "version": "VARCHAR",
    "feature": "VARCHAR",
    "bin": "INTEGER",
    "n": "BIGINT",
}
VIEW_COLUMNS = {
    "prediction_id": "UUID",
    "seen_at": "TIMESTAMP",
    "actor": "VARCHAR",
    "role": "VARCHAR",
    "page": "VARCHAR",
}
FEEDBACK_COLUMNS = {
    "prediction_id": "UUID",
    "given_at": "TIMESTAMP",
    "actor": "VARCHAR",
    "role": "VARCHAR",
    "kind": "VARCHAR",  # agree | disagree | withdrawn | contacted
    "about": "VARCHAR",  # the raw column whose reason it is about; null: the score itself
    "contacted_on": "DATE",
    "note": "VARCHAR",
}

_TYPES = {
    Kind.ID: "VARCHAR",
    Kind.TEXT: "VARCHAR",
    Kind.TIME: "TIMESTAMP",
    Kind.NUMBER: "DOUBLE",
    Kind.COUNT: "BIGINT",
    Kind.YESNO: "BOOLEAN",
    Kind.CATEGORY: "VARCHAR",
    Kind.ORDERED: "VARCHAR",
    Kind.NUMBERS: "DOUBLE[]",
    Kind.SET: "VARCHAR",  # its levels separated by semicolons
}


def quoted(*names: str) -> str:
    """Names as SQL identifiers, joined by a dot.

    >>> print(quoted("bnpl_default", 'a"b'))
    "bnpl_default"."a""b"
    """
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def score_names(use_case: UseCase) -> dict[str, str]:
    """Model, or model:class, -> its column in `scores`; the names of scores that a model may produce."""
    names: list[str] = []
    for model in use_case.recipe.model_names:
        names.append(model)
        if use_case.task is Task.MULTICLASS:
            names += [f"{model}:{label}" for label in use_case.target.classes]
    return _distinct(names, set(SCORE_COLUMNS) | set(ROW_COLUMNS))


def raw_names(use_case: UseCase) -> dict[str, str]:
    """Raw column -> its column in `rows`: its own name, unless the log uses that name itself.

    SQL names ignore case, files do not: of two columns that differ in case only, the second gets a number.
    """
    taken = set(ROW_COLUMNS) | set(SCORE_COLUMNS) | {name.lower() for name in score_names(use_case).values()}
    return _distinct(list(use_case.schema.names), taken)


def _distinct(names: list[str], taken: set[str]) -> dict[str, str]:
    stored: dict[str, str] = {}
    for name in names:
        candidate, number = name, 2
        while candidate.lower() in taken:
            candidate, number = f"{name}:{number}", number + 1
        stored[name] = candidate
        taken.add(candidate.lower())
    return stored


def tables(use_case: UseCase) -> dict[str, dict[str, str]]:
    """Table -> column -> type, as the use case stands now."""
    stored = raw_names(use_case)
    raw = {stored[column.name]: _TYPES[column.kind] for column in use_case.schema}
    models = dict.fromkeys(score_names(use_case).values(), "DOUBLE")
    outcomes = OUTCOME_COLUMNS
    if use_case.task is Task.MULTICLASS:
        outcomes = OUTCOME_COLUMNS | {"outcome": "VARCHAR"}
    return {
        "rows": ROW_COLUMNS | raw,
        "scores": SCORE_COLUMNS | models,
        "outcomes": outcomes,
        "feature_counts": COUNT_COLUMNS,
        "views": VIEW_COLUMNS,
        "feedback": FEEDBACK_COLUMNS,
    }


def create(cursor: duckdb.DuckDBPyConnection, use_case: UseCase) -> None:
    """Create what is missing: schema, tables, columns; rows logged before a column came have null there."""
    grow(cursor, use_case.key, tables(use_case))


def grow(cursor: duckdb.DuckDBPyConnection, key: str, wanted: dict[str, dict[str, str]]) -> None:
    """Let tables (table -> column -> type) exist under a key, with these columns at least."""
    cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(key)}")
    stored = stored_tables(cursor, key)
    for table, columns in wanted.items():
        present = stored.get(table)
        name = quoted(key, table)
        if not present:
            listed = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
            cursor.execute(f"CREATE TABLE {name} ({listed})")
            continue
        for column, kind in columns.items():
            _grow(cursor, name, column, kind, present.get(column.lower()))


def _grow(cursor: duckdb.DuckDBPyConnection, table: str, column: str, kind: str, present: str | None) -> None:
    """Add a column, or widen one whose kind was edited: whole numbers to numbers, anything else to text."""
    if present is None:
        cursor.execute(f"ALTER TABLE {table} ADD COLUMN {quoted(column)} {kind}")
    elif present not in (kind, "VARCHAR") and {present, kind} != {"DOUBLE", "BIGINT"}:
        cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {quoted(column)} TYPE VARCHAR")
    elif (present, kind) == ("BIGINT", "DOUBLE"):
        cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {quoted(column)} TYPE DOUBLE")


def stored_columns(cursor: duckdb.DuckDBPyConnection, key: str, table: str) -> dict[str, str]:
    """Lower-case column name -> type of a stored table; empty when there is no such table."""
    return stored_tables(cursor, key).get(table, {})


def stored_tables(cursor: duckdb.DuckDBPyConnection, key: str) -> dict[str, dict[str, str]]:
    """Table -> lower-case column name -> type, of all that is stored for a use case; one look at the catalogue."""
    found = cursor.execute(
        "SELECT table_name, lower(column_name), data_type FROM duckdb_columns() "
        "WHERE schema_name = ? ORDER BY table_name, column_index",
        [key],
    ).fetchall()
    stored: dict[str, dict[str, str]] = {}
    for table, column, kind in found:
        stored.setdefault(table, {})[column] = kind
    return stored


def is_copy_of(cursor: duckdb.DuckDBPyConnection) -> str | None:
    """Which shared log a file is the copy of; None: it is a log of its own."""
    if not cursor.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'shared_copy'").fetchall():
        return None
    found: str = cursor.execute("SELECT log_id FROM shared_copy").fetchall()[0][0]
    return found
