"""The ledger's events read back: filtered, page by page, and checked link by link.

An event's hash is SHA-256 over its JSON (names sorted, no blanks, times in ISO 8601 with +00:00), in which the hash of
the event before it stands. Whoever changes, takes out or moves an event breaks the chain there; whoever cuts its end
off, or writes all of it anew, is found by a head that was kept elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, String, Text, and_, cast, func, select, type_coerce

from core.errors import UnknownName
from core.store.ledger_tables import EVENTS, EventRecord

GENESIS = "0" * 64  # what the first event links to
_AT_ONCE = 5_000  # rows of the chain in memory
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


@dataclass(frozen=True)
class Criteria:
    """Which events; None or "" asks for all. `words` stand anywhere in the subject, whatever their case."""

    since: datetime | None = None
    until: datetime | None = None  # not included
    actor: str = ""
    role: str = ""
    via: str = ""
    action: str = ""
    words: str = ""
    result: str = ""
    actions: tuple[str, ...] = ()  # any of them


@dataclass(frozen=True)
class Head:
    """Number and hash of an event, as somebody wrote them down; `where` they are kept."""

    seq: int
    hash: str
    where: str = ""


@dataclass(frozen=True)
class Break:
    """The first link that does not hold. `kind`: missing, link, content, head."""

    seq: int
    kind: str
    expected: str
    found: str


@dataclass(frozen=True)
class ChainCheck:
    """What a look at every link found: events looked at, the last one, the first broken link."""

    n: int
    head: Head
    broken: Break | None


def digest(content: Mapping[str, Any]) -> str:
    """The hash of an event's content: all but its own hash."""
    plain = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in content.items()}
    stored = json.loads(json.dumps(plain))  # numbers as names become texts, and are sorted as such
    return hashlib.sha256(_encode(stored).encode()).hexdigest()


class LedgerChain(ABC):
    """Reading the events of `core.store.ledger.Ledger`."""

    _engine: Engine

    @abstractmethod
    def _read(self, query: Select[Any]) -> list[Any]: ...

    def find_events(self, criteria: Criteria, limit: int = 100, offset: int = 0) -> list[EventRecord]:
        """Events, newest first."""
        query = select(EVENTS).where(*_where(criteria)).order_by(EVENTS.c.seq.desc()).limit(limit).offset(offset)
        return [EventRecord(**row._mapping) for row in self._read(query)]

    def events_from(self, seq: int, limit: int) -> list[EventRecord]:
        """Events from a number on, oldest first."""
        query = select(EVENTS).where(EVENTS.c.seq >= seq).order_by(EVENTS.c.seq).limit(limit)
        return [EventRecord(**row._mapping) for row in self._read(query)]

    def count_events(self, criteria: Criteria) -> int:
        """How many there are."""
        return int(self._read(select(func.count()).select_from(EVENTS).where(*_where(criteria)))[0][0])

    def event(self, seq: int) -> EventRecord:
        """One event by its number; UnknownName where there is none."""
        rows = self._read(select(EVENTS).where(EVENTS.c.seq == seq))
        if not rows:
            raise UnknownName("event", str(seq), [])
        return EventRecord(**rows[0]._mapping)

    def event_words(self, name: str) -> list[str]:
        """Every value that a column of the events has: actor, role, via, action or result."""
        column = EVENTS.c[name]
        return sorted(row[0] for row in self._read(select(column).distinct().where(column.is_not(None))))

    def check_chain(self, kept: Iterable[Head] = (), start: Head | None = None) -> ChainCheck:
        """Look at every link.

        Parameters
        ----------
        kept : iterable of Head
            Heads that were kept elsewhere; the chain must still have them.
        start : Head, optional
            The last event of a sealed archive, which the first one here may link to.
        """
        known: dict[int, list[Head]] = {}
        for item in kept:
            known.setdefault(item.seq, []).append(item)
        walk = _Walk(known, start)
        options = {"snapshot": True, "yield_per": _AT_ONCE}
        with self._engine.connect().execution_options(**options) as connection, connection.execute(_raw()) as found:
            for rows in found.partitions():
                if not walk.over(rows):
                    break
        return walk.told()


