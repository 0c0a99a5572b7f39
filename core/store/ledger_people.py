"""Who may sign in, who is signed in, which programs hold a token, and who guesses: hashes only, never a secret."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Integer,
    Select,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from core.errors import UnknownName
from core.store.ledger_tables import METADATA, UtcDateTime
from core.store.ledger_upsert import upsert

PEOPLE = Table(
    "people",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("email", String(254), nullable=False, unique=True),  # lower case
    Column("role", String(16), nullable=False),
    Column("how", String(16), nullable=False),  # local | oidc
    Column("active", Boolean, nullable=False),
    Column("password", String(255)),  # argon2id's own text: parameters, salt, hash
    Column("one_time_until", UtcDateTime),  # set: the password was given out, opens until then, must be changed first
    Column("subject", String(255)),  # who they are to the identity provider, from the first sign-in on
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime),
)
SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("secret", String(64), nullable=False, unique=True),  # sha256 of what the cookie holds
    Column("person", String(32), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("proof", String(64), unique=True),  # sha256 of the identity provider's cookie: it opens one session
)
TOKENS = Table(
    "tokens",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("role", String(16), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("secret", String(64), nullable=False, unique=True),  # sha256 of the token
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("withdrawn_at", UtcDateTime),
    Column("expiry_noted", Boolean, nullable=False),
)
ATTEMPTS = Table(
    "sign_in_attempts",
    METADATA,
    Column("who", String(64), primary_key=True),  # sha256 of an account or an address: what was typed is not kept
    Column("failed", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False, index=True),
    Column("wait_until", UtcDateTime),
)


@dataclass(frozen=True)
class PersonRecord:
    """Somebody who may sign in. `password` is a hash; `subject` the identity provider's name for them."""

    id: str
    name: str
    email: str
    role: str
    how: str
    active: bool
    created_at: datetime
    password: str | None = None
    one_time_until: datetime | None = None
    subject: str | None = None
    last_seen_at: datetime | None = None


@dataclass(frozen=True)
class SessionRecord:
    """Somebody who is, or was, signed in. `secret` and `proof` are hashes."""

    id: str
    secret: str
    person: str
    created_at: datetime
    expires_at: datetime
    seen_at: datetime
    ended_at: datetime | None = None
    proof: str | None = None


@dataclass(frozen=True)
class TokenRecord:
    """A program's way in. `secret` is a hash; `expiry_noted`: the event that it expired is written."""

    id: str
    name: str
    role: str
    scopes: Sequence[str]
    secret: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    last_used_at: datetime | None = None
    withdrawn_at: datetime | None = None
    expiry_noted: bool = False


@dataclass(frozen=True)
class AttemptRecord:
    """Failed sign-ins of one account, or from one address, since the last good one."""

    who: str
    failed: int
    last_at: datetime
    wait_until: datetime | None = None


