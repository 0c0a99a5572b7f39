"""Accounts of this desk: signing in with an address and a password, and changing the password."""

from __future__ import annotations

from datetime import UTC, datetime

from core.errors import DeskError, InputError
from core.services.desk import Desk
from core.services.signing_in import passwords, sessions, throttle
from core.services.signing_in.people import LOCAL
from core.store.ledger_people import PersonRecord

_NOBODY = {"actor": "nobody", "role": "none", "via": "page"}


class NotSignedIn(DeskError):
    """The address and the password do not belong together; it does not say which of them is wrong."""


def sign_in(desk: Desk, email: str, password: str, address: str, now: datetime | None = None) -> str:
    """Sign somebody in and return what their browser is to hold.

    Parameters
    ----------
    address : str
        Where the request comes from; failures are counted for it and for the account.

    Raises
    ------
    NotSignedIn
        Unknown address, wrong password, one-time password too old, or deactivated: the same words, after as long.
    TooManyTries
    """
    at, account = now or datetime.now(UTC), email.strip().lower()[:254]
    guess = throttle.counted(desk, account, address, at)
    person = desk.ledger.person_by_email(account)
    if not _may_enter(person, password, at) or person is None:
        _failed(desk, person, guess, address, at)
        raise NotSignedIn("This address and this password do not belong together.", "Try again, or ask for a new one.")
    throttle.forgiven(desk, guess)
    return sessions.begin(desk, person, at, how="password")


def change_password(desk: Desk, session_id: str, old: str, new: str, address: str, now: datetime | None = None) -> str:
    """Change one's own password; every session ends, and a new one begins, whose secret is returned.

    Raises
    ------
    NotSignedIn
        The session has ended.
    InputError
        The old password is wrong, or the new one too weak or the old one again.
    TooManyTries
    """
    at = now or datetime.now(UTC)
    signed_in = sessions.of_id(desk, session_id, at)
    if signed_in is None:
        raise NotSignedIn("You are signed out.", "Sign in again.")
    person = desk.ledger.person(signed_in.person_id)
    guess = throttle.counted(desk, person.email, address, at)
    if not passwords.matches(person.password, old):
        _failed(desk, person, guess, address, at)
        raise InputError("The old password is another one.", "Type the one you signed in with.")
    throttle.forgiven(desk, guess)
    passwords.check(new, name=person.name, email=person.email)
    if new == old:
        raise InputError("The new password is the old one.", "Take another one.")
    kept = passwords.hashed(new)
    with desk.ledger.transaction():
        desk.ledger.change_person(person.id, password=kept, one_time_until=None)
        desk.ledger.end_sessions(at, person_id=person.id)
        sessions.event(desk, at, "change password", person)
        return sessions.begin(desk, person, at, how="new password")


def _may_enter(person: PersonRecord | None, password: str, at: datetime) -> bool:
    right = passwords.matches(person.password if person is not None and person.how == LOCAL else None, password)
    if person is None or not right or not person.active:
        return False
    return person.one_time_until is None or at < person.one_time_until


def _failed(desk: Desk, person: PersonRecord | None, guess: throttle.Guess, address: str, at: datetime) -> None:
    """What was typed is not written down: it may be a password in the wrong field."""
    subject = f"person {person.name}" if person is not None else "nobody known"
    with desk.ledger.transaction():
        desk.ledger.record(at=at, **_NOBODY, action="sign-in failed", subject=subject, result=f"from {address}")
        if guess.locked_for is not None:
            wait = f"{guess.locked_for.total_seconds():.0f} seconds"
            desk.ledger.record(at=at, **_NOBODY, action="lock account", subject=subject, result=f"for {wait}")