class _Walk:
    """Link after link; stops at the first that does not hold."""

    def __init__(self, kept: Mapping[int, Sequence[Head]], start: Head | None) -> None:
        self._kept, self._start = kept, start
        self._seq, self._hash, self._n = 0, GENESIS, 0
        self._broken: Break | None = None

    def over(self, rows: Sequence[Any]) -> bool:
        """Look at the next rows; whether all of them hold."""
        kept, seq, last = self._kept, self._seq, self._hash
        if self._n == 0 and self._start is not None and rows and rows[0][0] == self._start.seq + 1:
            seq, last = self._start.seq, self._start.hash
        for row in rows:
            number, previous, own = row[0], row[11], row[12]
            if number != seq + 1 or previous != last or _digest(row) != own or number in kept:
                self._broken = self._judge(row, seq, last)
                if self._broken is not None:
                    break
            seq, last = number, own
            self._n += 1
        self._seq, self._hash = seq, last
        return self._broken is None

    def _judge(self, row: Any, seq: int, last: str) -> Break | None:
        number, previous, own = row[0], row[11], row[12]
        if number != seq + 1:
            return Break(seq + 1, "missing", f"event {seq + 1}", f"event {number}")
        if previous != last:
            return Break(number, "link", last, previous)
        if (content := _digest(row)) != own:
            return Break(number, "content", content, own)
        other = next((item for item in self._kept.get(number, ()) if item.hash != own), None)
        return None if other is None else Break(number, "head", f"{other.hash} ({other.where})", own)

    def told(self) -> ChainCheck:
        """What was found; a kept head beyond the end is a chain that was cut short."""
        last = Head(self._seq, self._hash)
        beyond = max((number for number in self._kept if number > self._seq), default=None)
        if self._broken is None and beyond is not None:
            item = self._kept[beyond][0]
            found = f"nothing after event {self._seq}"
            self._broken = Break(self._seq + 1, "missing", f"events up to {beyond} ({item.where})", found)
        return ChainCheck(self._n, last, self._broken)


def _raw() -> Select[Any]:
    """Every event as the database has it: texts are turned into values only where the hash needs it."""
    plain = (type_coerce(EVENTS.c.at, String), *(EVENTS.c[name] for name in ("actor", "role", "via", "action")))
    told = (cast(EVENTS.c.before, Text), cast(EVENTS.c.after, Text), EVENTS.c.reason, EVENTS.c.result)
    return select(EVENTS.c.seq, *plain, EVENTS.c.subject, *told, EVENTS.c.prev_hash, EVENTS.c.hash).order_by(
        EVENTS.c.seq
    )


def _digest(row: Any) -> str:
    """The hash of a row of `_raw`: `digest`, put together by hand, which is five times as fast."""
    seq, at, actor, role, via, action, subject, before, after, reason, result, previous, _ = row
    text = (
        f'{{"action":{quoted(action)},"actor":{quoted(actor)},"after":{_again(after)},"at":"{_iso(at)}",'
        f'"before":{_again(before)},"prev_hash":{quoted(previous)},"reason":{_text(reason)},"result":{_text(result)},'
        f'"role":{quoted(role)},"seq":{seq},"subject":{quoted(subject)},"via":{quoted(via)}}}'
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _text(value: str | None) -> str:
    return "null" if value is None else quoted(value)


@lru_cache(maxsize=8_192)  # most events say one of a few things
def _again(value: str | None) -> str:
    return "null" if value is None else _encode(json.loads(value))


def _iso(at: Any) -> str:
    """A time as `digest` writes it; SQLite hands out text, the servers a time without a zone."""
    if not isinstance(at, str):
        return f"{at.isoformat()}+00:00"
    return f"{at[:10]}T{at[11:].removesuffix('.000000')}+00:00"


def _where(criteria: Criteria) -> Iterator[ColumnElement[bool]]:
    columns = EVENTS.c
    if criteria.since is not None:
        yield columns.at >= criteria.since
    if criteria.until is not None:
        yield columns.at < criteria.until
    for name in ("actor", "role", "via", "action", "result"):
        if wanted := getattr(criteria, name):
            yield columns[name] == wanted
    if criteria.actions:
        yield columns.action.in_(criteria.actions)
    if words := criteria.words.split():
        yield and_(*(columns.subject.icontains(word, autoescape=True) for word in words))
