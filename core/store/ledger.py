"""The ledger: who did what, which versions exist and act, jobs, remembered mappings.

Small and transactional (SQLite in WAL mode), open to several processes at once. Every action of a person
is an event in a hash chain; group it with what it changed, so that both happen or neither:

    with ledger.transaction():
        ledger.set_alias("bnpl_default", "champion", "v2", at)
        ledger.record(at=at, actor="Ada", role="risk", via="page", action="promote", subject="bnpl_default v2")
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, create_engine, delete, event, insert, select, text, update

from core.errors import InputError, UnknownName
from core.store.ledger_cases import LedgerCases
from core.store.ledger_registry import LedgerRegistry
from core.store.ledger_tables import (
    ALIASES,
    APPEND_ONLY,
    EVENTS,
    JOBS,
    MAPPINGS,
    METADATA,
    VERSIONS,
    EventRecord,
    JobRecord,
    VersionRecord,
    add_missing_columns,
)
from core.store.ledger_upsert import upsert
from core.store.ledger_watch import LedgerWatch

GENESIS = "0" * 64  # what the first event links to
_BUSY_SECONDS = 15


class Ledger(LedgerCases, LedgerRegistry, LedgerWatch):
    """The ledger of one desk; may be shared by threads.

    Parameters
    ----------
    path : Path
        The SQLite file; made when it does not exist.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": _BUSY_SECONDS})
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        self._current = threading.local()
        with self.transaction() as connection:
            METADATA.create_all(connection)
            add_missing_columns(connection)
            for statement in APPEND_ONLY:
                connection.execute(text(statement))

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Everything written inside happens, or nothing; may be nested, the outermost one decides.

        It takes SQLite's write lock at once (BEGIN IMMEDIATE), so that what is read inside cannot be
        changed by another process before it is acted on.
        """
        current: Connection | None = getattr(self._current, "connection", None)
        if current is not None:
            yield current
            return
        with self._engine.connect().execution_options(immediate=True) as connection, connection.begin():
            self._current.connection = connection
            try:
                yield connection
            finally:
                self._current.connection = None

    def _read(self, query: Select[Any]) -> list[Any]:
        current: Connection | None = getattr(self._current, "connection", None)
        if current is not None:
            return list(current.execute(query))
        with self._engine.connect() as connection:
            return list(connection.execute(query))

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
            content: dict[str, Any] = {"seq": seq, **said, "subject": subject, **optional, "prev_hash": previous}
            entry = EventRecord(**content, hash=_digest(content))
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
        expected, previous = 1, GENESIS
        with self._engine.connect() as connection:
            for row in connection.execution_options(yield_per=1_000).execute(select(EVENTS).order_by(EVENTS.c.seq)):
                content = dict(row._mapping)
                found = content.pop("hash")
                if row.seq != expected or row.prev_hash != previous or _digest(content) != found:
                    return expected
                expected, previous = expected + 1, found
        return None

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
        query = select(VERSIONS).where(VERSIONS.c.use_case == use_case).order_by(VERSIONS.c.created_at, text("rowid"))
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

    def create_job(
        self, job_id: str, kind: str, use_case: str, actor: str, spec: Mapping[str, Any], created_at: datetime
    ) -> None:
        """Write down a job that waits in the queue."""
        values = {"id": job_id, "kind": kind, "use_case": use_case, "actor": actor, "state": "queued"}
        with self.transaction() as connection:
            connection.execute(insert(JOBS).values(**values, spec=dict(spec), created_at=created_at))

    def update_job(self, job_id: str, **changes: Any) -> None:
        """Change a job: state, message, started_at, finished_at, progress, result.

        Raises
        ------
        UnknownName
        """
        with self.transaction() as connection:
            done = connection.execute(update(JOBS).where(JOBS.c.id == job_id).values(**changes))
            if done.rowcount == 0:
                raise UnknownName("job", job_id, [record.id for record in self.jobs(limit=20)])

    def job(self, job_id: str) -> JobRecord | None:
        """One job, or None."""
        rows = self._read(select(JOBS).where(JOBS.c.id == job_id))
        return JobRecord(**rows[0]._mapping) if rows else None

    def jobs(self, *, state: str | None = None, use_case: str | None = None, limit: int = 100) -> list[JobRecord]:
        """Jobs, newest first."""
        query = select(JOBS).order_by(JOBS.c.created_at.desc(), text("rowid DESC")).limit(limit)
        if state is not None:
            query = query.where(JOBS.c.state == state)
        if use_case is not None:
            query = query.where(JOBS.c.use_case == use_case)
        return [JobRecord(**row._mapping) for row in self._read(query)]

    def claim_interrupted(self, at: datetime) -> list[JobRecord]:
        """Mark what a dead process left queued or running as interrupted, and return it.

        Only for the process that has just taken the desk's lock: nobody else can be working on them.
        """
        with self.transaction() as connection:
            left = JOBS.c.state.in_(("queued", "running"))
            ids = [row.id for row in connection.execute(select(JOBS.c.id).where(left))]
            connection.execute(update(JOBS).where(JOBS.c.id.in_(ids)).values(state="interrupted", finished_at=at))
            found = connection.execute(select(JOBS).where(JOBS.c.id.in_(ids)).order_by(JOBS.c.created_at))
            return [JobRecord(**row._mapping) for row in found]

    def remember_mapping(
        self, use_case: str, fingerprint: str, mapping: Mapping[str, str | None], at: datetime
    ) -> None:
        """Keep how a header's columns were mapped; a later answer replaces an earlier one."""
        values = {"use_case": use_case, "fingerprint": fingerprint, "mapping": dict(mapping), "remembered_at": at}
        with self.transaction() as connection:
            upsert(connection, MAPPINGS, keys=("use_case", "fingerprint"), values=values)

    def recall_mapping(self, use_case: str, fingerprint: str) -> dict[str, str | None] | None:
        """The mapping remembered for a header, or None."""
        where = (MAPPINGS.c.use_case == use_case) & (MAPPINGS.c.fingerprint == fingerprint)
        rows = self._read(select(MAPPINGS.c.mapping).where(where))
        return dict(rows[0].mapping) if rows else None


def _prepare(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself
    for pragma in ("journal_mode = WAL", "synchronous = FULL", f"busy_timeout = {_BUSY_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("immediate"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _digest(content: Mapping[str, Any]) -> str:
    plain = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in content.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
