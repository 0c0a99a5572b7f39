"""Where each version stands: development, staging, production or retired, now or on a day; shadow and retirement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from core.domain.compare.plan import ArmName
from core.domain.metrics.catalogue import PRIMARY
from core.errors import DeskError, InputError, UnknownName
from core.services.access import Action, Actor, require
from core.services.desk import CHALLENGER, Desk
from core.services.governing import timeline
from core.services.governing.risk import figure_value
from core.services.kept import kept
from core.store.ledger_tables import EventRecord

START, STOP = "start shadow", "stop shadow"
RETIRE, UNRETIRE = "retire version", "unretire version"


class State(StrEnum):
    """Where a version stands."""

    DEVELOPMENT = "development"  # trained, scores nothing
    STAGING = "staging"  # runs in the champion's shadow
    PRODUCTION = "production"  # one of its models acts
    RETIRED = "retired"


@dataclass(frozen=True)
class VersionState:
    """A version on a day."""

    version: str
    state: State
    since: datetime  # in this state
    why: str
    by: str
    model: str  # the one that acts; "" for a version that does not
    origin: str
    made_at: datetime
    leads: str = ""  # the model that acts, or would unless another is asked for
    figure: Mapping[str, Any] | None = None  # its primary metric on held-out rows, with `name`, interval and n
    problem: str = ""  # what is wrong with its files


def version_states(desk: Desk, actor: Actor, key: str, day: date | None = None) -> list[VersionState]:
    """Every version as it stands now, or as it stood at the end of a day; the newest first."""
    require(actor, Action.SEE_MODELS)
    at = datetime.now(UTC) if day is None else timeline.end_of(day)
    found = timeline.reigns(desk, key)
    reign = timeline.champion_at(found, at)
    acted = {item.version for item in found if item.since is not None and item.since <= at}
    events = [event for event in desk.ledger.events_about(key, (START, STOP, RETIRE, UNRETIRE)) if event.at <= at]
    states = []
    for record in desk.ledger.versions(key):
        if record.created_at > at and record.version not in acted:
            continue
        own = [event for event in events if event.subject == f"{key} {record.version}"]
        state, since, by, why = _state(record.version, reign, own, record.created_at)
        model = reign.model if reign is not None and state is State.PRODUCTION else ""
        worth = _worth(desk, key, record.version, model)
        facts = (record.version, state, since, why, by, model, record.origin, record.created_at)
        states.append(VersionState(*facts, *worth))
    return sorted(states, key=lambda item: -int(item.version[1:]))


def _worth(desk: Desk, key: str, version: str, model: str) -> tuple[str, Mapping[str, Any] | None, str]:
    """The model that leads, its figure, and what is wrong with the files; a version never changes, so it is kept."""
    use_case = desk.use_case(key)
    try:
        card = kept(desk, use_case, ("card", version), lambda: desk.card(key, version))
    except DeskError as error:
        return model, None, error.message
    leads, main = model or card.champion, card.metrics["sets"][card.metrics["main"]]
    found = main["models"].get(leads, {})
    names = [name for name in (use_case.policy.primary_metric, PRIMARY[card.task]) if figure_value(found, name)]
    return leads, (dict(found[names[0]]) | {"name": names[0]} if names else None), ""


def _state(
    version: str, reign: timeline.Reign | None, events: Sequence[EventRecord], made: datetime
) -> tuple[State, datetime, str, str]:
    """What a version is, since when, by whom and why; `events` are its own, oldest first."""
    if reign is not None and reign.version == version:
        return State.PRODUCTION, reign.since or made, reign.by, reign.why
    for start, stop, state in ((RETIRE, UNRETIRE, State.RETIRED), (START, STOP, State.STAGING)):
        mine = [event for event in events if event.action in (start, stop)]
        if mine and mine[-1].action == start:
            return state, mine[-1].at, mine[-1].actor, mine[-1].reason or ""
    return State.DEVELOPMENT, made, "", ""


def is_retired(desk: Desk, key: str, version: str) -> bool:
    """Whether a version was taken out of service and not put back."""
    events = [event for event in desk.ledger.events_about(key, (RETIRE, UNRETIRE))]
    own = [event for event in events if event.subject == f"{key} {version}"]
    return bool(own) and own[-1].action == RETIRE


def start_shadow(desk: Desk, actor: Actor, key: str, version: str, reason: str = "") -> None:
    """Let a version score every row beside the champion from now on; it replaces the one that did.

    Raises
    ------
    InputError
        It acts, is retired, or runs in the shadow already.
    UnknownName
    """
    require(actor, Action.REPLAY)
    desk.scorer(key, version)  # what cannot score runs nowhere
    with desk.ledger.transaction():
        if version == desk.acting_version(key):
            raise InputError(f"{version} acts: all of its models score every row.", "Choose another version.")
        if is_retired(desk, key, version):
            raise InputError(f"{version} is retired.", "Take it back into service first.")
        running = desk.ledger.alias(key, CHALLENGER)
        if running == version:
            raise InputError(f"{version} runs in the shadow already.", "There is nothing to do.")
        if running is not None:
            _event(desk, actor, STOP, f"{key} {running}", reason=f"{version} takes its place")
        desk.ledger.set_alias(key, CHALLENGER, version, datetime.now(UTC))
        _event(desk, actor, START, f"{key} {version}", reason=reason.strip() or None)


def stop_shadow(desk: Desk, actor: Actor, key: str, reason: str = "") -> None:
    """Let no version run beside the champion any more; what was scored stays."""
    require(actor, Action.REPLAY)
    with desk.ledger.transaction():
        running = desk.ledger.alias(key, CHALLENGER)
        if running is None:
            raise InputError("No version runs in the shadow.", "There is nothing to stop.")
        desk.ledger.drop_alias(key, CHALLENGER)
        _event(desk, actor, STOP, f"{key} {running}", reason=reason.strip() or None)


def retire(desk: Desk, actor: Actor, key: str, version: str, reason: str) -> None:
    """Take a version out of service: nobody can ask for it, nor go back to it; its files and scores stay.

    Raises
    ------
    InputError
        It acts, runs in the shadow, is asked for, or is retired already.
    UnknownName
    """
    _retirement(desk, actor, key, version, reason, RETIRE)


def unretire(desk: Desk, actor: Actor, key: str, version: str, reason: str) -> None:
    """Take a retired version back into service."""
    _retirement(desk, actor, key, version, reason, UNRETIRE)


def _retirement(desk: Desk, actor: Actor, key: str, version: str, reason: str, action: str) -> None:
    require(actor, Action.ROLL_BACK)
    if not reason.strip():
        raise InputError(f"A reason is needed to {action}.", "Say in a few words why.")
    with desk.ledger.transaction():
        if desk.ledger.version(key, version) is None:
            raise UnknownName(f"version of {key}", version, [item.version for item in desk.ledger.versions(key)])
        if is_retired(desk, key, version) == (action == RETIRE):
            what = "is retired already" if action == RETIRE else "is not retired"
            raise InputError(f"{version} {what}.", "There is nothing to do.")
        if action == RETIRE:
            _check_idle(desk, key, version)
        _event(desk, actor, action, f"{key} {version}", reason=reason.strip())


def _check_idle(desk: Desk, key: str, version: str) -> None:
    if version == desk.acting_version(key):
        raise InputError(f"{version} acts.", "Let another version act first.")
    if version == desk.ledger.alias(key, CHALLENGER):
        raise InputError(f"{version} runs in the shadow.", "Stop it first.")
    asked = next((item for item in desk.ledger.promotions(key, "open") if item.version == version), None)
    if asked is not None:
        raise InputError(
            f"{ArmName(asked.version, asked.model)} is asked for by {asked.requested_by}.",
            "Close that promotion first.",
        )


def _event(desk: Desk, actor: Actor, action: str, subject: str, **facts: Any) -> None:
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    desk.ledger.record(at=datetime.now(UTC), **who, action=action, subject=subject, **facts)
