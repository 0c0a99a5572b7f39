"""The ledger's tables and the records that are read from them. Times are UTC throughout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Date, Integer, MetaData, Table, Text

from core.store.ledger_types import Name, Subject
from core.store.ledger_types import UtcDateTime as UtcDateTime

METADATA = MetaData()

EVENTS = Table(
    "events",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("actor", Name, nullable=False, index=True),
    Column("role", Name, nullable=False),
    Column("via", Name, nullable=False),
    Column("action", Name, nullable=False, index=True),
    Column("subject", Subject, nullable=False, index=True),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    Column("reason", Text),
    Column("result", Text),
    Column("prev_hash", Name, nullable=False),
    Column("hash", Name, nullable=False),
)
VERSIONS = Table(
    "versions",
    METADATA,
    Column("use_case", Name, primary_key=True),
    Column("version", Name, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("card_sha256", Name, nullable=False),
    Column("origin", Name, nullable=False),  # train | import | adopt
)
ALIASES = Table(
    "aliases",
    METADATA,
    Column("use_case", Name, primary_key=True),
    Column("alias", Name, primary_key=True),
    Column("version", Name, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("model", Name),  # null: the one the version's card names
)
JOBS = Table(
    "jobs",
    METADATA,
    Column("id", Name, primary_key=True),
    Column("kind", Name, nullable=False),
    Column("use_case", Name, nullable=False),
    Column("actor", Name, nullable=False),
    Column("state", Name, nullable=False, index=True),
    Column("message", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("spec", JSON, nullable=False),
    Column("progress", JSON(none_as_null=True)),
    Column("result", JSON(none_as_null=True)),
    Column("desk", Name, index=True),  # where it is done; null: the desk that the ledger belongs to
    Column("number", Integer),  # in the order of their making
)
MAPPINGS = Table(
    "mappings",
    METADATA,
    Column("use_case", Name, primary_key=True),
    Column("fingerprint", Name, primary_key=True),
    Column("mapping", JSON, nullable=False),
    Column("remembered_at", UtcDateTime, nullable=False),
)
CASES = Table(
    "cases",
    METADATA,
    Column("id", Name, primary_key=True),
    Column("use_case", Name, nullable=False, index=True),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("opened_by", Name, nullable=False),
    Column("prediction_id", Name),
    Column("period_from", UtcDateTime),
    Column("period_to", UtcDateTime),
    Column("text", Text, nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("planted_cause", Name),
    Column("state", Name, nullable=False, server_default="open"),  # open | proposed | decided | answered | closed
    Column("owner", Name),
    Column("proposed_cause", Name),
    Column("proposal", JSON(none_as_null=True)),  # every check behind the proposed cause
    Column("decided_cause", Name),
    Column("reason", Text),  # why it was decided so
    Column("answer", Text),
    Column("looked_at", UtcDateTime),
    Column("proposed_at", UtcDateTime),
    Column("decided_at", UtcDateTime),
    Column("answered_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
)
PREVENTION = Table(
    "prevention",
    METADATA,
    Column("id", Name, primary_key=True),
    Column("case_id", Name, nullable=False, index=True),
    Column("use_case", Name, nullable=False, index=True),
    Column("kind", Name, nullable=False, index=True),  # alert | retraining | note
    Column("text", Text, nullable=False),
    Column("owner", Name, nullable=False),
    Column("due", Date),
    Column("state", Name, nullable=False),  # open | done
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Name, nullable=False),
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
    """A job as it was last written. `state`: queued, running, done, failed, cancelled, interrupted.

    `desk` is where it is done; None where the ledger belongs to one desk.
    """

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
    desk: str | None = None


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
