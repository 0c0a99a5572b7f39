"""Where alerts are told: channels with the severities and use cases they take; set by role, every change an event.

The policy: info stays on the page, a warning goes to Slack, a critical alert to e-mail, Slack and PagerDuty. A
channel's address is a secret (`core.store.secret_texts` says where it lies and why not in the ledger): it goes in here
and never comes out again but to send.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from core.bridges.apprise import Kind, address
from core.domain.alert import Severity
from core.errors import InputError, UnknownName
from core.services.access import Action, Actor, require
from core.services.alerting.message import test_message
from core.services.alerting.rule import DESK_SUBJECT
from core.services.desk import Desk
from core.store.ledger_alert_tables import AlertRecord
from core.store.ledger_channels import ChannelRecord
from core.store.secret_texts import FROM_ENVIRONMENT, SecretTexts

BY_POLICY = {
    Kind.SLACK: (Severity.WARNING, Severity.CRITICAL),
    Kind.EMAIL: (Severity.CRITICAL,),
    Kind.PAGERDUTY: (Severity.CRITICAL,),
    Kind.WEBHOOK: (Severity.WARNING, Severity.CRITICAL),
}
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Wanted:
    """A channel as somebody wants it.

    Attributes
    ----------
    address : str or None
        An address of a service, or "env:NAME" of the variable that holds it; None keeps the one there is.
    severities : sequence of Severity, optional
        None: what the policy sends to a channel of this kind.
    use_cases : sequence of str or None
        Keys; None: all of them, and the desk itself.
    """

    name: str
    address: str | None = None
    severities: Sequence[Severity] | None = None
    use_cases: Sequence[str] | None = None
    on: bool = True


@dataclass(frozen=True)
class Tested:
    """What a test message came to, in words."""

    arrived: bool
    said: str


def channels(desk: Desk, actor: Actor) -> Sequence[ChannelRecord]:
    """Channels by name; none holds an address."""
    require(actor, Action.SEE_MODELS)
    return desk.ledger.channels()


def names(desk: Desk, actor: Actor) -> dict[str, str]:
    """Id -> name, also of channels that were removed."""
    require(actor, Action.SEE_MODELS)
    return {channel.id: channel.name for channel in desk.ledger.channels(removed=True)}


def save(
    desk: Desk, actor: Actor, wanted: Wanted, channel_id: str | None = None, now: datetime | None = None
) -> ChannelRecord:
    """Add a channel, or change one.

    Raises
    ------
    InputError
        The address, the name, a severity or a use case cannot be used. The address is in no message.
    """
    require(actor, Action.SET_ALERTS)
    at, texts = now or datetime.now(UTC), secrets_of(desk)
    with desk.ledger.transaction():
        before = desk.ledger.channel(channel_id) if channel_id else None
        name = _name(desk, wanted.name, channel_id)
        kind, place = _shown(texts, wanted, before)
        severities = BY_POLICY[Kind(kind)] if wanted.severities is None else wanted.severities
        after = ChannelRecord(
            id=before.id if before else uuid.uuid4().hex[:8],
            name=name,
            kind=kind,
            place=place,
            secret=before.secret if before else "",
            severities=[item.value for item in severities],
            use_cases=_use_cases(desk, wanted.use_cases),
            on=wanted.on,
            changed_at=at,
            changed_by=actor.name,
        )
        if wanted.address is not None:
            after = replace(after, secret=texts.put(wanted.address))
        desk.ledger.save_channel(after)
        _event(desk, actor, at, "set alert channel", before, after)
    if before is not None and before.secret != after.secret:
        texts.drop(before.secret)
    return after


def remove(desk: Desk, actor: Actor, channel_id: str, now: datetime | None = None) -> None:
    """Take a channel away and forget its address; what it sent stays on record."""
    require(actor, Action.SET_ALERTS)
    at = now or datetime.now(UTC)
    with desk.ledger.transaction():
        before = desk.ledger.channel(channel_id)
        desk.ledger.save_channel(replace(before, on=False, removed_at=at, changed_at=at, changed_by=actor.name))
        _event(desk, actor, at, "remove alert channel", before, None)
    secrets_of(desk).drop(before.secret)


def test(desk: Desk, actor: Actor, channel_id: str, now: datetime | None = None) -> Tested:
    """Send a message that is marked as a test, now, and say what came of it; an incident it opens is resolved."""
    from core.services.alerting.delivery import send_through

    require(actor, Action.SET_ALERTS)
    at, channel = now or datetime.now(UTC), desk.ledger.channel(channel_id)
    message, delivery = test_message(desk, channel.name), f"test-{uuid.uuid4().hex[:12]}"
    problem = send_through(desk, channel, message, delivery)
    if problem is None and channel.kind == Kind.PAGERDUTY:
        problem = send_through(desk, channel, message | {"over": True, "tone": "success"}, f"{delivery}-over")
    said = str(problem) if problem is not None else f"{channel.place.partition(',')[0]} took the message."
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    desk.ledger.record(at=at, **who, action="test alert channel", subject=f"channel {channel.name}", result=said)
    return Tested(problem is None, said)


def takes(channel: ChannelRecord, alert: AlertRecord) -> bool:
    """Whether an alert is told to a channel that is on, by its severity and by what it is about."""
    return channel.on and alert.severity in channel.severities and _covers(channel, alert.subject)


def _covers(channel: ChannelRecord, subject: str) -> bool:
    return channel.use_cases is None or subject in channel.use_cases


def unheard(desk: Desk, actor: Actor) -> dict[Severity, list[str]]:
    """Severity -> subjects ("desk" or a use case) whose warnings or critical alerts no channel takes."""
    open_ones = [channel for channel in channels(desk, actor) if channel.on]
    found: dict[Severity, list[str]] = {}
    for severity in (Severity.CRITICAL, Severity.WARNING):
        heard = [channel for channel in open_ones if severity.value in channel.severities]
        subjects = [DESK_SUBJECT, *desk.use_cases()]
        found[severity] = [name for name in subjects if not any(_covers(channel, name) for channel in heard)]
    return {severity: subjects for severity, subjects in found.items() if subjects}


def secrets_of(desk: Desk) -> SecretTexts:
    """The secret texts of a desk."""
    return SecretTexts(desk.settings.data_dir / "secrets.toml")


def _name(desk: Desk, name: str, own_id: str | None) -> str:
    plain = " ".join(name.split())
    if not plain or len(plain) > _LONGEST_NAME:
        raise InputError(f"A channel's name has {len(plain)} characters.", f"It takes 1 to {_LONGEST_NAME}.")
    if any(channel.name == plain and channel.id != own_id for channel in desk.ledger.channels()):
        raise InputError(f"There is a channel '{plain}' already.", "Give this one another name, or change that one.")
    return plain


def _shown(texts: SecretTexts, wanted: Wanted, before: ChannelRecord | None) -> tuple[str, str]:
    """Kind, and what may be shown of the address."""
    if wanted.address is None:
        if before is None:
            raise InputError("A new channel needs an address.", "Such as https://hooks.slack.com/services/T…/B…/…")
        return before.kind, before.place
    if not wanted.address.startswith(FROM_ENVIRONMENT):
        found = address(wanted.address)
        return found.kind.value, found.where
    found = address(texts.get(texts.put(wanted.address)))
    return found.kind.value, f"{found.where}, from ${wanted.address.removeprefix(FROM_ENVIRONMENT)}"


def _use_cases(desk: Desk, wanted: Sequence[str] | None) -> list[str] | None:
    known = desk.use_cases()
    for key in wanted or ():
        if key not in known:
            raise UnknownName("use case", key, known)
    if wanted is not None and not wanted:
        raise InputError("A channel for no use case would stay silent.", "Name some, or take all; or switch it off.")
    return None if wanted is None else sorted(set(wanted))


def _event(
    desk: Desk, actor: Actor, at: datetime, action: str, before: ChannelRecord | None, after: ChannelRecord | None
) -> None:
    """The event of a change, with whether the address changed but neither it nor the name it is kept under."""
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    facts: dict[str, Any] = {"before": _facts(before), "after": _facts(after)}
    if before is not None and after is not None and before.secret != after.secret:
        facts["result"] = "with another address"
    subject = after or before
    assert subject is not None
    desk.ledger.record(at=at, **who, action=action, subject=f"channel {subject.name}", **facts)


def _facts(channel: ChannelRecord | None) -> dict[str, Any] | None:
    if channel is None:
        return None
    names = ("name", "kind", "place", "severities", "use_cases", "on")
    return {name: getattr(channel, name) for name in names}
