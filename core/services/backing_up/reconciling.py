"""Log and ledger after a process that did not end in order: what was meant and never told as done is looked up.

Log and ledger are two stores. What changes both is told in the ledger before ("intended") and after it; a process that
is killed between them leaves an intention. The log says whether the deed was done, and an event closes the intention.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.services.access import Role
from core.store.ledger import Ledger
from core.store.ledger_tables import EventRecord
from core.store.log import PredictionLog

LOOK_BACK = 1_000  # events; an intention that was left open is among the last ones
WHY = "The desk stopped before it could say so; found at the next start."
_WHO = {"actor": "Ringside", "role": Role.ADMIN.value, "via": "start"}

VOID, BRING, BROUGHT, ERASE = "void batch", "bring outcomes", "brought outcomes", "erase one entity"


def reconcile(log: PredictionLog, ledger: Ledger, now: datetime | None = None) -> list[EventRecord]:
    """Close every intention that a dead process left open; returns the events that do so.

    Only for who has just taken the desk's lock, before anything else is done. Where another desk is at work on the same
    ledger, an open intention may be its own: it is left for a start without others.
    """
    at = now or datetime.now(UTC)
    others = [desk for desk in ledger.desks() if desk.id != ledger.desk_id]
    clock = ledger.now()  # by which desks beat
    if any(desk.there(clock) for desk in others):
        return []
    closed = []
    for event in left_open(ledger.events(limit=LOOK_BACK)):
        facts = _CLOSED_BY[event.action](log, event)
        with_intent = {**facts.pop("after", {}), "intent": event.seq}
        closed.append(ledger.record(at=at, **_WHO, subject=event.subject, after=with_intent, reason=WHY, **facts))
    return closed


def left_open(events: Sequence[EventRecord]) -> list[EventRecord]:
    """Intentions that no later event closes, oldest first; `events` newest first."""
    open_: dict[tuple[str, str], list[EventRecord]] = {}
    for event in reversed(events):
        meant = BRING if event.action == BROUGHT else event.action
        if meant not in _CLOSED_BY:
            continue
        waiting = open_.setdefault((meant, event.subject), [])
        if event.action == BRING or event.result == "intended":
            waiting.append(event)
        elif waiting:
            waiting.remove(_meant_by(event, waiting))
    return sorted((event for waiting in open_.values() for event in waiting), key=lambda event: event.seq)


def _meant_by(done: EventRecord, waiting: list[EventRecord]) -> EventRecord:
    """The intention that an event closes: the one it names, else the last of the same person."""
    named = done.after.get("intent") if isinstance(done.after, Mapping) else None
    own = [event for event in waiting if event.seq == named] or [one for one in waiting if one.actor == done.actor]
    return (own or waiting)[-1]


def _void(log: PredictionLog, event: EventRecord) -> dict[str, Any]:
    return {"action": VOID, "result": "done" if log.is_voided(event.subject) else "not done"}


def _outcomes(log: PredictionLog, event: EventRecord) -> dict[str, Any]:
    n_new = log.n_received(event.subject.removesuffix(" outcomes"), event.at)
    return {"action": BROUGHT, "after": {"revisions": n_new}, "result": "done" if n_new else "not done"}


def _erasure(log: PredictionLog, event: EventRecord) -> dict[str, Any]:
    """Of the entity the ledger holds a hash alone, so that nobody can look whether it is gone."""
    return {"action": ERASE, "result": "broken off: ask for it again"}


_CLOSED_BY: dict[str, Callable[[PredictionLog, EventRecord], dict[str, Any]]] = {
    VOID: _void,
    BRING: _outcomes,
    ERASE: _erasure,
}
