"""The compliance report: everything of a period that an auditor asks for, each part with how many and when.

It is read from the ledger's events and records; only the fairness figures are taken from the log, as known at its end.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from core.errors import InputError
from core.services.access import Action, Actor, require
from core.services.auditing import noting, verifying
from core.services.auditing import report_figures as figures
from core.services.auditing.report_groups import ACCESS, GROUPS, SIGNED_IN, Group
from core.services.auditing.report_part import Part, moment, none
from core.services.auditing.trail import differences
from core.services.desk import Desk
from core.store.ledger_chain import Criteria
from core.store.ledger_registry import PromotionRecord
from core.store.ledger_tables import EventRecord

MOST = 1_000  # events that a part lists; it says when there were more
USUAL_DAYS = 90
_SHOWN = 6  # differences of one event


@dataclass(frozen=True)
class Report:
    """Everything of a period, since <= time < until; made by whom and when."""

    since: datetime
    until: datetime
    made_at: datetime
    made_by: str
    role: str
    event: tuple[int, str]  # number and hash of the event that says it was made
    parts: tuple[Part, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "made_at": self.made_at.isoformat(),
            "made_by": self.made_by,
            "role": self.role,
            "event": {"seq": self.event[0], "hash": self.event[1]},
            "parts": [part.as_json() for part in self.parts],
        }


def report(desk: Desk, actor: Actor, first: date, last: date, now: datetime | None = None) -> Report:
    """Put the report of the days first to last together; that it was made is an event, its check of the chain another.

    Raises
    ------
    InputError
        The period ends before it begins, or has not begun.
    """
    require(actor, Action.EXPORT_AUDIT)
    at = now or datetime.now(UTC)
    since, until = (datetime.combine(day, time(), UTC) for day in (first, last + timedelta(days=1)))
    if since >= until or since > at:
        raise InputError(f"The period {first} to {last} has no day that is over.", "Give the earlier day first.")
    checked = verifying.verify(desk, actor, now=at)
    parts = (
        _chain(checked),
        *_promotions(desk, since, until),
        *(_listed(desk, group, since, until) for group in GROUPS),
        _access(desk, since, until),
        figures.fairness(desk, min(until, at)),
        figures.alerts(desk, since, until),
        figures.backups(desk, since, until),
    )
    n = sum(part.n for part in parts)
    what = f"compliance report, {first} to {last}"
    made = noting.exported(desk, actor, "audit trail", n_rows=n, what=what, now=at)
    return Report(since, until, at, actor.name, actor.role.value, (made.seq, made.hash), parts)


def period(first: date | None, last: date | None, now: datetime | None = None) -> tuple[date, date]:
    """The days of a report: up to today, and `USUAL_DAYS` of them, where they are not said."""
    end = last or (now or datetime.now(UTC)).date()
    return first or end - timedelta(days=USUAL_DAYS - 1), end


def as_text(found: Report) -> str:
    """A report as a JSON document."""
    return json.dumps(found.as_json(), indent=1, ensure_ascii=False) + "\n"


def _chain(found: verifying.Verified) -> Part:
    said = f"{found.n:,} events hold; the last is {found.head.seq}, {found.head.hash}."
    if found.broken is not None:
        broken = found.broken
        said = f"BROKEN at event {broken.seq} ({broken.kind}): expected {broken.expected}, found {broken.found}. {said}"
    elsewhere = f"Heads kept elsewhere that it was held against: {len(found.kept)}." if found.kept else _NO_HEAD
    return Part("The chain of events", found.n, f"{said} {elsewhere} Checked {moment(found.at)}.")


_NO_HEAD = "No head is kept elsewhere, so a chain that was cut short could not be told."


def _promotions(desk: Desk, since: datetime, until: datetime) -> Iterator[Part]:
    found = [
        record
        for key in desk.use_cases()
        for record in desk.ledger.promotions(key)
        if any(at is not None and since <= at < until for at in (record.requested_at, record.closed_at))
    ]
    header = ("Use case", "Model", "Asked for", "Why", "Evidence", "Became")
    rows = [
        (
            record.use_case,
            f"{record.version} {record.model}",
            f"{record.requested_by}, {moment(record.requested_at)}",
            record.reason,
            _evidence(record),
            record.state + (f", {moment(record.closed_at)}" if record.closed_at else ""),
        )
        for record in found
    ]
    yield Part("Promotions and their evidence", len(rows), none(rows), header, tuple(rows))
    yield _approvals(desk, found)


def _evidence(record: PromotionRecord) -> str:
    """Verdict, gate and risk as they stood when it was asked for."""
    told, verdict = record.evidence, record.evidence.get("verdict")
    said = [f"verdict {verdict['decision']}: {verdict['reason']}" if verdict else "nothing acted before, so no verdict"]
    said += [f"{check['name']} {check['state']}: {check['sentence']}" for check in told.get("gate", ())]
    if risk := told.get("risk"):
        said.append(f"risk {risk['score']}")
    return "; ".join(said)


def _approvals(desk: Desk, promotions: Iterable[PromotionRecord]) -> Part:
    header = ("Promotion", "Asked by", "Answered by", "When", "Answer", "Why", "Own request")
    rows = [
        (
            f"{record.use_case} {record.version} {record.model}",
            record.requested_by,
            f"{said.actor}, {said.role}",
            moment(said.at),
            "yes" if said.approved else "no",
            said.reason,
            "SELF-APPROVED" if said.approved and said.actor == record.requested_by else "no",
        )
        for record in promotions
        for said in desk.ledger.approvals(record.id)
    ]
    own = sum(row[-1] == "SELF-APPROVED" for row in rows)
    said = f"{own} of {len(rows)} were given by who had asked." if own else none(rows)
    return Part("Approvals", len(rows), said, header, tuple(rows))


def _listed(desk: Desk, group: Group, since: datetime, until: datetime) -> Part:
    criteria = Criteria(since, until, actions=group.actions)
    n = desk.ledger.count_events(criteria)
    found = desk.ledger.find_events(criteria, MOST)[::-1]
    rows = tuple(
        (str(event.seq), moment(event.at), _who(event), event.action, event.subject, _what(event), event.reason or "")
        for event in found
    )
    said = f"The newest {MOST:,} of {n:,}." if n > MOST else none(rows)
    return Part(group.title, n, said, ("No.", "When", "Who", "What", "About", "Before and after", "Why"), rows)


def _what(event: EventRecord) -> str:
    """The result, and what changed from what to what."""
    changed = [item for item in differences(event) if item.changed]
    said = [
        f"{item.name}: {item.before} to {item.after}" if event.before is not None else f"{item.name}: {item.after}"
        for item in changed[:_SHOWN]
    ]
    more = [f"and {len(changed) - _SHOWN} more"] if len(changed) > _SHOWN else []
    return "; ".join([*([event.result] if event.result else []), *said, *more])


def _access(desk: Desk, since: datetime, until: datetime) -> Part:
    """Who was there: by person and role what they did, how often they came in and were turned away."""
    people: dict[tuple[str, str], Counter[str]] = {}
    last: dict[tuple[str, str], datetime] = {}
    for event in _every(desk, Criteria(since, until)):
        who = (event.actor, event.role)
        counted = people.setdefault(who, Counter())
        counted["events"] += 1
        counted[f"via {event.via}"] += 1
        counted[event.action] += 1
        last[who] = max(last.get(who, event.at), event.at)
    header = ("Person", "Role", "Events", "By", "Signed in", *ACCESS, "Last")
    rows = tuple(
        (
            *who,
            f"{counted['events']:,}",
            ", ".join(sorted(name[4:] for name in counted if name.startswith("via "))),
            f"{counted[SIGNED_IN]:,}",
            *(f"{sum(counted[action] for action in actions):,}" for actions in ACCESS.values()),
            moment(last[who]),
        )
        for who, counted in sorted(people.items())
    )
    return Part("Access by person and role", len(rows), none(rows), header, rows)


def _every(desk: Desk, criteria: Criteria) -> Iterator[EventRecord]:
    offset, step = 0, 5_000
    while found := desk.ledger.find_events(criteria, step, offset):
        yield from found
        offset += step


def _who(event: EventRecord) -> str:
    return f"{event.actor}, {event.role}, {event.via}"
