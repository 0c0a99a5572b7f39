"""Telling people about alerts: one message per channel and step, tried until it has arrived.

`announce` writes down what is to be sent and returns at once; a thread sends it. What fails is tried again after
growing waits, by the task RETRY of `delivery_task`, also after a restart: the ledger is the queue. A message is sent
once per channel, alert, step and severity: the key in the ledger says so, and a try is claimed before it is made. Only
where the desk dies between the receiver's answer and the ledger's line is it sent again, under the same delivery id.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from core.errors import DeskError, InputError, UnknownName
from core.logs import logger
from core.services.access import Action, Actor, require
from core.services.alerting.channels import secrets_of, takes
from core.services.alerting.message import Moment, compose, moment_of
from core.services.desk import Desk
from core.store.ledger_alert_tables import AlertRecord
from core.store.ledger_channels import ChannelRecord, DeliveryRecord

LOGGER = logger("alerts")

WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 360, 1_440))
TRIES = len(WAITS) + 1
_AT_ONCE = 500  # deliveries in one round
_LOOK_BACK = timedelta(days=2)  # for alerts that ended and were not announced


@dataclass
class Round:
    """What a round of sending came to: messages that arrived, failed for now, failed for good, or wait."""

    sent: int = 0
    put_off: int = 0
    given_up: int = 0
    waiting: int = 0

    @property
    def said(self) -> str:
        """In a sentence."""
        if not self.sent + self.put_off + self.given_up:
            return f"Nothing to send; {self.waiting} wait for their time." if self.waiting else "Nothing to send."
        return f"{self.sent} sent, {self.put_off} to be tried again, {self.given_up} given up, {self.waiting} waiting."


def announce(desk: Desk, alert: AlertRecord, now: datetime) -> int:
    """Have the step that an alert has just taken told to every channel that takes it; returns to how many.

    Simulated alerts are told to nobody. That an alert is over is told to whoever was told of it. It never raises: what
    it could not write down is logged, and the task that sends makes up for alerts that are open.
    """
    try:
        new = _tell(desk, alert, now)
    except Exception:  # the rule that looks next, or the person who closes an alert, must not be held up
        LOGGER.exception("alert %s could not be announced", alert.id)
        return 0
    if new:
        soon(desk)
    return new


def _tell(desk: Desk, alert: AlertRecord, now: datetime) -> int:
    moment = moment_of(alert)
    if moment is Moment.CLOSED:
        told = _told(desk, alert)
        wanted = [channel for channel in desk.ledger.channels() if channel.on and channel.id in told]
    else:
        wanted = [channel for channel in desk.ledger.channels() if takes(channel, alert)]
    return _enqueue(desk, alert, moment, wanted, now)


def soon(desk: Desk) -> None:
    """Have what is due sent in a thread of its own."""
    desk.courier.ask(partial(_send_due, desk))


def _send_due(desk: Desk, stop: threading.Event) -> None:
    deliver(desk, datetime.now(UTC), stop)


def retry(desk: Desk, now: datetime) -> Round:
    """Write down what was not announced because the desk died in between, then send what is due."""
    channels = [channel for channel in desk.ledger.channels() if channel.on]
    for alert in desk.ledger.alerts() if channels else ():
        if not alert.simulated and (alert.closed_at is None or alert.closed_at > now - _LOOK_BACK):
            _make_up(desk, alert, channels, now)
    return deliver(desk, now)


def _make_up(desk: Desk, alert: AlertRecord, channels: Sequence[ChannelRecord], now: datetime) -> None:
    """The step that an alert took last, for channels that have no message about it yet."""
    told = _told(desk, alert)
    for channel in channels:
        before = told.get(channel.id, set())
        if alert.state == "closed":
            moment = Moment.CLOSED if before and Moment.CLOSED not in before else None
        elif alert.severity in before or not takes(channel, alert):
            moment = None
        else:
            moment = Moment.RAISED if before else Moment.OPENED
        if moment is not None and (before or channel.changed_at <= alert.opened_at):
            _enqueue(desk, alert, moment, [channel], now)


def _told(desk: Desk, alert: AlertRecord) -> dict[str, set[str]]:
    """Channel -> moments and severities of the messages that it has, or will have, about an alert."""
    told: dict[str, set[str]] = {}
    for delivery in desk.ledger.deliveries(alert=alert.id):
        told.setdefault(delivery.channel, set()).update((delivery.moment, delivery.severity))
    return told


def _enqueue(desk: Desk, alert: AlertRecord, moment: Moment, channels: Sequence[ChannelRecord], now: datetime) -> int:
    if alert.simulated or not channels:
        return 0
    message = compose(desk, alert, moment)
    rows = [
        DeliveryRecord(
            key=f"{alert.id}-{moment}-{alert.severity}-{channel.id}",
            alert=alert.id,
            channel=channel.id,
            moment=moment.value,
            severity=alert.severity,
            message=message,
            created_at=now,
            next_try_at=now,
        )
        for channel in channels
    ]
    return desk.ledger.add_deliveries(rows)


def deliver(desk: Desk, now: datetime, stop: threading.Event | None = None) -> Round:
    """Send what is due, the oldest first.

    Messages about one alert keep their order in a channel: what comes later waits. A channel that failed once is left
    in peace for the rest of the round.
    """
    made, channels = Round(), {channel.id: channel for channel in desk.ledger.channels()}
    waiting: set[tuple[str, str]] = set()
    down: set[str] = set()
    for delivery in desk.ledger.deliveries(states=["pending"], oldest_first=True, limit=_AT_ONCE):
        line = (delivery.alert, delivery.channel)
        due = delivery.next_try_at is None or delivery.next_try_at <= now
        stopped = stop is not None and stop.is_set()
        if stopped or not due or line in waiting or delivery.channel in down:
            waiting.add(line)
            made.waiting += 1
            continue
        state = _try(desk, channels.get(delivery.channel), delivery, now)
        made.sent += state == "sent"
        made.put_off += state == "pending"
        made.given_up += state == "failed"
        if state == "pending":
            waiting.add(line)
            down.add(delivery.channel)
    return made


def _try(desk: Desk, channel: ChannelRecord | None, delivery: DeliveryRecord, now: datetime) -> str:
    """One try; the state that the delivery has after it."""
    if channel is None or not channel.on:
        gone = "The channel was removed." if channel is None else "The channel was switched off."
        desk.ledger.change_delivery(delivery.key, state="failed", next_try_at=None, last_error=gone)
        return "failed"
    last = delivery.tries >= len(WAITS)
    again_at = now + (WAITS[-1] if last else WAITS[delivery.tries])
    if not desk.ledger.claim_delivery(delivery, now, again_at):
        return "pending"  # somebody else is at it
    problem = send_through(desk, channel, delivery.message, delivery.key)
    error = str(problem)
    if problem is None:
        desk.ledger.change_delivery(delivery.key, state="sent", sent_at=now, next_try_at=None, last_error=None)
        return "sent"
    if last or problem.data.get("lasting"):
        desk.ledger.change_delivery(delivery.key, state="failed", next_try_at=None, last_error=error)
        return "failed"
    desk.ledger.change_delivery(delivery.key, last_error=error)
    return "pending"


def send_through(desk: Desk, channel: ChannelRecord, message: Mapping[str, Any], delivery: str) -> DeskError | None:
    """Send one message now; None, or why it did not arrive, in words without secrets."""
    from core.bridges.apprise import Message, send

    try:
        send(secrets_of(desk).get(channel.secret), Message(**message, delivery=delivery))
    except DeskError as error:
        return error
    return None


def deliveries(desk: Desk, actor: Actor, alert: str | None = None, limit: int = 200) -> Sequence[DeliveryRecord]:
    """What was to be sent, the newest first; of one alert, or of all."""
    require(actor, Action.SEE_MODELS)
    return desk.ledger.deliveries(alert=alert, limit=limit)


def counts(desk: Desk, actor: Actor) -> dict[tuple[str, str], int]:
    """(channel, state) -> how many messages."""
    require(actor, Action.SEE_MODELS)
    return desk.ledger.delivery_counts()


def try_again(desk: Desk, actor: Actor, key: str, now: datetime | None = None) -> None:
    """Let a delivery that failed, or waits, be tried at once, with all its tries before it."""
    require(actor, Action.WORK_ALERT)
    at = now or datetime.now(UTC)
    found = {delivery.key: delivery for delivery in desk.ledger.deliveries(limit=5_000)}.get(key)
    if found is None:
        raise UnknownName("delivery", key, ())
    if found.state == "sent":
        raise InputError("This message has arrived already.", "Nothing is to be done.")
    with desk.ledger.transaction():
        desk.ledger.change_delivery(key, state="pending", tries=0, next_try_at=at)
        who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
        desk.ledger.record(at=at, **who, action="try a message again", subject=f"alert {found.alert}", result=key)
    soon(desk)
