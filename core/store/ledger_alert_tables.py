"""The tables of alerts, the looks behind them and the terms that people set, and the records read from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, Table, Text, text

from core.store.ledger_tables import METADATA
from core.store.ledger_types import Name, UtcDateTime

ALERTS = Table(
    "alerts",
    METADATA,
    Column("id", Name, primary_key=True),
    Column("rule", Name, nullable=False),
    Column("subject", Name, nullable=False, index=True),  # a use case's key, or "desk"
    Column("about", Name, nullable=False),
    Column("severity", Name, nullable=False),
    Column("state", Name, nullable=False),  # open | acknowledged | closed
    Column("sentence", Text, nullable=False),
    Column("value", Float),
    Column("limit", Float),
    Column("n", Integer),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
    Column("count", Integer, nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("owner", Name),
    Column("acknowledged_at", UtcDateTime),
    Column("snoozed_until", UtcDateTime),
    Column("snooze_reason", Text),
    Column("closed_at", UtcDateTime),
    Column("closed_by", Name),
    Column("closed_reason", Text),
)
Index(  # one open alert per (rule, subject, about), whoever looks; of servers see core.store.ledger_schema
    "one_open_alert",
    ALERTS.c.rule,
    ALERTS.c.subject,
    ALERTS.c.about,
    unique=True,
    sqlite_where=text("state <> 'closed'"),
).ddl_if(callable_=lambda *_, dialect, **__: dialect.name != "mysql")
READINGS = Table(
    "alert_readings",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("rule", Name, nullable=False),
    Column("subject", Name, nullable=False),
    Column("about", Name, nullable=False),
    Column("state", Name, nullable=False),
    Column("value", Float),
    Column("limit", Float),
    Column("n", Integer),
    Column("severity", Name),
    Column("sentence", Text, nullable=False),
    Column("simulated", Boolean, nullable=False),
)
Index("readings_of_one", READINGS.c.rule, READINGS.c.subject, READINGS.c.about, READINGS.c.at)
LOOKS = Table(
    "alert_looks",
    METADATA,
    Column("rule", Name, primary_key=True),
    Column("subject", Name, primary_key=True),
    Column("about", Name, primary_key=True),
    Column("simulated", Boolean, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("state", Name, nullable=False),
    Column("value", Float),
    Column("limit", Float),
    Column("n", Integer),
    Column("sentence", Text, nullable=False),
    Column("marks", Text, nullable=False),  # of the judged looks, see core.domain.alert_state
    Column("evidence", Text, nullable=False),
    Column("hushed", Name),  # severity of an alert that a person closed while the breach went on
    Column("incident", Name),  # of a look that failed
    Column("kept_at", UtcDateTime),  # when a reading was last written for it
)
RULE_TERMS = Table(
    "alert_rules",
    METADATA,
    Column("rule", Name, primary_key=True),
    Column("subject", Name, primary_key=True),  # "" for every subject
    Column("terms", JSON, nullable=False),  # what differs from the rule's own
    Column("set_at", UtcDateTime, nullable=False),
    Column("set_by", Name, nullable=False),
    Column("reason", Text, nullable=False),
)


@dataclass(frozen=True)
class AlertRecord:
    """An alert as it stands. `state`: open, acknowledged, closed; `subject`: a use case's key, or "desk".

    `value`, `limit`, `n` and `sentence` are those of the last breach; `count` says how many looks saw one.
    """

    id: str
    rule: str
    subject: str
    about: str
    severity: str
    state: str
    sentence: str
    value: float | None
    limit: float | None
    n: int | None
    opened_at: datetime
    last_seen: datetime
    count: int = 1
    simulated: bool = False
    owner: str | None = None
    acknowledged_at: datetime | None = None
    snoozed_until: datetime | None = None
    snooze_reason: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    closed_reason: str | None = None


@dataclass(frozen=True)
class ReadingRecord:
    """One look of one rule at one part of one subject."""

    at: datetime
    rule: str
    subject: str
    about: str
    state: str
    value: float | None
    limit: float | None
    n: int | None
    severity: str | None
    sentence: str
    simulated: bool = False


@dataclass(frozen=True)
class LookRecord:
    """What is known of one (rule, subject, about) since its last look."""

    rule: str
    subject: str
    about: str
    simulated: bool
    at: datetime
    state: str
    value: float | None
    limit: float | None
    n: int | None
    sentence: str
    marks: str = ""
    evidence: str = ""
    hushed: str | None = None
    incident: str | None = None
    kept_at: datetime | None = None


@dataclass(frozen=True)
class RuleTermsRecord:
    """What somebody set for a rule, for one subject or, with "", for all of them."""

    rule: str
    subject: str
    terms: Mapping[str, Any]
    set_at: datetime
    set_by: str
    reason: str
