"""Several desks on one ledger: which of them are there, and what one that is gone has left behind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    false,
    func,
    select,
    text,
    true,
)

from core.store.ledger_tables import METADATA
from core.store.ledger_types import Name, UtcDateTime
from core.store.ledger_upsert import upsert

LEDGER_HEAD = Table(  # one row, on servers: who has changed it is the one who writes; `changes` is the ledger's stamp
    "ledger_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("changes", BigInteger, nullable=False),
)
DESKS = Table(
    "desks",
    METADATA,
    Column("id", Name, primary_key=True),
    Column("home", Text, nullable=False),
    Column("host", Name, nullable=False),
    Column("process", Integer, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("last_beat", UtcDateTime, nullable=False),
    Column("left_at", UtcDateTime),
)

_SIZES = {
    "postgresql": "SELECT COALESCE(SUM(pg_total_relation_size(oid)), 0) FROM pg_class WHERE relname IN :names "
    "AND relkind = 'r' AND relnamespace = to_regnamespace(quote_ident(current_schema()))",
    "mysql": "SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables "
    "WHERE table_schema = DATABASE() AND table_name IN :names",
}
BEAT_SECONDS = 20
GONE_AFTER = timedelta(seconds=90)  # a desk that has not been heard of for so long is gone, and its work is free


@dataclass(frozen=True)
class DeskRecord:
    """A desk that has, or had, its prediction log open. `left_at`: when it was closed in order."""

    id: str
    home: str
    host: str
    process: int
    since: datetime
    last_beat: datetime
    left_at: datetime | None = None

    def there(self, at: datetime) -> bool:
        """Whether it may be at work."""
        return self.left_at is None and at - self.last_beat <= GONE_AFTER


class LedgerDesks(ABC):
    """The desks of `core.store.ledger.Ledger`. They are measurements, so no event stands beside them."""

    _engine: Engine
    desk_id: str | None  # of this desk; None: the ledger is this desk's alone

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _read(self, query: Select[Any]) -> list[Any]: ...

    def beat_desk(self, record: DeskRecord) -> None:
        """Say that a desk is there."""
        with self.transaction() as connection:
            upsert(connection, DESKS, keys=("id",), values=asdict(record))

    def now(self) -> datetime:
        """The time by the clock that every desk of this ledger shares: the server's; for a file this machine's."""
        if self.desk_id is None:
            return datetime.now(UTC)
        kind = self._engine.dialect.name
        asked = func.timezone("utc", func.clock_timestamp()) if kind == "postgresql" else func.utc_timestamp(6)
        told: datetime = self._read(select(asked))[0][0]
        return told.replace(tzinfo=UTC)

    def server_bytes(self) -> int | None:
        """What the ledger's tables and indexes take up on their server; None where the ledger is a file."""
        asked = _SIZES.get(self._engine.dialect.name)
        if asked is None:
            return None
        query = text(asked).bindparams(bindparam("names", expanding=True))
        with self._engine.connect() as connection:
            return int(connection.execute(query, {"names": list(METADATA.tables)}).scalar_one())

    def desks(self) -> list[DeskRecord]:
        """Every desk that was ever there, the longest known first."""
        query = select(DESKS).order_by(DESKS.c.since, DESKS.c.id)
        return [DeskRecord(**row._mapping) for row in self._read(query)]

    def _free(self, desk: Column[Any], at: datetime, others: bool) -> ColumnElement[bool]:
        """Rows that this desk may take over: its own, nobody's and those of desks that are gone, or only the last."""
        if self.desk_id is None:
            return false() if others else true()
        there = [record.id for record in self.desks() if record.there(at) and record.id != self.desk_id]
        if others:
            return desk.is_not(None) & desk.not_in([*there, self.desk_id])
        return desk.is_(None) | desk.not_in(there)
