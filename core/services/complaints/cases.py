"""Complaints: opened by anybody, looked into, decided and answered; each step is an event in the ledger's chain."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

from core.domain.diagnosis import Cause
from core.errors import InputError, UnknownName
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.store.ledger_tables import CaseRecord, EventRecord, PreventionRecord

CLOCKS = (("service health", 1, "looked_at"), ("data analysis", 4, "proposed_at"), ("model review", 24, "decided_at"))
KINDS = ("alert", "retraining", "note")
_OPEN = ("open", "proposed")


@dataclass(frozen=True)
class Clock:
    """One promise of a case: done within so many hours after it was opened. `state`: met, running, overdue."""

    name: str
    hours: int
    due: datetime
    state: str
    at: datetime | None  # when it was done; a clock may be overdue and done


@dataclass(frozen=True)
class Case:
    """A complaint as it stands. `state`: open, proposed, decided, answered, closed."""

    id: str
    use_case: str
    opened_at: datetime
    opened_by: str
    text: str
    prediction_id: str | None
    period_from: datetime | None
    period_to: datetime | None
    simulated: bool
    state: str
    owner: str | None
    proposed_cause: str | None
    proposal: Mapping[str, Any] | None  # `Diagnosis.as_json` when it was proposed
    decided_cause: str | None
    reason: str | None
    answer: str | None
    looked_at: datetime | None
    proposed_at: datetime | None
    decided_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None
    clocks: tuple[Clock, ...]


def cases(desk: Desk, actor: Actor, key: str | None = None, limit: int = 100) -> list[Case]:
    """The newest cases of a use case, or of all of them, newest first."""
    require(actor, Action.SEE_CASES)
    return [_seen(record) for record in desk.ledger.cases(key, limit)]


def case(desk: Desk, actor: Actor, case_id: str) -> Case:
    """One case; UnknownName where there is none of that id."""
    require(actor, Action.SEE_CASES)
    return _seen(desk.ledger.case(case_id))


def case_events(desk: Desk, actor: Actor, case_id: str) -> list[EventRecord]:
    """What was done on a case, oldest first."""
    require(actor, Action.SEE_CASES)
    return list(reversed(desk.ledger.events(_subject(case_id), limit=1_000)))


def open_case(
    desk: Desk,
    actor: Actor,
    key: str,
    text: str,
    prediction_id: str | None = None,
    period: tuple[datetime, datetime] | None = None,
) -> Case:
    """Open a case about one logged score, or about a period [from, to] with zones.

    Raises
    ------
    InputError
        Nothing was said, or neither or both of a score and a period are named, or the period ends before it begins.
    UnknownName
        The log has no such prediction.
    """
    require(actor, Action.OPEN_CASE)
    use_case, said = desk.use_case(key), _said(text, "what is complained about")
    if (prediction_id is None) == (period is None):
        raise InputError("A case is about one score or about one period.", "Name one of the two.")
    if prediction_id is not None and desk.log.prediction(use_case, prediction_id).num_rows == 0:
        raise UnknownName("prediction", prediction_id, [])
    if period is not None and period[0] > period[1]:
        hint = "Give the earlier day first."
        raise InputError(f"The period ends {period[1]:%Y-%m-%d}, before it begins {period[0]:%Y-%m-%d}.", hint)
    start, end = period or (None, None)
    opened = CaseRecord(
        id=uuid.uuid4().hex[:12],
        use_case=key,
        opened_at=datetime.now(UTC),
        opened_by=actor.name,
        text=said,
        prediction_id=prediction_id,
        period_from=start,
        period_to=end,
    )
    about = {"prediction_id": prediction_id, "period_from": _iso(start), "period_to": _iso(end)}
    with desk.ledger.transaction():
        desk.ledger.open_cases([opened])
        after = {"use_case": key, "text": said} | {name: value for name, value in about.items() if value is not None}
        _record(desk, actor, opened.id, "open case", opened.opened_at, after=after)
    return _seen(opened)


def assign(desk: Desk, actor: Actor, case_id: str, owner: str) -> Case:
    """Give a case to somebody by name."""
    require(actor, Action.WORK_CASE)
    return _change(desk, actor, case_id, "assign case", {"owner": _said(owner, "who owns the case")})


def propose(desk: Desk, actor: Actor, case_id: str) -> Case:
    """Look into a case and keep the proposed cause with every check behind it; again, too, until it is decided."""
    from core.services.complaints.case_file import case_file

    require(actor, Action.WORK_CASE)
    _must_be(desk.ledger.case(case_id), _OPEN, "propose")
    diagnosis, now = case_file(desk, actor, case_id).diagnosis, datetime.now(UTC)
    changes = {"state": "proposed", "proposed_cause": diagnosis.cause.value}
    hidden = {"proposal": diagnosis.as_json(), "proposed_at": desk.ledger.case(case_id).proposed_at or now}
    return _change(desk, actor, case_id, "propose cause", changes, hidden | _looked(desk, case_id, now), _OPEN)


def looked_into(desk: Desk, actor: Actor, case_id: str) -> None:
    """Stop the first clock: somebody who works on cases has the service health in front of them."""
    require(actor, Action.WORK_CASE)
    if desk.ledger.case(case_id).looked_at is None:
        _change(desk, actor, case_id, "look into case", {}, _looked(desk, case_id, datetime.now(UTC)))


def decide(desk: Desk, actor: Actor, case_id: str, cause: str, reason: str) -> Case:
    """Decide the cause; it may differ from the proposed one, and always has a reason.

    Raises
    ------
    UnknownName
        No such cause.
    InputError
        No reason, or the case is not open.
    """
    require(actor, Action.WORK_CASE)
    if cause not in set(Cause):
        raise UnknownName("cause", cause, list(Cause))
    changes = {"state": "decided", "decided_cause": cause, "reason": _said(reason, "why it was decided so")}
    return _change(
        desk, actor, case_id, "decide cause", changes, {"decided_at": datetime.now(UTC)}, (*_OPEN, "decided")
    )


def answer(desk: Desk, actor: Actor, case_id: str, text: str) -> Case:
    """Answer whoever opened the case, in plain words; a decided case only."""
    require(actor, Action.WORK_CASE)
    changes = {"state": "answered", "answer": _said(text, "the answer")}
    at = {"answered_at": datetime.now(UTC)}
    return _change(desk, actor, case_id, "answer case", changes, at, ("decided", "answered"))


def close(desk: Desk, actor: Actor, case_id: str) -> Case:
    """Close a case that was answered."""
    require(actor, Action.WORK_CASE)
    at = {"closed_at": datetime.now(UTC)}
    return _change(desk, actor, case_id, "close case", {"state": "closed"}, at, ("answered",))


def add_prevention(
    desk: Desk, actor: Actor, case_id: str, kind: str, text: str, owner: str, due: date | None = None
) -> PreventionRecord:
    """Say what is to keep a case from happening again: an alert, a retraining request, or a note."""
    require(actor, Action.WORK_CASE)
    if kind not in KINDS:
        raise UnknownName("kind of prevention", kind, KINDS)
    found, now = desk.ledger.case(case_id), datetime.now(UTC)
    item = PreventionRecord(
        id=uuid.uuid4().hex[:12],
        case_id=case_id,
        use_case=found.use_case,
        kind=kind,
        text=_said(text, "what is to be done"),
        owner=_said(owner, "who does it"),
        due=due,
        state="open",
        created_at=now,
        created_by=actor.name,
    )
    told = {"kind": kind, "text": item.text, "owner": item.owner, "due": due.isoformat() if due else None}
    with desk.ledger.transaction():
        desk.ledger.add_prevention(item)
        _record(desk, actor, case_id, "add prevention", now, after=told)
    return item


def prevention_items(
    desk: Desk, actor: Actor, key: str | None = None, kind: str | None = None, case_id: str | None = None
) -> list[PreventionRecord]:
    """What is to keep cases from happening again, oldest first, for the pages that act on it."""
    require(actor, Action.SEE_CASES)
    return desk.ledger.prevention(use_case=key, kind=kind, case_id=case_id)


def _change(
    desk: Desk,
    actor: Actor,
    case_id: str,
    action: str,
    changes: Mapping[str, Any],
    hidden: Mapping[str, Any] | None = None,
    states: tuple[str, ...] = (),
) -> Case:
    """Change a case and record it, both or neither; `hidden` changes are long, or times that the event has itself."""
    with desk.ledger.transaction():
        found = desk.ledger.case(case_id)
        if states:
            _must_be(found, states, action.split()[0])
        desk.ledger.update_case(case_id, **changes, **(hidden or {}))
        before = {name: getattr(found, name) for name in changes}
        facts: dict[str, Any] = {"before": before, "after": dict(changes)} if changes else {}
        _record(desk, actor, case_id, action, datetime.now(UTC), **facts, reason=changes.get("reason"))
        return _seen(desk.ledger.case(case_id))


def _looked(desk: Desk, case_id: str, now: datetime) -> dict[str, Any]:
    return {"looked_at": desk.ledger.case(case_id).looked_at or now}


def _must_be(found: CaseRecord, states: tuple[str, ...], what: str) -> None:
    if found.state not in states:
        listed = " or ".join(states)
        raise InputError(
            f"Case {found.id} is {found.state}; it is too late, or too early, to {what}.", f"It must be {listed}."
        )


def _record(desk: Desk, actor: Actor, case_id: str, action: str, at: datetime, **facts: Any) -> None:
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    desk.ledger.record(at=at, **who, action=action, subject=_subject(case_id), **facts)


def _subject(case_id: str) -> str:
    return f"case {case_id}"


def _seen(record: CaseRecord) -> Case:
    names = {field.name for field in fields(Case)}
    facts = {name: value for name, value in asdict(record).items() if name in names}
    now = datetime.now(UTC)
    return Case(**facts, clocks=tuple(_clock(record, now, *clock) for clock in CLOCKS))


def _clock(record: CaseRecord, now: datetime, name: str, hours: int, stamp: str) -> Clock:
    due, at = record.opened_at + timedelta(hours=hours), getattr(record, stamp)
    state = "overdue" if (at or now) > due else "running" if at is None else "met"
    return Clock(name, hours, due, state, at)


def _said(text: str, what: str) -> str:
    if not text.strip():
        raise InputError(f"Nothing was written: {what} is missing.", "Write a sentence.")
    return text.strip()


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
