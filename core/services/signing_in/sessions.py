"""Sessions: who is signed in. The browser holds 256 random bits in a cookie; the ledger their hash."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.services.access import Actor, Role
from core.services.desk import Desk
from core.services.signing_in import tokens
from core.services.signing_in.seen import due
from core.store.ledger_people import PersonRecord, SessionRecord

IDLE = timedelta(hours=2)  # a session in which nobody did anything for so long has ended
KEPT = timedelta(days=30)  # ended sessions, for the list of an administrator; the events stay


@dataclass(frozen=True)
class SignedIn:
    """Somebody who is signed in.

    Attributes
    ----------
    id : str
        Of the session; no secret.
    actor : Actor
        With the role they have at this moment.
    must_change : bool
        They came with a one-time password, which must be changed before anything else.
    """

    id: str
    actor: Actor
    person_id: str
    must_change: bool


def begin(desk: Desk, person: PersonRecord, now: datetime, how: str, proof: str | None = None) -> str:
    """Open a session and return what the browser is to hold; always a new secret, so an older one is worth nothing.

    Parameters
    ----------
    proof : str, optional
        Hash of what the identity provider said: it opens one session only.
    """
    secret = secrets.token_urlsafe(32)
    session = SessionRecord(
        id=uuid.uuid4().hex[:16],
        secret=kept(secret),
        person=person.id,
        created_at=now,
        expires_at=now + timedelta(hours=desk.settings.session_hours),
        seen_at=now,
        proof=proof,
    )
    with desk.ledger.transaction():
        desk.ledger.add_session(session)
        desk.ledger.saw_session(session.id, person.id, now)
        event(desk, now, "sign in", person, result=f"by {how}")
    desk.ledger.forget_sessions(now - KEPT)
    for token in desk.ledger.tokens():
        tokens.note_expired(desk, token, now)
    return secret


def of_secret(desk: Desk, secret: str, now: datetime | None = None) -> SignedIn | None:
    """Who holds this cookie; None where the session is unknown, ended, expired or idle, or its person may not enter."""
    return _found(desk, desk.ledger.session(secret=kept(secret)), now or datetime.now(UTC), here=True)


def of_id(desk: Desk, session_id: str, now: datetime | None = None, *, here: bool = False) -> SignedIn | None:
    """Who is signed in under this id, looked at anew: a role that changed holds, a session that ended is None.

    Parameters
    ----------
    here : bool
        Whether somebody does something with it at this moment; a page that draws a part anew by itself is nobody.
    """
    return _found(desk, desk.ledger.session(session_id=session_id), now or datetime.now(UTC), here)


def end(desk: Desk, session_id: str, now: datetime | None = None) -> None:
    """Sign out; nothing happens where that session has ended already."""
    at = now or datetime.now(UTC)
    with desk.ledger.transaction():
        session = desk.ledger.session(session_id=session_id)
        if session is not None and desk.ledger.end_sessions(at, session_id=session_id):
            event(desk, at, "sign out", desk.ledger.person(session.person))


def _found(desk: Desk, session: SessionRecord | None, at: datetime, here: bool) -> SignedIn | None:
    if session is None or session.ended_at is not None or at >= session.expires_at or at - session.seen_at >= IDLE:
        return None
    person = desk.ledger.person(session.person)
    if not person.active:
        return None
    if here and due(desk, session.id, session.seen_at, at):
        desk.ledger.saw_session(session.id, person.id, at)
    actor = Actor(person.name, Role(person.role))
    return SignedIn(session.id, actor, person.id, person.one_time_until is not None)


def kept(secret: str) -> str:
    """256 random bits need no slow hash: nobody can try them all."""
    return hashlib.sha256(secret.encode()).hexdigest()


def event(desk: Desk, at: datetime, action: str, person: PersonRecord, **facts: Any) -> None:
    """Write down what a person did about their own signing in."""
    who = {"actor": person.name, "role": person.role, "via": "page"}
    desk.ledger.record(at=at, **who, action=action, subject=f"person {person.name}", **facts)
