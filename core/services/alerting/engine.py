"""The engine of the watch: asks every rule that is due, keeps what it read, opens, raises and ends alerts.

It may be run for a time that has passed, so that a simulated history is watched week by week. It is never run twice
at once; a rule that fails is shown as one that could not look, and the others go on.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from core.domain.alert import Reading, Severity, State
from core.errors import DeskError
from core.logs import logger
from core.services.access import Action, Actor, require
from core.services.alerting.delivery import announce
from core.services.alerting.rule import DESK_SUBJECT, Rule, not_applicable, rules
from core.services.alerting.settings import in_force, looks_at
from core.services.alerting.taking_in import BLIND, Target, take_in
from core.services.desk import Desk
from core.services.health import looking_back
from core.services.scheduling.task import DESK
from core.store.ledger_alert_tables import AlertRecord

LOGGER = logger("alerts")

KEEP_READINGS = timedelta(days=400)
_EARLY = timedelta(minutes=2)  # a look that comes a little early is not put off for a whole turn
_looking = threading.Lock()


@dataclass
class Summary:
    """What a round of looks came to."""

    at: datetime
    looked: int = 0  # rules, once for each of their subjects
    readings: dict[str, int] = field(default_factory=dict)  # by state
    opened: list[AlertRecord] = field(default_factory=list)
    raised: list[AlertRecord] = field(default_factory=list)
    cleared: list[AlertRecord] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # "rule subject" -> what could not be looked at
    skipped: bool = False  # another round was under way

    @property
    def said(self) -> str:
        """In a sentence."""
        if self.skipped:
            return "Another round of looks is under way."
        if not self.looked:
            return "No rule was due."
        moved = {"opened": self.opened, "raised": self.raised, "over": self.cleared}
        counts = ", ".join(f"{len(alerts)} {name}" for name, alerts in moved.items() if alerts) or "no change"
        failed = f"; {len(self.failed)} could not look" if self.failed else ""
        return f"{self.looked} looks: {counts}{failed}."

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        moved = {"opened": self.opened, "raised": self.raised, "cleared": self.cleared}
        ids = {name: [alert.id for alert in alerts] for name, alerts in moved.items()}
        facts = {"at": self.at.isoformat(), "looked": self.looked, "readings": self.readings, "failed": self.failed}
        return {"said": self.said, **facts, **ids}

    @property
    def found_something(self) -> bool:
        """Whether anything changed or failed."""
        return bool(self.opened or self.raised or self.cleared or self.failed)


def evaluate(
    desk: Desk,
    now: datetime,
    actor: Actor = DESK,
    *,
    simulated: bool = False,
    every_rule: bool = False,
    subjects: Sequence[str] | None = None,
    leave_out: Collection[str] = (),
) -> Summary:
    """Let every rule look that is due at `now`.

    Parameters
    ----------
    now : datetime
        With a zone; readings and alerts carry it.
    simulated : bool
        The weeks of a simulated history: what is found is marked so, remembered apart, and announced to nobody.
    every_rule : bool
        Also those that are not due.
    subjects : sequence of str, optional
        Use cases, or "desk"; all of them by default.
    leave_out : collection of str
        Keys of rules that do not look this time.
    """
    require(actor, Action.WATCH)
    if not _looking.acquire(blocking=False):
        return Summary(now, skipped=True)
    world = looking_back.set(simulated)
    try:
        asked = [rule for rule in rules().values() if rule.key not in leave_out]
        return _round(desk, now, actor, simulated, every_rule, subjects, asked)
    finally:
        looking_back.reset(world)
        _looking.release()


def _round(
    desk: Desk,
    now: datetime,
    actor: Actor,
    simulated: bool,
    every_rule: bool,
    subjects: Sequence[str] | None,
    asked: Sequence[Rule],
) -> Summary:
    summary, records = Summary(now), desk.ledger.rule_terms()
    drawn = desk.log.simulated_use_cases()
    last = _last_looks(desk, simulated)
    for subject in [*desk.use_cases(), DESK_SUBJECT]:
        if subjects is not None and subject not in subjects:
            continue
        for rule in asked:
            terms = in_force(rule, subject, records).terms
            before = last.get((rule.key, subject))
            due = every_rule or before is None or now - before >= terms.every - _EARLY
            if looks_at(rule, subject) and terms.on and due:
                target = Target(rule, subject, terms, simulated, simulated or subject in drawn)
                _one(desk, target, now, actor, summary)
    if not simulated:
        desk.ledger.drop_readings(now - KEEP_READINGS)
    return summary


def _last_looks(desk: Desk, simulated: bool) -> dict[tuple[str, str], datetime]:
    found: dict[tuple[str, str], datetime] = {}
    for look in desk.ledger.looks(simulated=simulated):
        key = (look.rule, look.subject)
        found[key] = max(look.at, found.get(key, look.at))
    return found


def _one(desk: Desk, target: Target, now: datetime, actor: Actor, summary: Summary) -> None:
    """One rule at one subject: look, take in, announce."""
    readings, incident = _look(desk, target, now)
    moves = take_in(desk, actor, target, readings, now, incident)
    summary.looked += 1
    for reading in readings:
        summary.readings[reading.state.value] = summary.readings.get(reading.state.value, 0) + 1
    if incident is not None:
        summary.failed[f"{target.rule.key} {target.subject}"] = readings[0].sentence
    summary.opened += moves.opened
    summary.raised += moves.raised
    summary.cleared += moves.cleared
    for alert in (*moves.opened, *moves.raised, *moves.cleared):
        announce(desk, alert, now)


def _look(desk: Desk, target: Target, now: datetime) -> tuple[Sequence[Reading], str | None]:
    """What the rule reads; where it fails, a reading that says so, and the incident it is logged under.

    What the desk itself refuses (a version whose files fail their check) is said in its own words and told elsewhere; a
    fault that nobody expected is a breach of its own, because a watch that is blind must not look like a quiet one.
    """
    use_case = None if target.subject == DESK_SUBJECT else desk.use_case(target.subject)
    if use_case is not None and desk.acting_version(use_case.key) is None:
        return [not_applicable(f"{use_case.title} has no trained version yet.")], None
    try:
        found = target.rule.check(desk, use_case, now, target.terms)
        return found or [not_applicable("There is nothing to look at.")], None
    except DeskError as error:
        incident = uuid.uuid4().hex[:8]
        LOGGER.warning("incident %s: rule %s could not look at %s", incident, target.rule.key, target.subject)
        return [not_applicable(f"This rule could not look: incident {incident}. {error.message}")], incident
    except Exception:
        incident = uuid.uuid4().hex[:8]
        LOGGER.exception("incident %s: rule %s could not look at %s", incident, target.rule.key, target.subject)
        says = f"This rule could not look: incident {incident}."
        return [not_applicable(says), Reading(State.BREACH, says, severity=Severity.WARNING, about=BLIND)], incident
