"""The ledger's tables and the records that are read from them. Times are UTC throughout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateColumn


class UtcDateTime(TypeDecorator[datetime]):
    """A time with a zone in Python, naive UTC in the database; naive times are refused as ambiguous."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"The ledger takes times with a zone, not {value!r}.")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return value.replace(tzinfo=UTC) if value is not None else None


METADATA = MetaData()

EVENTS = Table(
    "events",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String, nullable=False),
    Column("role", String, nullable=False),
    Column("via", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False, index=True),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    Column("reason", String),
    Column("result", String),
    Column("prev_hash", String, nullable=False),
    Column("hash", String, nullable=False),
)
VERSIONS = Table(
    "versions",
    METADATA,
    Column("use_case", String, primary_key=True),
    Column("version", String, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("card_sha256", String, nullable=False),
    Column("origin", String, nullable=False),  # train | import | adopt
)
ALIASES = Table(
    "aliases",
    METADATA,
    Column("use_case", String, primary_key=True),
    Column("alias", String, primary_key=True),
    Column("version", String, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("model", String),  # null: the one the version's card names
)
JOBS = Table(
    "jobs",
    METADATA,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("use_case", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("message", String),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("spec", JSON, nullable=False),
    Column("progress", JSON(none_as_null=True)),
    Column("result", JSON(none_as_null=True)),
)
MAPPINGS = Table(
    "mappings",
    METADATA,
    Column("use_case", String, primary_key=True),
    Column("fingerprint", String, primary_key=True),
    Column("mapping", JSON, nullable=False),
    Column("remembered_at", UtcDateTime, nullable=False),
)
CASES = Table(
    "cases",
    METADATA,
    Column("id", String, primary_key=True),
    Column("use_case", String, nullable=False, index=True),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("opened_by", String, nullable=False),
    Column("prediction_id", String),
    Column("period_from", UtcDateTime),
    Column("period_to", UtcDateTime),
    Column("text", String, nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("planted_cause", String),
    Column("state", String, nullable=False, server_default="open"),  # open | proposed | decided | answered | closed
    Column("owner", String),
    Column("proposed_cause", String),
    Column("proposal", JSON(none_as_null=True)),  # every check behind the proposed cause
    Column("decided_cause", String),
    Column("reason", String),  # why it was decided so
    Column("answer", String),
    Column("looked_at", UtcDateTime),
    Column("proposed_at", UtcDateTime),
    Column("decided_at", UtcDateTime),
    Column("answered_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
)
PREVENTION = Table(
    "prevention",
    METADATA,
    Column("id", String, primary_key=True),
    Column("case_id", String, nullable=False, index=True),
    Column("use_case", String, nullable=False, index=True),
    Column("kind", String, nullable=False, index=True),  # alert | retraining | note
    Column("text", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("due", Date),
    Column("state", String, nullable=False),  # open | done
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String, nullable=False),
)

# The chain shows a changed event; these keep a slip of the hand from making one.
APPEND_ONLY = tuple(
    f"CREATE TRIGGER IF NOT EXISTS events_no_{verb.lower()} BEFORE {verb} ON events "
    "BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
    for verb in ("UPDATE", "DELETE")
)


def add_missing_columns(connection: Connection) -> None:
    """Give the tables of an older ledger the columns that came later; their rows get the column's default, or null."""
    for table in METADATA.sorted_tables:
        present = {row.name for row in connection.execute(text(f'PRAGMA table_info("{table.name}")'))}
        for column in table.columns:
            if column.name not in present:
                definition = CreateColumn(column).compile(dialect=connection.dialect)
                connection.execute(text(f'ALTER TABLE "{table.name}" ADD COLUMN {definition}'))


@dataclass(frozen=True)
class VersionRecord:
    """A version that this desk made or took in; `card_sha256` is what its card must hash to."""

    use_case: str
    version: str
    created_at: datetime
    card_sha256: str
    origin: str


@dataclass(frozen=True)
class JobRecord:
    """A job as it was last written. `state`: queued, running, done, failed, cancelled, interrupted."""

    id: str
    kind: str
    use_case: str
    actor: str
    state: str
    message: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    spec: Mapping[str, Any]
    progress: Mapping[str, Any] | None
    result: Mapping[str, Any] | None


@dataclass(frozen=True)
class CaseRecord:
    """A complaint about one prediction, or about a period.

    `planted_cause` (model, integration, data, concept) is what a simulated case was made from. Only tests read
    it: whoever looks into a case finds the cause, or does not.
    """

    id: str
    use_case: str
    opened_at: datetime
    opened_by: str
    text: str
    prediction_id: str | None = None
    period_from: datetime | None = None
    period_to: datetime | None = None
    simulated: bool = False
    planted_cause: str | None = None
    state: str = "open"
    owner: str | None = None
    proposed_cause: str | None = None
    proposal: Mapping[str, Any] | None = None
    decided_cause: str | None = None
    reason: str | None = None
    answer: str | None = None
    looked_at: datetime | None = None
    proposed_at: datetime | None = None
    decided_at: datetime | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True)
class PreventionRecord:
    """What is to keep a case from happening again. `kind`: alert, retraining, note; `state`: open, done."""

    id: str
    case_id: str
    use_case: str
    kind: str
    text: str
    owner: str
    due: date | None
    state: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class EventRecord:
    """One action of a person, linked to the one before by its hash."""

    seq: int
    at: datetime
    actor: str
    role: str
    via: str
    action: str
    subject: str
    before: Any
    after: Any
    reason: str | None
    result: str | None
    prev_hash: str
    hash: str
