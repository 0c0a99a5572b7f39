"""Alerts in words: severity, state, figures in their unit, terms of a rule as sentences."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.domain.alert import Severity, State, Terms
from core.services.alerting import inbox
from core.services.alerting.rule import DESK_SUBJECT, Rule
from core.services.alerting.settings import EVERYWHERE, InForce
from core.services.desk import Desk
from core.store.ledger_alert_tables import AlertRecord
from core.ui import words

SEVERITY_LOOK = {  # icon, hue
    Severity.INFO: ("info", "blue"),
    Severity.WARNING: ("warning", "orange"),
    Severity.CRITICAL: ("error", "red"),
}
STATE_LOOK = {  # icon, hue, word
    State.OK: ("check_circle", "green", "in order"),
    State.BREACH: ("error", "red", "breach"),
    State.NOT_APPLICABLE: ("hourglass_empty", "gray", "not applicable"),
}
STATUS_LOOK = {
    "open": ("mark_email_unread", "orange"),
    "acknowledged": ("how_to_reg", "blue"),
    "snoozed": ("snooze", "gray"),
    "closed": ("task_alt", "gray"),
}
THE_DESK = "The desk itself"


def severity_badge(severity: str) -> str:
    """Icon, word and colour.

    >>> severity_badge("critical")
    ':red-badge[:material/error: critical]'
    """
    icon, hue = SEVERITY_LOOK[Severity(severity)]
    return f":{hue}-badge[:material/{icon}: {severity}]"


def status(alert: AlertRecord, now: datetime) -> str:
    """How an alert stands: open, acknowledged, snoozed or closed."""
    found = inbox.status(alert, now)
    return "acknowledged" if found == "open" and alert.state == "acknowledged" else found


def status_badge(alert: AlertRecord, now: datetime) -> str:
    """The same as a badge; of a snoozed one, until when."""
    found = status(alert, now)
    icon, hue = STATUS_LOOK[found]
    until = f" until {words.exact(alert.snoozed_until)}" if found == "snoozed" and alert.snoozed_until else ""
    return f":{hue}-badge[:material/{icon}: {found}{until}]"


def state_badge(state: State | None) -> str:
    """What a look came to as a badge; before the first look that nobody has looked."""
    if state is None:
        return ":gray-badge[:material/schedule: not looked yet]"
    icon, hue, word = STATE_LOOK[state]
    return f":{hue}-badge[:material/{icon}: {word}]"


def title(desk: Desk, alert: AlertRecord) -> str:
    """The rule's title, with the part that it is about; a column by what people call it."""
    rule = inbox.rule_of(alert)
    name = rule.title if rule is not None else alert.rule.replace("_", " ").capitalize()
    return f"{name}: {_part(desk, alert)}" if alert.about else name


def _part(desk: Desk, alert: AlertRecord) -> str:
    """The part of an alert: a column, or something by a column or grouping, in the words of its use case."""
    use_case = desk.use_cases().get(alert.subject)
    if use_case is None:
        return alert.about
    called = {column.name: column.title for column in use_case.schema}
    called |= {grouping.name: grouping.label or grouping.name for grouping in use_case.groupings}
    kind, by, column = alert.about.rpartition(" by ")
    return f"{kind}{by}{called.get(column, column).lower()}" if by else called.get(alert.about, alert.about)


def subject(desk: Desk, key: str) -> str:
    """What a rule looked at."""
    known = desk.use_cases()
    return THE_DESK if key == DESK_SUBJECT else known[key].title if key in known else key


def figure(unit: str, value: float | None) -> str:
    """A value in a rule's unit.

    >>> figure("rate", 0.125), figure("ms", 212.0), figure("", 0.31), figure("rate", None)
    ('12.5%', '212 ms', '0.31', 'none')
    >>> figure("hours", 1.0), figure("hours", 4.0)
    ('1 hour', '4 hours')
    """
    if value is None:
        return "none"
    if unit == "rate":
        return words.percent(value)
    told = unit.removesuffix("s") if value == 1 and unit != "ms" else unit
    return f"{value:,.4g}{f' {told}' if told else ''}"


def stretch(passed: timedelta) -> str:
    """A stretch of time as terms say it.

    >>> stretch(timedelta(minutes=15)), stretch(timedelta(hours=1)), stretch(timedelta(days=7))
    ('15 minutes', 'hour', '7 days')
    """
    minutes = passed.total_seconds() / 60
    for size, unit in ((1_440, "day"), (60, "hour")):
        if minutes >= size and minutes % size == 0:
            return unit if minutes == size else words.count(int(minutes // size), unit)
    return words.count(round(minutes), "minute")


def terms(rule: Rule, found: Terms) -> list[str]:
    """When a rule fires and when that is over, sentence by sentence."""
    if not found.on:
        return ["It is switched off."]
    needed, of = found.persistence
    opens = "One breach opens an alert"
    if (needed, of) != (1, 1):
        opens = f"{needed} breaches in {of} {rule.counts} open an alert"
    calm = words.count(found.clear_after, "look in order ends it", "looks in order, one after another, end it")
    back = f", the last {stretch(found.window)}" if found.window else ""
    least = f", and judges {found.minimum_n:,} rows or more" if found.minimum_n > 1 else ""
    return [*_limits(rule, found), f"{opens}; {calm}.", f"It looks every {stretch(found.every)}{back}{least}."]


def _limits(rule: Rule, found: Terms) -> list[str]:
    side = "Below" if found.below else "Above"
    weight = {Severity.INFO: "information", Severity.WARNING: "a warning", Severity.CRITICAL: "critical"}
    said = []
    if found.limit is not None:
        said.append(f"{side} {figure(rule.unit, found.limit)} it is {weight[found.severity]}")
    if found.critical is not None and found.severity is not Severity.CRITICAL:
        said.append(f"{side.lower() if said else side} {figure(rule.unit, found.critical)} critical")
    return [f"{', '.join(said)}."] if said else []


def changed(found: InForce) -> str:
    """Who set a rule's terms, where, and why; "" where they are its own."""
    if not found.changed or found.record is None:
        return ""
    where = "everywhere" if found.record.subject == EVERYWHERE else "here"
    return f"Set by {found.record.set_by} {where}, {words.exact(found.record.set_at)}: {found.record.reason}"
