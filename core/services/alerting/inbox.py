"""The inbox of alerts: who owns what fired, what was done about it, and what the rules said when they last looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.domain.alert import Severity, State
from core.errors import InputError, UnknownName
from core.services.access import Action, Actor, may, require
from core.services.alerting.delivery import announce
from core.services.alerting.engine import Summary, evaluate
from core.services.alerting.rule import DESK_SUBJECT, Rule, rules
from core.services.alerting.settings import InForce, terms_in_force
from core.services.alerting.taking_in import write_down
from core.services.desk import Desk
from core.store.ledger_alert_tables import AlertRecord, LookRecord, ReadingRecord
from core.store.ledger_tables import EventRecord

STATUSES = ("open", "snoozed", "closed")
LONGEST_SNOOZE = timedelta(days=90)


@dataclass(frozen=True)
class Watched:
    """A rule at one subject as it stands: its terms, what its last look said of every part, when it looks next."""

    terms: InForce
    looks: tuple[LookRecord, ...]  # of the last look, the worst first; empty before the first
    next_at: datetime | None  # None: at once, or never while it is switched off

    @property
    def rule(self) -> Rule:
        """The rule."""
        return self.terms.rule

    @property
    def at(self) -> datetime | None:
        """When it looked last."""
        return self.looks[0].at if self.looks else None

    @property
    def state(self) -> State | None:
        """The worst of its parts; None before the first look."""
        return State(self.looks[0].state) if self.looks else None


def open_alerts(desk: Desk, actor: Actor, now: datetime | None = None) -> Sequence[AlertRecord]:
    """What needs somebody now: alerts that are neither closed nor snoozed, the most severe first; one query.

    Nothing for those who may not see models.
    """
    if not may(actor, Action.SEE_MODELS):
        return ()
    at = now or datetime.now(UTC)
    return _ordered(alert for alert in desk.ledger.alerts(open_only=True) if status(alert, at) == "open")


def alerts(desk: Desk, actor: Actor, wanted: str = "open", now: datetime | None = None) -> Sequence[AlertRecord]:
    """Alerts that are open, snoozed or closed: the most severe first, of closed ones the one closed last."""
    require(actor, Action.SEE_MODELS)
    if wanted not in STATUSES:
        raise UnknownName("state of an alert", wanted, STATUSES)
    at = now or datetime.now(UTC)
    found = [item for item in desk.ledger.alerts(open_only=wanted != "closed") if status(item, at) == wanted]
    if wanted == "closed":
        return sorted(found, key=lambda item: item.closed_at or item.last_seen, reverse=True)
    return _ordered(found)


def _ordered(found: Any) -> list[AlertRecord]:
    return sorted(found, key=lambda item: (-Severity(item.severity).rank, -item.opened_at.timestamp()))


def status(alert: AlertRecord, now: datetime) -> str:
    """open, snoozed or closed; a snooze ends by itself."""
    if alert.state == "closed":
        return "closed"
    return "snoozed" if alert.snoozed_until is not None and alert.snoozed_until > now else "open"


def alert(desk: Desk, actor: Actor, alert_id: str) -> AlertRecord:
    """One alert; UnknownName where there is none of that id."""
    require(actor, Action.SEE_MODELS)
    return desk.ledger.alert(alert_id)


def history(desk: Desk, actor: Actor, found: AlertRecord) -> list[ReadingRecord]:
    """The looks of the alert's rule at its part, oldest first."""
    require(actor, Action.SEE_MODELS)
    return desk.ledger.readings(found.rule, found.subject, found.about)


def alert_events(desk: Desk, actor: Actor, alert_id: str) -> list[EventRecord]:
    """What was done, oldest first."""
    require(actor, Action.SEE_MODELS)
    return list(reversed(desk.ledger.events(f"alert {alert_id}", limit=1_000)))


def acknowledge(desk: Desk, actor: Actor, alert_id: str, now: datetime | None = None) -> AlertRecord:
    """Say that somebody looks into it; whoever says so owns it unless somebody does already."""
    found = _to_work_on(desk, actor, alert_id)
    at = now or datetime.now(UTC)
    changes = {"state": "acknowledged", "owner": found.owner or actor.name}
    return _change(desk, actor, found, "acknowledge alert", changes, at, {"acknowledged_at": at})


def assign(desk: Desk, actor: Actor, alert_id: str, owner: str, now: datetime | None = None) -> AlertRecord:
    """Give it to somebody by name."""
    found = _to_work_on(desk, actor, alert_id)
    changes = {"owner": _said(owner, "who owns it")}
    return _change(desk, actor, found, "assign alert", changes, now or datetime.now(UTC))


