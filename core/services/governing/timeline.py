"""Who was champion on any day: read from the ledger's events, which are never changed, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from core.domain.compare.plan import ArmName
from core.errors import DeskError
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.history.job import SUBJECT
from core.store.ledger_tables import EventRecord
from core.store.log_simulated import SIMULATED

ACT, PROMOTE, ROLL_BACK = "let version act", "promote", "roll back"
MOVES = (ACT, PROMOTE, ROLL_BACK)
DEEDS = (
    *MOVES, "train version", "adopt version", "import version", "retrain version", "request promotion",
    "approve promotion", "refuse promotion", "withdraw promotion", "start shadow", "stop shadow", "retire version",
    "unretire version", "plan comparison", "end plan", "replay", "fall back", "serve again",
)  # fmt: skip


@dataclass(frozen=True)
class Reign:
    """A stretch of time in which one model acted; the last one is not over.

    Attributes
    ----------
    since : datetime or None
        None: before the record begins.
    until : datetime or None
        None: it acts.
    how : str
        The event's action: one of `MOVES`; "" for what acted before the first event.
    before : ArmName or None
        What acted until then, as the event says.
    """

    version: str
    model: str
    since: datetime | None
    until: datetime | None
    by: str
    role: str
    how: str
    why: str
    simulated: bool = False
    before: ArmName | None = None

    @property
    def arm(self) -> ArmName:
        """The version and the model."""
        return ArmName(self.version, self.model)

    def covers(self, at: datetime) -> bool:
        """Whether it acted at that time."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


def timeline(desk: Desk, actor: Actor, key: str) -> list[Reign]:
    """Every reign of a use case, oldest first; a simulated one only while the simulated history is there."""
    require(actor, Action.SEE_MODELS)
    return reigns(desk, key)


def history(desk: Desk, actor: Actor, key: str) -> list[EventRecord]:
    """Every event of versions, plans and promotions of a use case, the latest first."""
    require(actor, Action.SEE_MODELS)
    return sorted(desk.ledger.events_about(key, DEEDS), key=lambda event: (event.at, event.seq), reverse=True)


def champion_on(desk: Desk, actor: Actor, key: str, day: date) -> Reign | None:
    """Who was champion at the end of a day (UTC); None before the first."""
    require(actor, Action.SEE_MODELS)
    return champion_at(reigns(desk, key), end_of(day))


def end_of(day: date) -> datetime:
    """The last moment of a day, UTC."""
    return datetime.combine(day + timedelta(days=1), time(), UTC) - timedelta(microseconds=1)


def champion_at(found: list[Reign], at: datetime) -> Reign | None:
    """Who was champion at a moment; None before the first."""
    return next((reign for reign in reversed(found) if reign.covers(at)), None)


def reigns(desk: Desk, key: str) -> list[Reign]:
    """Every reign of a use case, oldest first, without asking who wants to know."""
    models: dict[str, str] = {}
    found: list[Reign] = []
    for event in _moves(desk, key):
        version, before = event.subject.removeprefix(f"{key} "), _arm(desk, key, event.before, models)
        arm = _arm(desk, key, event.after or {"version": version}, models)
        assert arm is not None
        if not found and before is not None:
            found.append(_first(desk, key, before, event))
        if found:
            found[-1] = replace(found[-1], until=event.at)
        who = {"by": event.actor, "role": event.role, "how": event.action, "why": event.reason or ""}
        mark = event.via == SIMULATED
        found.append(Reign(arm.version, arm.model, event.at, None, **who, simulated=mark, before=before))
    return found


def former(desk: Desk, key: str) -> ArmName | None:
    """Whom a rollback brings back: the champion before the one that acts; each rollback goes one step further back."""
    stack: list[ArmName] = []
    for reign in reigns(desk, key):
        if reign.how == ROLL_BACK and reign.arm in stack:
            while stack[-1] != reign.arm:
                stack.pop()
        elif not stack or stack[-1] != reign.arm:
            stack.append(reign.arm)
    return stack[-2] if len(stack) > 1 else None


def _first(desk: Desk, key: str, arm: ArmName, event: EventRecord) -> Reign:
    """What acted before the first event: since it was made, where the ledger knows when."""
    record = desk.ledger.version(key, arm.version)
    since = record.created_at if record is not None and record.created_at < event.at else None
    simulated = event.via == SIMULATED
    return Reign(arm.version, arm.model, since, event.at, event.actor, event.role, "", "", simulated)


def _moves(desk: Desk, key: str) -> Iterator[EventRecord]:
    """Events that changed the champion, by their time; simulated ones that were taken out again are left out."""
    begun = (event.seq for event in desk.ledger.events(SUBJECT, 1_000) if event.result == "intended")
    gone = max(begun, default=0)  # of the last filling or clearing: what was told before it is no more
    found = (event for event in desk.ledger.events_about(key, MOVES) if event.via != SIMULATED or event.seq > gone)
    return iter(sorted(found, key=lambda event: (event.at, event.seq)))


def _arm(desk: Desk, key: str, said: Mapping[str, str] | None, models: dict[str, str]) -> ArmName | None:
    """The arm that an event names; the model that the version's card names where the event does not."""
    if not said or not said.get("version"):
        return None
    version = said["version"]
    if said.get("model"):
        return ArmName(version, said["model"])
    if version not in models:
        try:
            models[version] = desk.card(key, version).champion
        except DeskError:  # its files are gone; the day it acted stays on record
            models[version] = "its champion"
    return ArmName(version, models[version])
