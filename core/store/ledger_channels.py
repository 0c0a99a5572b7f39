"""Where alerts are sent, without the addresses themselves, and what became of every message."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Connection, Integer, Select, Table, Text, func, select, update

from core.errors import UnknownName
from core.store.ledger_tables import METADATA
from core.store.ledger_types import Name, UtcDateTime
from core.store.ledger_upsert import NOTHING, upsert

CHANNELS = Table(
    "channels",
    METADATA,
    Column("id", Name, primary_key=True),
    Column("name", Name, nullable=False),
    Column("kind", Name, nullable=False),
    Column("place", Text, nullable=False),  # what may be shown of the address
    Column("secret", Name, nullable=False),  # the address's name in core.store.secret_texts
    Column("severities", JSON, nullable=False),
    Column("use_cases", JSON(none_as_null=True)),  # null: all of them, and the desk itself
    Column("on", Boolean, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by", Name, nullable=False),
    Column("removed_at", UtcDateTime),
)
DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("key", Name, nullable=False, unique=True),  # alert, moment, severity, channel: each is sent once
    Column("alert", Name, nullable=False, index=True),
    Column("channel", Name, nullable=False, index=True),
    Column("moment", Name, nullable=False),  # opened | raised | closed
    Column("severity", Name, nullable=False),
    Column("message", JSON, nullable=False),
    Column("state", Name, nullable=False, index=True),  # pending | sent | failed
    Column("tries", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("next_try_at", UtcDateTime),
    Column("tried_at", UtcDateTime),
    Column("sent_at", UtcDateTime),
    Column("last_error", Text),
)


@dataclass(frozen=True)
class ChannelRecord:
    """Where messages go. `use_cases` None: all of them and the desk itself; a removed one keeps its deliveries."""

    id: str
    name: str
    kind: str
    place: str
    secret: str
    severities: Sequence[str]
    use_cases: Sequence[str] | None
    on: bool
    changed_at: datetime
    changed_by: str
    removed_at: datetime | None = None


@dataclass(frozen=True)
class DeliveryRecord:
    """One message on its way through one channel. `state`: pending, sent, failed (nobody tries any more)."""

    key: str
    alert: str
    channel: str
    moment: str
    severity: str
    message: Mapping[str, Any]
    created_at: datetime
    state: str = "pending"
    tries: int = 0
    next_try_at: datetime | None = None
    tried_at: datetime | None = None
    sent_at: datetime | None = None
    last_error: str | None = None


_DELIVERY = [column for column in DELIVERIES.c if column.name != "number"]


class LedgerChannels(ABC):
    """The channels and deliveries of `core.store.ledger.Ledger`."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _read(self, query: Select[Any]) -> list[Any]: ...

    def save_channel(self, channel: ChannelRecord) -> None:
        """Write down a channel as it stands now."""
        with self.transaction() as connection:
            upsert(connection, CHANNELS, keys=("id",), values=asdict(channel))

    def channels(self, *, removed: bool = False) -> list[ChannelRecord]:
        """Channels by name; those that were removed only when asked for."""
        query = select(CHANNELS).order_by(CHANNELS.c.name, CHANNELS.c.id)
        if not removed:
            query = query.where(CHANNELS.c.removed_at.is_(None))
        return [ChannelRecord(**row._mapping) for row in self._read(query)]

    def channel(self, channel_id: str) -> ChannelRecord:
        """One channel that was not removed.

        Raises
        ------
        UnknownName
        """
        found = {channel.id: channel for channel in self.channels()}
        if channel_id not in found:
            raise UnknownName("channel", channel_id, found)
        return found[channel_id]

    def add_deliveries(self, deliveries: Sequence[DeliveryRecord]) -> int:
        """Write down what is to be sent; what is written down already stays as it is. Returns how many were new."""
        new = 0
        with self.transaction() as connection:
            for delivery in deliveries:
                new += upsert(connection, DELIVERIES, keys=("key",), values=asdict(delivery), update=NOTHING)
        return new

    def deliveries(
        self,
        *,
        alert: str | None = None,
        states: Collection[str] | None = None,
        oldest_first: bool = False,
        limit: int = 500,
    ) -> list[DeliveryRecord]:
        """What was to be sent, the newest first unless the oldest are asked for."""
        order = DELIVERIES.c.number if oldest_first else DELIVERIES.c.number.desc()
        query = select(*_DELIVERY).order_by(order).limit(limit)
        if alert is not None:
            query = query.where(DELIVERIES.c.alert == alert)
        if states is not None:
            query = query.where(DELIVERIES.c.state.in_(states))
        return [DeliveryRecord(**row._mapping) for row in self._read(query)]

    def delivery_counts(self) -> dict[tuple[str, str], int]:
        """(channel, state) -> deliveries."""
        query = select(DELIVERIES.c.channel, DELIVERIES.c.state, func.count()).group_by(
            DELIVERIES.c.channel, DELIVERIES.c.state
        )
        return {(row[0], row[1]): int(row[2]) for row in self._read(query)}

    def claim_delivery(self, delivery: DeliveryRecord, at: datetime, again_at: datetime) -> bool:
        """Take a pending delivery for one try; False where another process took it first.

        Should this process die while it tries, others try again at `again_at`.
        """
        unchanged = (DELIVERIES.c.key == delivery.key) & (DELIVERIES.c.state == "pending")
        unchanged &= DELIVERIES.c.tries == delivery.tries
        taken = {"tries": delivery.tries + 1, "tried_at": at, "next_try_at": again_at}
        with self.transaction() as connection:
            return connection.execute(update(DELIVERIES).where(unchanged).values(**taken)).rowcount == 1

    def change_delivery(self, key: str, **changes: Any) -> None:
        """Write down how a delivery stands now."""
        with self.transaction() as connection:
            connection.execute(update(DELIVERIES).where(DELIVERIES.c.key == key).values(**changes))
