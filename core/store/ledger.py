"""The ledger: who did what, which versions exist and act, jobs, remembered mappings.

Small and transactional (SQLite in WAL mode), open to several processes at once. Every action of a person
is an event in a hash chain; group it with what it changed, so that both happen or neither:

    with ledger.transaction():
        ledger.set_alias("bnpl_default", "champion", "v2", at)
        ledger.record(at=at, actor="Ada", role="risk", via="page", action="promote", subject="bnpl_default v2")
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select

from core.errors import InputError, UnknownName
from core.store.backup_ledger import LedgerFrozen
from core.store.ledger_answers import LedgerAnswers
from core.store.ledger_cases import LedgerCases
from core.store.ledger_chain import GENESIS, LedgerChain, digest
from core.store.ledger_desks import LEDGER_HEAD
from core.store.ledger_engine import open_engine
from core.store.ledger_jobs import LedgerJobs
from core.store.ledger_registry import LedgerRegistry
from core.store.ledger_schema import prepare
from core.store.ledger_stamp import LedgerStamp, ServerStamp, Stamp
from core.store.ledger_tables import ALIASES, EVENTS, VERSIONS, EventRecord, VersionRecord
from core.store.ledger_upsert import upsert
from core.store.ledger_watch import LedgerWatch

_SUBJECT_LENGTH = 500  # of an event's subject, which is indexed


class Ledger(LedgerAnswers, LedgerCases, LedgerChain, LedgerFrozen, LedgerJobs, LedgerRegistry, LedgerWatch):
    """The ledger of one desk, or of several on one server; may be shared by threads.

    Parameters
    ----------
    place : Path or str
        The SQLite file, made when it does not exist; or a server's address: postgresql://, mysql://, mariadb://.
    desk_id : str, optional
        Of this desk, where several share a server.

    Raises
    ------
    DatabaseDown
        The server does not answer, or refuses the desk.
    NotReady
        A newer version of the desk has changed the tables.
    """

    def __init__(self, place: Path | str, desk_id: str | None = None) -> None:
        self._engine = open_engine(place)
        self._current = threading.local()
        self._ended = 0  # transactions of this process
        self.desk_id = None if isinstance(place, Path) else desk_id
        try:
            prepare(self._engine)
        except BaseException:
            self._engine.dispose()
            raise
        self.stamp: Stamp = LedgerStamp(place) if isinstance(place, Path) else ServerStamp(self._changes, self._own)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Everything written inside happens, or nothing; may be nested, the outermost one decides.

        It takes the ledger's write lock at once, so that what is read inside cannot be changed by another process
        before it is acted on: SQLite's own (BEGIN IMMEDIATE), on a server that of the row in `ledger_head`.
        """
        current: Connection | None = getattr(self._current, "connection", None)
        if current is not None:
            yield current
            return
        try:
            with self._engine.connect().execution_options(immediate=True) as connection, connection.begin():
                self._current.connection = connection
                try:
                    yield connection
                finally:
                    self._current.connection = None
        finally:
            self._ended += 1

    def _read(self, query: Select[Any]) -> list[Any]:
        current: Connection | None = getattr(self._current, "connection", None)
        if current is not None:
            return list(current.execute(query))
        with self._engine.connect() as connection:
            return list(connection.execute(query))

    def _changes(self) -> int:
        return int(self._read(select(LEDGER_HEAD.c.changes))[0][0])

    def _own(self) -> int | None:
        return None if getattr(self._current, "connection", None) is not None else self._ended

    def record(
        self,
        *,
        at: datetime,
        actor: str,
        role: str,
        via: str,
        action: str,
        subject: str,
        **facts: Any,
    ) -> EventRecord:
        """Append an event to the chain.

        Parameters
        ----------
        at : datetime
            With a zone.
        **facts : Any
            before, after (JSON values), reason, result (texts).
        """
        unknown = set(facts) - {"before", "after", "reason", "result"}
        if unknown:
            raise TypeError(f"An event has no {', '.join(sorted(unknown))}.")
        if at.tzinfo is None:
            raise ValueError(f"The ledger takes times with a zone, not {at!r}.")
        optional = {name: facts.get(name) for name in ("before", "after", "reason", "result")}
        with self.transaction() as connection:
            last = connection.execute(
                select(EVENTS.c.seq, EVENTS.c.hash).order_by(EVENTS.c.seq.desc()).limit(1)
            ).one_or_none()
            seq, previous = (last.seq + 1, last.hash) if last else (1, GENESIS)
            said = {"at": at.astimezone(UTC), "actor": actor, "role": role, "via": via, "action": action}
            content: dict[str, Any] = {"seq": seq, **said, "subject": _fitting(subject), **optional}
            content = {name: _without_zeros(value) for name, value in content.items()} | {"prev_hash": previous}
            entry = EventRecord(**content, hash=digest(content))
            connection.execute(insert(EVENTS).values(**asdict(entry)))
        return entry

    def events(self, subject: str | None = None, limit: int = 100) -> list[EventRecord]:
        """The newest events, newest first."""
        query = select(EVENTS).order_by(EVENTS.c.seq.desc()).limit(limit)
        if subject is not None:
            query = query.where(EVENTS.c.subject == subject)
        return [EventRecord(**row._mapping) for row in self._read(query)]

    def head(self) -> tuple[int, str]:
        """Number and hash of the last event, to be kept outside: only that shows a chain cut short."""
        rows = self._read(select(EVENTS.c.seq, EVENTS.c.hash).order_by(EVENTS.c.seq.desc()).limit(1))
        return (rows[0].seq, rows[0].hash) if rows else (0, GENESIS)

    def verify_chain(self) -> int | None:
        """The first event that is changed, missing or out of place; None when the chain is intact."""
        broken = self.check_chain().broken
        return broken.seq if broken else None

    def register_version(self, use_case: str, version: str, at: datetime, card_sha256: str, origin: str) -> None:
        """Take a version in.

        Raises
        ------
        InputError
            The version is registered already: versions are never replaced.
        """
        with self.transaction() as connection:
            if self.version(use_case, version) is not None:
                raise InputError(f"{use_case} {version} is registered already.", "Save it under the next version.")
            values = asdict(VersionRecord(use_case, version, at, card_sha256, origin))
            connection.execute(insert(VERSIONS).values(**values))

    def version(self, use_case: str, version: str) -> VersionRecord | None:
        """One version, or None."""
        where = (VERSIONS.c.use_case == use_case) & (VERSIONS.c.version == version)
        rows = self._read(select(VERSIONS).where(where))
        return VersionRecord(**rows[0]._mapping) if rows else None

    def versions(self, use_case: str) -> list[VersionRecord]:
        """Versions of a use case, oldest first."""
        by_number = (func.length(VERSIONS.c.version), VERSIONS.c.version)  # v2 before v10
        query = select(VERSIONS).where(VERSIONS.c.use_case == use_case).order_by(VERSIONS.c.created_at, *by_number)
        return [VersionRecord(**row._mapping) for row in self._read(query)]

    def set_alias(self, use_case: str, alias: str, version: str, at: datetime, model: str | None = None) -> None:
        """Point an alias ("champion", "challenger") at a registered version, and at a model of it.

        Parameters
        ----------
        model : str, optional
            None: the one that the version's card names as its champion.

        Raises
        ------
        UnknownName
            The version is not registered.
        """
        with self.transaction() as connection:
            if self.version(use_case, version) is None:
                known = [record.version for record in self.versions(use_case)]
                raise UnknownName(f"version of {use_case}", version, known)
            values = {"use_case": use_case, "alias": alias, "version": version, "since": at, "model": model}
            upsert(connection, ALIASES, keys=("use_case", "alias"), values=values)

    def alias(self, use_case: str, alias: str) -> str | None:
        """The version an alias points at, or None."""
        where = (ALIASES.c.use_case == use_case) & (ALIASES.c.alias == alias)
        rows = self._read(select(ALIASES.c.version).where(where))
        return rows[0].version if rows else None

    def alias_model(self, use_case: str, alias: str) -> str | None:
        """The model an alias points at; None where it leaves that to the version's card."""
        where = (ALIASES.c.use_case == use_case) & (ALIASES.c.alias == alias)
        rows = self._read(select(ALIASES.c.model).where(where))
        return rows[0].model if rows else None

    def drop_alias(self, use_case: str, alias: str) -> None:
        """Take an alias away; nothing happens where there is none."""
        with self.transaction() as connection:
            connection.execute(delete(ALIASES).where(ALIASES.c.use_case == use_case, ALIASES.c.alias == alias))


def _fitting(subject: str) -> str:
    return subject if len(subject) <= _SUBJECT_LENGTH else f"{subject[: _SUBJECT_LENGTH - 1]}\N{HORIZONTAL ELLIPSIS}"


def _without_zeros(value: Any) -> Any:
    """PostgreSQL's texts have no zero bytes."""
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value