def snooze(
    desk: Desk, actor: Actor, alert_id: str, until: datetime, reason: str, now: datetime | None = None
) -> AlertRecord:
    """Put it aside until a time; it comes back before that when it gets worse.

    Raises
    ------
    InputError
        No reason, or a time that has passed or is more than 90 days away.
    """
    found, at = _to_work_on(desk, actor, alert_id), now or datetime.now(UTC)
    if not at < until <= at + LONGEST_SNOOZE:
        hint = f"Choose a time within the next {LONGEST_SNOOZE.days} days."
        raise InputError(f"An alert cannot be snoozed until {until:%Y-%m-%d %H:%M}.", hint)
    changes = {"snoozed_until": until, "snooze_reason": _said(reason, "why it can wait")}
    return _change(desk, actor, found, "snooze alert", changes, at)


def wake(desk: Desk, actor: Actor, alert_id: str, now: datetime | None = None) -> AlertRecord:
    """End a snooze before its time."""
    found = _to_work_on(desk, actor, alert_id)
    return _change(desk, actor, found, "wake alert", {"snoozed_until": None}, now or datetime.now(UTC))


def close(desk: Desk, actor: Actor, alert_id: str, reason: str, now: datetime | None = None) -> AlertRecord:
    """End it with a reason; while its breach goes on it opens again only once that has been over, or gets worse."""
    found, at = _to_work_on(desk, actor, alert_id), now or datetime.now(UTC)
    said = _said(reason, "why it is closed")
    changes = {"state": "closed", "closed_by": actor.name, "closed_reason": said}
    with desk.ledger.transaction():
        desk.ledger.hush(found.rule, found.subject, found.about, found.severity)
        closed = _change(desk, actor, found, "close alert", changes, at, {"closed_at": at})
    announce(desk, closed, at)
    return closed


def watched(desk: Desk, actor: Actor, subject: str) -> list[Watched]:
    """Every rule that looks at a subject (a use case, or "desk"), with what it said last."""
    require(actor, Action.SEE_MODELS)
    looks: dict[tuple[str, bool], list[LookRecord]] = {}
    for look in desk.ledger.looks(subject=subject):
        looks.setdefault((look.rule, look.simulated), []).append(look)

    def of(key: str) -> list[LookRecord]:  # before the first real look, what a simulated history left
        return looks.get((key, False)) or looks.get((key, True), [])

    return [_watched(terms, of(terms.rule.key)) for terms in terms_in_force(desk, actor, subject)]


def _watched(terms: InForce, looks: list[LookRecord]) -> Watched:
    last = max((look.at for look in looks), default=None)
    worst = {State.BREACH: 0, State.OK: 1, State.NOT_APPLICABLE: 2}
    present = sorted(
        (look for look in looks if look.at == last), key=lambda look: (worst[State(look.state)], look.about)
    )
    real = any(not look.simulated for look in present)
    due = last + terms.terms.every if last is not None and terms.terms.on and real else None
    return Watched(terms, tuple(present), due)


def look_now(desk: Desk, actor: Actor, subject: str, now: datetime | None = None) -> Summary:
    """Let every rule look at a use case and at the desk itself, whether it is due or not."""
    return evaluate(desk, now or datetime.now(UTC), actor, every_rule=True, subjects=[subject, DESK_SUBJECT])


def rule_of(found: AlertRecord) -> Rule | None:
    """The rule that an alert is of; None where the desk no longer has it."""
    return rules().get(found.rule)


def _to_work_on(desk: Desk, actor: Actor, alert_id: str) -> AlertRecord:
    require(actor, Action.WORK_ALERT)
    found = desk.ledger.alert(alert_id)
    _must_be_open(found)
    return found


def _must_be_open(found: AlertRecord) -> None:
    if found.state == "closed":
        raise InputError(f"Alert {found.id} is closed.", "It opens again by itself when its rule finds the same again.")


def _change(
    desk: Desk,
    actor: Actor,
    found: AlertRecord,
    action: str,
    changes: dict[str, Any],
    at: datetime,
    hidden: dict[str, Any] | None = None,
) -> AlertRecord:
    """Change an alert and record it, both or neither; `hidden` changes are times that the event has itself."""
    with desk.ledger.transaction():
        _must_be_open(desk.ledger.alert(found.id))  # it may have ended since it was looked at
        after = desk.ledger.change_alert(found.id, **changes, **(hidden or {}))
        told = {name: _plain(value) for name, value in changes.items()}
        before = {name: _plain(getattr(found, name)) for name in changes}
        reason = changes.get("closed_reason") or changes.get("snooze_reason")
        write_down(desk, actor, action, found.id, at, before=before, after=told, reason=reason)
    return after


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _said(text: str, what: str) -> str:
    if not text.strip():
        raise InputError(f"Nothing was written: {what} is missing.", "Write a few words.")
    return text.strip()
