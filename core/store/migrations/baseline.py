"""The ledger's tables as they were when migrations began; frozen: what came later stands in later migrations."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
)
from sqlalchemy.types import TypeEngine

from core.store.ledger_types import LongText, UtcDateTime

METADATA = MetaData()
NAME = String(255)

_Kind = TypeEngine[Any] | type[TypeEngine[Any]]


def key(name: str, kind: _Kind, **more: Any) -> Column[Any]:
    """Of the primary key."""
    return Column(name, kind, primary_key=True, **more)


def must(name: str, kind: _Kind, **more: Any) -> Column[Any]:
    """Never null."""
    return Column(name, kind, nullable=False, **more)


def may(name: str, kind: _Kind, **more: Any) -> Column[Any]:
    """May be null."""
    return Column(name, kind, **more)


# fmt: off
Table(
    "alert_looks", METADATA,
    key("rule", NAME), key("subject", NAME), key("about", NAME), key("simulated", Boolean), must("at", UtcDateTime),
    must("state", NAME), may("value", Float), may("limit", Float), may("n", Integer), must("sentence", Text),
    must("marks", Text), must("evidence", Text), may("hushed", NAME), may("incident", NAME),
    may("kept_at", UtcDateTime),
)
Table(
    "alert_readings", METADATA,
    key("number", Integer), must("at", UtcDateTime, index=True), must("rule", NAME), must("subject", NAME),
    must("about", NAME), must("state", NAME), may("value", Float), may("limit", Float), may("n", Integer),
    may("severity", NAME), must("sentence", Text), must("simulated", Boolean),
    Index("readings_of_one", "rule", "subject", "about", "at"),
)
Table(
    "alert_rules", METADATA,
    key("rule", NAME), key("subject", NAME), must("terms", JSON), must("set_at", UtcDateTime), must("set_by", NAME),
    must("reason", Text),
)
Table(
    "alerts", METADATA,
    key("id", NAME), must("rule", NAME), must("subject", NAME, index=True), must("about", NAME),
    must("severity", NAME), must("state", NAME), must("sentence", Text), may("value", Float), may("limit", Float),
    may("n", Integer), must("opened_at", UtcDateTime), must("last_seen", UtcDateTime), must("count", Integer),
    must("simulated", Boolean), may("owner", NAME), may("acknowledged_at", UtcDateTime),
    may("snoozed_until", UtcDateTime), may("snooze_reason", Text), may("closed_at", UtcDateTime),
    may("closed_by", NAME), may("closed_reason", Text),
)
Table(
    "aliases", METADATA,
    key("use_case", NAME), key("alias", NAME), must("version", NAME), must("since", UtcDateTime), may("model", NAME),
)
Table(
    "answers", METADATA,
    key("mark", String(64)), must("asked", String(64)), must("answer", LongText), must("at", UtcDateTime, index=True),
)
Table(
    "approvals", METADATA,
    key("number", Integer), must("promotion", NAME, index=True), must("at", UtcDateTime), must("actor", NAME),
    must("role", NAME), must("approved", Boolean), must("reason", Text),
)
Table(
    "cases", METADATA,
    key("id", NAME), must("use_case", NAME, index=True), must("opened_at", UtcDateTime), must("opened_by", NAME),
    may("prediction_id", NAME), may("period_from", UtcDateTime), may("period_to", UtcDateTime), must("text", Text),
    must("simulated", Boolean), may("planted_cause", NAME), must("state", NAME, server_default="open"),
    may("owner", NAME), may("proposed_cause", NAME), may("proposal", JSON), may("decided_cause", NAME),
    may("reason", Text), may("answer", Text), may("looked_at", UtcDateTime), may("proposed_at", UtcDateTime),
    may("decided_at", UtcDateTime), may("answered_at", UtcDateTime), may("closed_at", UtcDateTime),
)
Table(
    "channels", METADATA,
    key("id", NAME), must("name", NAME), must("kind", NAME), must("place", Text), must("secret", NAME),
    must("severities", JSON), may("use_cases", JSON), must("on", Boolean), must("changed_at", UtcDateTime),
    must("changed_by", NAME), may("removed_at", UtcDateTime),
)
Table(
    "deliveries", METADATA,
    key("number", Integer), must("key", NAME, unique=True), must("alert", NAME, index=True),
    must("channel", NAME, index=True), must("moment", NAME), must("severity", NAME), must("message", JSON),
    must("state", NAME, index=True), must("tries", Integer), must("created_at", UtcDateTime),
    may("next_try_at", UtcDateTime), may("tried_at", UtcDateTime), may("sent_at", UtcDateTime),
    may("last_error", Text),
)
Table(
    "desks", METADATA,
    key("id", NAME), must("home", Text), must("host", NAME), must("process", Integer), must("since", UtcDateTime),
    must("last_beat", UtcDateTime), may("left_at", UtcDateTime),
)
Table(
    "events", METADATA,
    key("seq", Integer, autoincrement=False), must("at", UtcDateTime), must("actor", NAME), must("role", NAME),
    must("via", NAME), must("action", NAME), must("subject", String(500), index=True), may("before", JSON),
    may("after", JSON), may("reason", Text), may("result", Text), must("prev_hash", NAME), must("hash", NAME),
)
Table(
    "experiments", METADATA,
    key("id", NAME), must("use_case", NAME, index=True), must("kind", NAME), must("created_at", UtcDateTime),
    must("created_by", NAME), must("spec", JSON), must("state", NAME), must("stage", Integer),
    must("stage_since", UtcDateTime), may("ended_at", UtcDateTime), may("conclusion", JSON),
)
Table(
    "jobs", METADATA,
    key("id", NAME), must("kind", NAME), must("use_case", NAME), must("actor", NAME), must("state", NAME, index=True),
    may("message", Text), must("created_at", UtcDateTime), may("started_at", UtcDateTime),
    may("finished_at", UtcDateTime), must("spec", JSON), may("progress", JSON), may("result", JSON),
    may("desk", NAME, index=True), may("number", Integer),
)
Table(
    "kept_figures", METADATA,
    key("use_case", NAME), key("name", NAME), must("at", UtcDateTime), must("value", JSON),
)
Table("ledger_head", METADATA, key("id", Integer, autoincrement=False), must("changes", BigInteger))
Table(
    "mappings", METADATA,
    key("use_case", NAME), key("fingerprint", NAME), must("mapping", JSON), must("remembered_at", UtcDateTime),
)
Table(
    "people", METADATA,
    key("id", String(32)), must("name", String(120)), must("email", String(254), unique=True),
    must("role", String(16)), must("how", String(16)), must("active", Boolean), may("password", NAME),
    may("one_time_until", UtcDateTime), may("subject", NAME), must("created_at", UtcDateTime),
    may("last_seen_at", UtcDateTime),
)
Table(
    "plans", METADATA,
    key("id", NAME), must("use_case", NAME, index=True), must("created_at", UtcDateTime), must("created_by", NAME),
    must("plan", JSON), may("closed_at", UtcDateTime), may("closed_reason", Text),
)
Table(
    "policies", METADATA,
    key("use_case", NAME), key("number", Integer), must("state", NAME), must("created_at", UtcDateTime),
    must("created_by", NAME), must("policy", JSON), may("reason", Text), may("published_at", UtcDateTime),
    may("published_by", NAME),
)
Table(
    "prevention", METADATA,
    key("id", NAME), must("case_id", NAME, index=True), must("use_case", NAME, index=True),
    must("kind", NAME, index=True), must("text", Text), must("owner", NAME), may("due", Date), must("state", NAME),
    must("created_at", UtcDateTime), must("created_by", NAME),
)
Table(
    "privacy", METADATA,
    key("use_case", NAME), must("hash_ids", Boolean), must("keep", JSON), must("since", UtcDateTime),
    must("by", NAME),
)
Table(
    "promotions", METADATA,
    key("id", NAME), must("use_case", NAME, index=True), must("version", NAME), must("model", NAME),
    may("plan", NAME), must("requested_at", UtcDateTime), must("requested_by", NAME), must("reason", Text),
    must("evidence", JSON), must("state", NAME), may("closed_at", UtcDateTime),
)
Table(
    "scoring_jobs", METADATA,
    key("id", NAME), must("use_case", NAME, index=True), must("name", NAME), must("created_at", UtcDateTime),
    must("created_by", NAME), must("spec", JSON), may("removed_at", UtcDateTime),
)
Table(
    "service_beats", METADATA,
    key("number", Integer), must("process", NAME, index=True), must("first_beat", UtcDateTime),
    must("last_beat", UtcDateTime, index=True), must("simulated", Boolean, server_default=false()),
)
Table(
    "service_counts", METADATA,
    key("number", Integer), must("begins", UtcDateTime, index=True), must("seconds", Integer), must("face", NAME),
    must("operation", NAME), must("n", Integer), must("refused", Integer), must("errors", Integer),
    must("rows", BigInteger), must("busy_s", Float), must("latency", JSON),
    must("simulated", Boolean, server_default=false()),
)
Table(
    "service_sizes", METADATA,
    key("day", Date), must("log_bytes", BigInteger), must("ledger_bytes", BigInteger), must("free_bytes", BigInteger),
    must("memory_bytes", BigInteger),
)
Table(
    "sessions", METADATA,
    key("id", String(32)), must("secret", String(64), unique=True), must("person", String(32), index=True),
    must("created_at", UtcDateTime), must("expires_at", UtcDateTime), must("seen_at", UtcDateTime),
    may("ended_at", UtcDateTime), may("proof", String(64), unique=True),
)
Table(
    "sign_in_attempts", METADATA,
    key("who", String(64)), must("failed", Integer), must("last_at", UtcDateTime, index=True),
    may("wait_until", UtcDateTime),
)
Table(
    "sources_taken", METADATA,
    key("scoring_job", NAME), key("mark", NAME), must("name", NAME), must("begun_at", UtcDateTime),
    may("scored_at", UtcDateTime), may("handed_on_at", UtcDateTime), must("facts", JSON),
)
Table(
    "task_runs", METADATA,
    key("number", Integer), must("task", NAME), must("due_at", UtcDateTime), must("started_at", UtcDateTime),
    may("ended_at", UtcDateTime), must("state", NAME), must("said", Text), may("result", JSON), must("by", NAME),
    must("actor", NAME), may("desk", NAME), Index("task_runs_by_task", "task", "number"),
)
Table(
    "task_settings", METADATA,
    key("task", NAME), must("on", Boolean), may("cron", NAME), must("changed_at", UtcDateTime),
)
Table(
    "tokens", METADATA,
    key("id", String(32)), must("name", String(120)), must("role", String(16)), must("scopes", JSON),
    must("secret", String(64), unique=True), must("created_at", UtcDateTime), must("created_by", String(120)),
    must("expires_at", UtcDateTime), may("last_used_at", UtcDateTime), may("withdrawn_at", UtcDateTime),
    must("expiry_noted", Boolean),
)
Table(
    "versions", METADATA,
    key("use_case", NAME), key("version", NAME), must("created_at", UtcDateTime), must("card_sha256", NAME),
    must("origin", NAME),
)
# fmt: on

_ALERTS = METADATA.tables["alerts"].c
Index(
    "one_open_alert",
    _ALERTS.rule,
    _ALERTS.subject,
    _ALERTS.about,
    unique=True,
    sqlite_where=text("state <> 'closed'"),
).ddl_if(callable_=lambda *_, dialect, **__: dialect.name != "mysql")
