"""Tokens: a program's way in, with a role, scopes and an end. The token is shown once; its hash is kept."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.errors import InputError, UnknownName
from core.services.access import SCOPES, Action, Actor, Role, require
from core.services.desk import Desk
from core.services.signing_in.seen import due
from core.store.ledger_people import TokenRecord

BEGINS = "rs_"  # so that a token that leaked is recognised as one
LONGEST_DAYS = 366
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Token:
    """A program's way in, without its secret.

    Attributes
    ----------
    role : Role
        What it could do at most.
    scopes : tuple of str
        Names in `core.services.access.SCOPES`: what it was made for.
    """

    id: str
    name: str
    role: Role
    scopes: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime
    last_used_at: datetime | None = None
    withdrawn_at: datetime | None = None

    def works(self, now: datetime) -> bool:
        """Whether it opens anything."""
        return self.withdrawn_at is None and now < self.expires_at


@dataclass(frozen=True)
class Holder:
    """Who sent a token that works: the actor, and the token's id."""

    actor: Actor
    id: str


def tokens(desk: Desk, actor: Actor) -> list[Token]:
    """Every token, the newest first; those that open nothing any more too."""
    require(actor, Action.SEE_ADMIN)
    return [_token_of(record) for record in desk.ledger.tokens()]


def give(
    desk: Desk, actor: Actor, *, name: str, role: Role, scopes: Sequence[str], days: int, now: datetime | None = None
) -> tuple[Token, str]:
    """Make a token.

    Parameters
    ----------
    name : str
        Of the program; events say "NAME (token)".
    days : int
        1 to 366, after which it opens nothing.

    Returns
    -------
    (Token, str)
        The text is the token itself ("rs_..."): told once, kept nowhere.

    Raises
    ------
    InputError
        The name is taken by a token that works, a scope is unknown, or the days are out of range.
    """
    require(actor, Action.MANAGE_TOKENS)
    at, name = now or datetime.now(UTC), " ".join(name.split())
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise InputError("A token needs a name.", f"Name the program that uses it in 1 to {_LONGEST_NAME} letters.")
    if not 1 <= days <= LONGEST_DAYS:
        raise InputError(f"A token for {days} days is not given.", f"It takes 1 to {LONGEST_DAYS}.")
    text = BEGINS + secrets.token_urlsafe(32)
    record = TokenRecord(
        id=uuid.uuid4().hex[:12],
        name=name,
        role=Role(role).value,
        scopes=_scopes(scopes),
        secret=_kept(text),
        created_at=at,
        created_by=actor.name,
        expires_at=at + timedelta(days=days),
    )
    with desk.ledger.transaction():
        if any(_token_of(other).works(at) and other.name == name for other in desk.ledger.tokens()):
            raise InputError(f"There is a token called {name} already.", "Withdraw it first, or take another name.")
        desk.ledger.add_token(record)
        facts = {"role": record.role, "scopes": list(record.scopes), "expires_at": record.expires_at.isoformat()}
        _event(desk, actor, at, "give token", name, after=facts)
    return _token_of(record), text


def withdraw(desk: Desk, actor: Actor, token_id: str, now: datetime | None = None) -> Token:
    """Let a token open nothing any more, from its next request on; nothing happens where it does so already.

    Raises
    ------
    UnknownName
    """
    require(actor, Action.MANAGE_TOKENS)
    at = now or datetime.now(UTC)
    with desk.ledger.transaction():
        record = desk.ledger.token(token_id=token_id)
        if record is None:
            raise UnknownName("token", token_id, [known.id for known in desk.ledger.tokens()])
        if record.withdrawn_at is None:
            desk.ledger.change_token(token_id, withdrawn_at=at)
            _event(desk, actor, at, "withdraw token", record.name)
    found = desk.ledger.token(token_id=token_id)
    assert found is not None
    return _token_of(found)


def holder(desk: Desk, text: str, now: datetime | None = None) -> Holder | None:
    """Who sends this token; None where it opens nothing. Its first use after its end becomes an event."""
    at = now or datetime.now(UTC)
    record = desk.ledger.token(secret=_kept(text)) if text.startswith(BEGINS) else None
    if record is None:
        return None
    if not _token_of(record).works(at):
        note_expired(desk, record, at)
        return None
    if due(desk, record.id, record.last_used_at, at):
        desk.ledger.change_token(record.id, last_used_at=at)
    return Holder(_actor_of(record), record.id)


def note_expired(desk: Desk, record: TokenRecord, at: datetime) -> None:
    """Write down once that a token came to its end."""
    if record.withdrawn_at is not None or record.expiry_noted or at < record.expires_at:
        return
    with desk.ledger.transaction():
        current = desk.ledger.token(token_id=record.id)
        if current is not None and not current.expiry_noted:
            desk.ledger.change_token(record.id, expiry_noted=True)
            _event(desk, _actor_of(record), at, "token expired", record.name)


def _actor_of(record: TokenRecord) -> Actor:
    allowed = frozenset[Action]().union(*(SCOPES[scope] for scope in record.scopes if scope in SCOPES))
    return Actor(f"{record.name} (token)", Role(record.role), "api", allowed)


def _token_of(record: TokenRecord) -> Token:
    return Token(
        id=record.id,
        name=record.name,
        role=Role(record.role),
        scopes=tuple(record.scopes),
        created_at=record.created_at,
        created_by=record.created_by,
        expires_at=record.expires_at,
        last_used_at=record.last_used_at,
        withdrawn_at=record.withdrawn_at,
    )


def _scopes(scopes: Sequence[str]) -> list[str]:
    wanted = list(dict.fromkeys(scopes))
    if not wanted:
        raise InputError("A token needs a scope.", f"Choose from {', '.join(SCOPES)}.")
    for scope in wanted:
        if scope not in SCOPES:
            raise UnknownName("scope", scope, SCOPES)
    return wanted


def _kept(text: str) -> str:
    """256 random bits need no slow hash: nobody can try them all."""
    return hashlib.sha256(text.encode()).hexdigest()


def _event(desk: Desk, actor: Actor, at: datetime, action: str, name: str, **facts: Any) -> None:
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    desk.ledger.record(at=at, **who, action=action, subject=f"token {name}", **facts)