class LedgerPeople(ABC):
    """People, sessions, tokens and attempts of `core.store.ledger.Ledger`."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _read(self, query: Select[Any]) -> list[Any]: ...

    def add_person(self, person: PersonRecord) -> None:
        """Write down somebody new."""
        with self.transaction() as connection:
            connection.execute(insert(PEOPLE).values(**asdict(person)))

    def change_person(self, person_id: str, **changes: Any) -> None:
        """Change what is known of somebody."""
        with self.transaction() as connection:
            connection.execute(update(PEOPLE).where(PEOPLE.c.id == person_id).values(**changes))

    def people(self) -> list[PersonRecord]:
        """Everybody, by name; those who were deactivated too."""
        return [PersonRecord(**row._mapping) for row in self._read(select(PEOPLE).order_by(PEOPLE.c.name))]

    def person(self, person_id: str) -> PersonRecord:
        """One person.

        Raises
        ------
        UnknownName
        """
        rows = self._read(select(PEOPLE).where(PEOPLE.c.id == person_id))
        if not rows:
            raise UnknownName("person", person_id, [person.id for person in self.people()])
        return PersonRecord(**rows[0]._mapping)

    def person_by_email(self, email: str) -> PersonRecord | None:
        """One person by their address in lower case, or None."""
        rows = self._read(select(PEOPLE).where(PEOPLE.c.email == email))
        alike = [PersonRecord(**row._mapping) for row in rows]  # MariaDB takes an e with an accent for one without
        return next((person for person in alike if person.email == email), None)

    def add_session(self, session: SessionRecord) -> None:
        """Write down that somebody signed in."""
        with self.transaction() as connection:
            connection.execute(insert(SESSIONS).values(**asdict(session)))

    def session(
        self, *, secret: str | None = None, session_id: str | None = None, proof: str | None = None
    ) -> SessionRecord | None:
        """One session by the hash of its secret, its id, or what it was opened with; None where there is none."""
        given = {"secret": secret, "id": session_id, "proof": proof}
        where = [SESSIONS.c[name] == value for name, value in given.items() if value is not None]
        rows = self._read(select(SESSIONS).where(*where)) if where else []
        return SessionRecord(**rows[0]._mapping) if rows else None

    def sessions(self, person_id: str) -> list[SessionRecord]:
        """Sessions of a person that nobody ended, the newest first; some may have expired."""
        mine = (SESSIONS.c.person == person_id) & SESSIONS.c.ended_at.is_(None)
        query = select(SESSIONS).where(mine).order_by(SESSIONS.c.created_at.desc())
        return [SessionRecord(**row._mapping) for row in self._read(query)]

    def end_sessions(self, at: datetime, *, session_id: str | None = None, person_id: str | None = None) -> int:
        """End one session, or all of a person; returns how many were still open."""
        mine = SESSIONS.c.id == session_id if session_id is not None else SESSIONS.c.person == person_id
        with self.transaction() as connection:
            ended = update(SESSIONS).where(mine, SESSIONS.c.ended_at.is_(None)).values(ended_at=at)
            return connection.execute(ended).rowcount

    def saw_session(self, session_id: str, person_id: str, at: datetime) -> None:
        """Write down that somebody was here."""
        with self.transaction() as connection:
            connection.execute(update(SESSIONS).where(SESSIONS.c.id == session_id).values(seen_at=at))
            connection.execute(update(PEOPLE).where(PEOPLE.c.id == person_id).values(last_seen_at=at))

    def forget_sessions(self, before: datetime) -> None:
        """Delete sessions and attempts of long ago; the events stay."""
        with self.transaction() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.expires_at < before))
            connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.last_at < before))

    def add_token(self, token: TokenRecord) -> None:
        """Write down a token."""
        with self.transaction() as connection:
            connection.execute(insert(TOKENS).values(**asdict(token)))

    def change_token(self, token_id: str, **changes: Any) -> None:
        """Write down that a token was used, withdrawn, or that its end was noted."""
        with self.transaction() as connection:
            connection.execute(update(TOKENS).where(TOKENS.c.id == token_id).values(**changes))

    def tokens(self) -> list[TokenRecord]:
        """Every token, the newest first."""
        query = select(TOKENS).order_by(TOKENS.c.created_at.desc(), TOKENS.c.id)
        return [TokenRecord(**row._mapping) for row in self._read(query)]

    def token(self, *, secret: str | None = None, token_id: str | None = None) -> TokenRecord | None:
        """One token by the hash of its secret or its id, or None."""
        where = TOKENS.c.secret == secret if secret is not None else TOKENS.c.id == token_id
        rows = self._read(select(TOKENS).where(where))
        return TokenRecord(**rows[0]._mapping) if rows else None

    def save_attempts(self, attempts: AttemptRecord) -> None:
        """Write down how often an account or an address has failed."""
        with self.transaction() as connection:
            upsert(connection, ATTEMPTS, keys=("who",), values=asdict(attempts))

    def attempts(self, who: Sequence[str]) -> dict[str, AttemptRecord]:
        """Failed sign-ins by account or address, for those that have any."""
        rows = self._read(select(ATTEMPTS).where(ATTEMPTS.c.who.in_(who)))
        return {row.who: AttemptRecord(**row._mapping) for row in rows}
