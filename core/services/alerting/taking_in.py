"""What a look changes: its reading is kept; an alert opens, is seen again, rises or ends, each with its event."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from core.domain.alert import Reading, Severity, State, Terms
from core.domain.alert_state import Decision, Standing, Step, decide
from core.services.access import Actor
from core.services.alerting.rule import Rule
from core.services.desk import Desk
from core.store.ledger_alert_tables import AlertRecord, LookRecord, ReadingRecord

BLIND = "it could not look"  # the part of an alert about a fault of the rule itself
_QUIET_EVERY = timedelta(hours=20)  # of looks in order at what has no alert, one a day is kept


@dataclass(frozen=True)
class Target:
    """A rule at one subject.

    `simulated` is a week of a simulated history, `marked` whether what is found goes with simulated rows.
    """

    rule: Rule
    subject: str
    terms: Terms
    simulated: bool = False
    marked: bool = False


@dataclass
class Moves:
    """The alerts that a look opened, raised or ended."""

    opened: list[AlertRecord] = field(default_factory=list)
    raised: list[AlertRecord] = field(default_factory=list)
    cleared: list[AlertRecord] = field(default_factory=list)


def take_in(
    desk: Desk, actor: Actor, target: Target, readings: Sequence[Reading], now: datetime, incident: str | None = None
) -> Moves:
    """Keep the readings of one look and let them open, raise and end alerts; all of it, or nothing."""
    moves = Moves()
    with desk.ledger.transaction():
        known = _known(desk, target)
        alerts = {alert.about: alert for alert in _open_ones(desk, target)}
        looks, kept = [], []
        for reading in map(_finite, (*readings, *_gone(readings, alerts, failed=incident is not None))):
            look = known.get(reading.about)
            alert = alerts.get(reading.about)
            decision = decide(target.terms, _standing(look, alert), reading)
            _move(desk, actor, target, reading, now, alert, decision, moves)
            wanted = _worth_keeping(look, alert, reading, decision, now)
            kept += [_reading(target, reading, now)] if wanted else []
            kept_at = now if wanted else look.kept_at if look else None
            looks.append(_look(target, reading, now, decision.after, incident, kept_at))
        desk.ledger.add_readings(kept)
        desk.ledger.keep_looks(looks)
    return moves


def _open_ones(desk: Desk, target: Target) -> list[AlertRecord]:
    found = desk.ledger.alerts(open_only=True, subject=target.subject)
    return [alert for alert in found if alert.rule == target.rule.key]


def _known(desk: Desk, target: Target) -> dict[str, LookRecord]:
    """What is known of every part; the first real looks go on from where a simulated history ended."""
    looks = desk.ledger.looks(target.rule.key, target.subject)
    before = {} if target.simulated else {look.about: replace(look, kept_at=None) for look in looks if look.simulated}
    return before | {look.about: look for look in looks if look.simulated == target.simulated}


def _finite(reading: Reading) -> Reading:
    """A figure that is none is kept as none."""
    value, limit = (
        part if part is not None and math.isfinite(part) else None for part in (reading.value, reading.limit)
    )
    return replace(reading, value=value, limit=limit)


def _gone(readings: Sequence[Reading], alerts: Mapping[str, AlertRecord], failed: bool) -> list[Reading]:
    """Parts with an alert that a look which judged something did not find any more: they count as in order.

    So does a fault of the rule itself once it looks again, whether or not it could judge anything.
    """
    lost = alerts.keys() - {reading.about for reading in readings}
    if all(reading.state is State.NOT_APPLICABLE for reading in readings) or failed:
        lost = lost & {BLIND} if not failed else set()
    return [Reading(State.OK, "It is no longer among what is looked at.", about=name) for name in sorted(lost)]


def _standing(look: LookRecord | None, alert: AlertRecord | None) -> Standing:
    marks, evidence = (look.marks, look.evidence) if look else ("", "")
    hushed = Severity(look.hushed) if look and look.hushed else None
    return Standing(marks, evidence, Severity(alert.severity) if alert else None, hushed)


def _move(  # noqa: PLR0913 - one step with everything it needs
    desk: Desk,
    actor: Actor,
    target: Target,
    reading: Reading,
    now: datetime,
    alert: AlertRecord | None,
    decision: Decision,
    moves: Moves,
) -> None:
    seen = {"sentence": reading.sentence, "value": reading.value, "limit": reading.limit, "n": reading.n}
    if decision.step is Step.OPEN:
        moves.opened.append(_open(desk, actor, target, reading, now, decision))
    elif alert is None or decision.step is Step.NONE:
        return
    elif decision.step is Step.CLEAR:
        reason = f"{target.terms.clear_after} looks in order, one after another. {reading.sentence}"
        closed = {"state": "closed", "closed_at": now, "closed_by": actor.name, "closed_reason": reason}
        moves.cleared.append(desk.ledger.change_alert(alert.id, **closed))
        write_down(desk, actor, "clear alert", alert.id, now, reason=reason)
    elif decision.step is Step.REPEAT:
        desk.ledger.change_alert(alert.id, count=alert.count + 1, last_seen=now, **seen)
    elif decision.severity is not None:  # it rises
        risen = {"severity": decision.severity.value, "state": "open", "snoozed_until": None}
        again = {"count": alert.count + 1, "last_seen": now}
        moves.raised.append(desk.ledger.change_alert(alert.id, **risen, **again, **seen))
        facts = {"before": {"severity": alert.severity}, "after": {"severity": risen["severity"]} | seen}
        write_down(desk, actor, "raise alert", alert.id, now, **facts)


def _open(desk: Desk, actor: Actor, target: Target, reading: Reading, now: datetime, decision: Decision) -> AlertRecord:
    assert decision.severity is not None
    alert = AlertRecord(
        id=uuid.uuid4().hex[:12],
        rule=target.rule.key,
        subject=target.subject,
        about=reading.about,
        severity=decision.severity.value,
        state="open",
        sentence=reading.sentence,
        value=reading.value,
        limit=reading.limit,
        n=reading.n,
        opened_at=now,
        last_seen=now,
        simulated=target.marked,
    )
    desk.ledger.add_alert(alert)
    named = ("rule", "subject", "about", "severity", "sentence", "simulated")
    write_down(desk, actor, "open alert", alert.id, now, after={name: getattr(alert, name) for name in named})
    return alert


def write_down(desk: Desk, actor: Actor, action: str, alert_id: str, at: datetime, **facts: Any) -> None:
    """The event of a step, inside the transaction of what it changes."""
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    desk.ledger.record(at=at, **who, action=action, subject=f"alert {alert_id}", **facts)


def _worth_keeping(
    look: LookRecord | None, alert: AlertRecord | None, reading: Reading, decision: Decision, now: datetime
) -> bool:
    """Whether a reading goes into the history: what changed, what an alert is about, and one quiet look a day."""
    if look is None or look.kept_at is None or look.state != reading.state.value:
        return True
    if reading.evidence and reading.evidence == look.evidence:
        return False
    if reading.state is State.NOT_APPLICABLE:
        return False
    return alert is not None or decision.step is not Step.NONE or now - look.kept_at >= _QUIET_EVERY


def _reading(target: Target, reading: Reading, now: datetime) -> ReadingRecord:
    severity = reading.severity or (target.terms.severity if reading.state is State.BREACH else None)
    facts = (reading.state.value, reading.value, reading.limit, reading.n)
    said = (severity.value if severity else None, reading.sentence, target.marked)
    return ReadingRecord(now, target.rule.key, target.subject, reading.about, *facts, *said)


def _look(
    target: Target, reading: Reading, now: datetime, after: Standing, incident: str | None, kept_at: datetime | None
) -> LookRecord:
    return LookRecord(
        rule=target.rule.key,
        subject=target.subject,
        about=reading.about,
        simulated=target.simulated,
        at=now,
        state=reading.state.value,
        value=reading.value,
        limit=reading.limit,
        n=reading.n,
        sentence=reading.sentence,
        marks=after.marks,
        evidence=after.evidence,
        hushed=after.hushed.value if after.hushed else None,
        incident=incident,
        kept_at=kept_at,
    )
