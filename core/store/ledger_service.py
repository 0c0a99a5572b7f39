"""How the desk itself is doing: requests by minute, beats, sizes by day; counts only, nothing of what was asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Float,
    Integer,
    Select,
    Table,
    delete,
    false,
    func,
    insert,
    select,
    update,
)

from core.domain.service_level import GAP, Histogram, Stretch, added
from core.store.ledger_tables import METADATA
from core.store.ledger_types import Name, UtcDateTime
from core.store.ledger_upsert import upsert

SERVICE_COUNTS = Table(
    "service_counts",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("begins", UtcDateTime, nullable=False, index=True),
    Column("seconds", Integer, nullable=False),  # 60, or 3600 once the minutes of an hour were added up
    Column("face", Name, nullable=False),
    Column("operation", Name, nullable=False),
    Column("n", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("errors", Integer, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("busy_s", Float, nullable=False),
    Column("latency", JSON, nullable=False),  # place among the bounds -> answered requests
    Column("simulated", Boolean, nullable=False, server_default=false()),
)
SERVICE_BEATS = Table(
    "service_beats",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("process", Name, nullable=False, index=True),
    Column("first_beat", UtcDateTime, nullable=False),
    Column("last_beat", UtcDateTime, nullable=False, index=True),
    Column("simulated", Boolean, nullable=False, server_default=false()),
)
SERVICE_SIZES = Table(
    "service_sizes",
    METADATA,
    Column("day", Date, primary_key=True),
    Column("log_bytes", BigInteger, nullable=False),
    Column("ledger_bytes", BigInteger, nullable=False),
    Column("free_bytes", BigInteger, nullable=False),
    Column("memory_bytes", BigInteger, nullable=False),  # the most of the day
)
KEPT_FIGURES = Table(
    "kept_figures",
    METADATA,
    Column("use_case", Name, primary_key=True),
    Column("name", Name, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("value", JSON, nullable=False),
)


@dataclass(frozen=True)
class RequestCount:
    """Requests of one face and operation that ended within a minute, or within an hour.

    Attributes
    ----------
    n : int
        All of them; `refused` (the input was) and `errors` (the desk's fault) among them.
    rows : int
        Rows of those that were answered.
    busy_s : float
        Seconds spent on those that were answered.
    latency : mapping of int to int
        Place among `core.domain.service_level.BOUNDS` -> answered requests.
    """

    begins: datetime
    seconds: int
    face: str
    operation: str
    n: int
    refused: int
    errors: int
    rows: int
    busy_s: float
    latency: Histogram


@dataclass(frozen=True)
class Sizes:
    """What the desk took up on a day, as it was measured last; of memory the most of the day."""

    day: date
    log_bytes: int
    ledger_bytes: int
    free_bytes: int
    memory_bytes: int


class LedgerService(ABC):
    """The counts of `core.store.ledger.Ledger`. They are measurements, so no event stands beside them."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _read(self, query: Select[Any]) -> list[Any]: ...

    def add_requests(self, counts: Sequence[RequestCount], simulated: bool = False) -> None:
        """Add counts to those that are there."""
        if counts:
            with self.transaction() as connection:
                rows = [_stored(count) | {"simulated": simulated} for count in counts]
                connection.execute(insert(SERVICE_COUNTS), rows)

    def requests(self, since: datetime, until: datetime, simulated: bool = False) -> list[RequestCount]:
        """Counts whose minute or hour began within since <= begins < until, oldest first."""
        within = (SERVICE_COUNTS.c.begins >= since) & (SERVICE_COUNTS.c.begins < until)
        where = within & (SERVICE_COUNTS.c.simulated == simulated)
        query = select(*_COUNTED).where(where).order_by(SERVICE_COUNTS.c.begins)
        return [_read_count(row) for row in self._read(query)]

    def first_request(self) -> datetime | None:
        """When the first minute began that is still kept."""
        query = select(func.min(SERVICE_COUNTS.c.begins)).where(~SERVICE_COUNTS.c.simulated)
        found: datetime | None = self._read(query)[0][0]
        return found

    def add_up_requests(self, before: datetime) -> None:
        """Turn the minutes of whole hours that began before a time into one count per hour, face and operation."""
        hour = before.replace(minute=0, second=0, microsecond=0)
        minutes = (SERVICE_COUNTS.c.begins < hour) & (SERVICE_COUNTS.c.seconds < 3600) & ~SERVICE_COUNTS.c.simulated
        with self.transaction() as connection:
            found = [_read_count(row) for row in connection.execute(select(*_COUNTED).where(minutes))]
            if found:
                connection.execute(delete(SERVICE_COUNTS).where(minutes))
                connection.execute(insert(SERVICE_COUNTS), [_stored(count) for count in _by_hour(found)])

    def beat(self, process: str, at: datetime) -> None:
        """Say that a process is there; a silence longer than `GAP` begins another stretch."""
        mine = SERVICE_BEATS.c.process == process
        newest = select(SERVICE_BEATS.c.number, SERVICE_BEATS.c.last_beat).where(mine)
        with self.transaction() as connection:
            last = connection.execute(newest.order_by(SERVICE_BEATS.c.number.desc()).limit(1)).one_or_none()
            if last is None or at - last.last_beat > GAP:
                connection.execute(insert(SERVICE_BEATS).values(process=process, first_beat=at, last_beat=at))
            elif at > last.last_beat:
                row = SERVICE_BEATS.c.number == last.number
                connection.execute(update(SERVICE_BEATS).where(row).values(last_beat=at))

    def beats(self, since: datetime, simulated: bool = False) -> list[Stretch]:
        """Stretches of beats that end after a time, and the earliest one of all; in order."""
        stretches = select(SERVICE_BEATS.c.first_beat, SERVICE_BEATS.c.last_beat)
        stretches = stretches.where(SERVICE_BEATS.c.simulated == simulated)
        first = stretches.order_by(SERVICE_BEATS.c.first_beat).limit(1)
        # the one before the period tells where a silence at its beginning began
        earlier = stretches.where(SERVICE_BEATS.c.last_beat < since)
        before = earlier.order_by(SERVICE_BEATS.c.last_beat.desc()).limit(1)
        within = stretches.where(SERVICE_BEATS.c.last_beat >= since)
        found = {(row[0], row[1]) for query in (first, before, within) for row in self._read(query)}
        return sorted(found)

    def add_simulated_beats(self, stretches: Sequence[Stretch]) -> None:
        """Add stretches in which a desk that is only simulated was there."""
        rows = [
            {"process": "simulated", "first_beat": first, "last_beat": last, "simulated": True}
            for first, last in stretches
        ]
        with self.transaction() as connection:
            connection.execute(insert(SERVICE_BEATS), rows)

    def clear_simulated_service(self) -> None:
        """Delete requests and beats of the simulated desk."""
        with self.transaction() as connection:
            for table in (SERVICE_COUNTS, SERVICE_BEATS):
                connection.execute(delete(table).where(table.c.simulated))

    def add_sizes(self, sizes: Sizes) -> None:
        """Keep what was measured on a day in place of what was measured earlier that day; of memory the most."""
        earlier = select(SERVICE_SIZES.c.memory_bytes).where(SERVICE_SIZES.c.day == sizes.day)
        with self.transaction() as connection:
            most = max(sizes.memory_bytes, connection.execute(earlier).scalar() or 0)
            upsert(connection, SERVICE_SIZES, keys=("day",), values=asdict(sizes) | {"memory_bytes": most})

    def sizes(self, since: date) -> list[Sizes]:
        """What was measured from a day on, oldest first."""
        query = select(SERVICE_SIZES).where(SERVICE_SIZES.c.day >= since).order_by(SERVICE_SIZES.c.day)
        return [Sizes(**row._mapping) for row in self._read(query)]

    def keep_figure(self, use_case: str, name: str, at: datetime, value: Mapping[str, Any]) -> None:
        """Keep a figure of a use case that was computed, in place of the last one of that name."""
        values = {"use_case": use_case, "name": name, "at": at, "value": dict(value)}
        with self.transaction() as connection:
            upsert(connection, KEPT_FIGURES, keys=("use_case", "name"), values=values)

    def kept_figures(self, name: str) -> dict[str, dict[str, Any]]:
        """Use case -> the figure of a name that was kept last."""
        query = select(KEPT_FIGURES.c.use_case, KEPT_FIGURES.c.value).where(KEPT_FIGURES.c.name == name)
        return {row.use_case: dict(row.value) for row in self._read(query)}

    def forget_service(self, before: datetime) -> int:
        """Delete requests, beats and sizes of earlier times; the number of rows that went."""
        old = (
            delete(SERVICE_COUNTS).where(SERVICE_COUNTS.c.begins < before),
            delete(SERVICE_BEATS).where(SERVICE_BEATS.c.last_beat < before),
            delete(SERVICE_SIZES).where(SERVICE_SIZES.c.day < before.date()),
        )
        with self.transaction() as connection:
            return sum(connection.execute(statement).rowcount for statement in old)


_COUNTED = [column for column in SERVICE_COUNTS.c if column.name not in ("number", "simulated")]


def _stored(count: RequestCount) -> dict[str, Any]:
    return asdict(count) | {"latency": {str(place): n for place, n in count.latency.items()}}


def _read_count(row: Any) -> RequestCount:
    facts = dict(row._mapping)
    return RequestCount(**facts | {"latency": {int(place): n for place, n in facts["latency"].items()}})


def _by_hour(counts: Sequence[RequestCount]) -> list[RequestCount]:
    groups: dict[tuple[datetime, str, str], list[RequestCount]] = {}
    for count in counts:
        hour = count.begins.replace(minute=0, second=0, microsecond=0)
        groups.setdefault((hour, count.face, count.operation), []).append(count)
    return [
        RequestCount(
            begins=hour,
            seconds=3600,
            face=face,
            operation=operation,
            n=sum(count.n for count in group),
            refused=sum(count.refused for count in group),
            errors=sum(count.errors for count in group),
            rows=sum(count.rows for count in group),
            busy_s=sum(count.busy_s for count in group),
            latency=added(count.latency for count in group),
        )
        for (hour, face, operation), group in groups.items()
    ]
