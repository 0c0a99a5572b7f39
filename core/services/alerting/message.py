"""What a message about an alert says: what happened, what to do, where to see it. No personal data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from core.domain.alert import Severity
from core.errors import DeskError
from core.services.alerting.rule import DESK_SUBJECT, Rule, rules
from core.services.desk import Desk
from core.store.ledger_alert_tables import AlertRecord

TONES = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "failure"}


class Moment(StrEnum):
    """Which step of an alert a message is about."""

    OPENED = "opened"
    RAISED = "raised"
    CLOSED = "closed"


def moment_of(alert: AlertRecord) -> Moment:
    """The step that an alert has just taken."""
    if alert.state == "closed":
        return Moment.CLOSED
    return Moment.OPENED if alert.count == 1 else Moment.RAISED


def compose(desk: Desk, alert: AlertRecord, moment: Moment) -> dict[str, Any]:
    """The message as plain values, kept so that a later try says what was so at the time."""
    rule = rules().get(alert.rule)
    link = link_to(desk, alert)
    return {
        "title": _title(desk, alert, moment, rule),
        "body": "\n".join([*_told(alert, moment), *_to_do(rule, moment), f"See it: {link}"]),
        "tone": "success" if moment is Moment.CLOSED else TONES[Severity(alert.severity)],
        "thread": alert.id,
        "over": moment is Moment.CLOSED,
        "link": link,
        "facts": _facts(alert, moment, link),
    }


def link_to(desk: Desk, alert: AlertRecord) -> str:
    """The alert on the desk's page."""
    asked = {} if alert.subject == DESK_SUBJECT else {"use_case": alert.subject}
    return f"{desk.settings.url}/alerts?{urlencode({**asked, 'alert': alert.id})}"


def test_message(desk: Desk, channel: str) -> dict[str, Any]:
    """What a channel is tried with; marked as a test in every part that a person or a program reads."""
    link = f"{desk.settings.url}/alerts"
    return {
        "title": "Test: a channel of Ringside",
        "body": f"This is a test. Alerts that the channel '{channel}' takes arrive here.\nNothing is to be done.",
        "tone": "info",
        "thread": f"test of {channel}",
        "over": False,
        "link": link,
        "facts": {"moment": "test", "link": link},
    }


def _title(desk: Desk, alert: AlertRecord, moment: Moment, rule: Rule | None) -> str:
    what = rule.title if rule is not None else alert.rule
    about = f" ({alert.about})" if alert.about else ""
    begins = {
        Moment.OPENED: alert.severity.capitalize(),
        Moment.RAISED: f"Now {alert.severity}",
        Moment.CLOSED: "Over",
    }
    return f"{begins[moment]}: {what}{about}, {_subject(desk, alert.subject)}"


def _subject(desk: Desk, subject: str) -> str:
    if subject == DESK_SUBJECT:
        return "the desk itself"
    try:
        return desk.use_case(subject).title
    except DeskError:  # it was taken out since
        return subject


def _told(alert: AlertRecord, moment: Moment) -> list[str]:
    since = f"Open since {_time(alert.opened_at)}."
    if moment is not Moment.CLOSED:
        return [alert.sentence, since if moment is Moment.RAISED else f"Opened {_time(alert.opened_at)}."]
    over = f"Open from {_time(alert.opened_at)} to {_time(alert.closed_at or alert.last_seen)}."
    return [f"It was: {alert.sentence}", over, *([f"Why it is over: {alert.closed_reason}"] if _by_desk(alert) else [])]


def _by_desk(alert: AlertRecord) -> bool:
    """Whether the reason is the desk's own; what a person wrote stays on the desk's page."""
    return bool(alert.closed_reason) and alert.closed_by == "Ringside"


def _to_do(rule: Rule | None, moment: Moment) -> list[str]:
    return [f"What to do: {rule.runbook}"] if rule is not None and moment is not Moment.CLOSED else []


def _facts(alert: AlertRecord, moment: Moment, link: str) -> Mapping[str, Any]:
    return {
        "alert": alert.id,
        "moment": moment.value,
        "rule": alert.rule,
        "use_case": None if alert.subject == DESK_SUBJECT else alert.subject,
        "about": alert.about,
        "severity": alert.severity,
        "value": alert.value,
        "limit": alert.limit,
        "n": alert.n,
        "link": link,
    }


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
