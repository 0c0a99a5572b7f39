"""The ledger's tables and the records that are read from them. Times are UTC throughout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, DateTime, Integer, MetaData, String, Table, TypeDecorator
from sqlalchemy.engine import Dialect


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
)

# The chain shows a changed event; these keep a slip of the hand from making one.
APPEND_ONLY = tuple(
    f"CREATE TRIGGER IF NOT EXISTS events_no_{verb.lower()} BEFORE {verb} ON events "
    "BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
    for verb in ("UPDATE", "DELETE")
)


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
