"""People who may sign in: added, given a role, deactivated by an administrator; every change an event."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.errors import InputError
from core.services.access import Action, Actor, Role, require
from core.services.desk import Desk
from core.services.signing_in import passwords, throttle
from core.store.ledger_people import PersonRecord

ONE_TIME_DAYS = 3  # that a password which somebody else made opens the desk
LOCAL, OIDC = "local", "oidc"
_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,180}")
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Person:
    """Somebody who may sign in.

    Attributes
    ----------
    how : str
        "local" (a password of this desk) or "oidc" (the identity provider).
    locked_until : datetime or None
        After too many failed tries nobody can sign in as them until then.
    """

    id: str
    name: str
    email: str
    role: Role
    active: bool
    how: str
    created_at: datetime
    last_seen_at: datetime | None = None
    locked_until: datetime | None = None


def people(desk: Desk, actor: Actor, now: datetime | None = None) -> list[Person]:
    """Everybody, by name; those who were deactivated too."""
    require(actor, Action.SEE_ADMIN)
    at, known = now or datetime.now(UTC), desk.ledger.people()
    waits = throttle.waits_until(desk, {record.id: record.email for record in known}, at)
    return [person_of(record, waits.get(record.id)) for record in known]


def person_of(record: PersonRecord, locked_until: datetime | None = None) -> Person:
    """A person as people know them: without the hash."""
    return Person(
        id=record.id,
        name=record.name,
        email=record.email,
        role=Role(record.role),
        active=record.active,
        how=record.how,
        created_at=record.created_at,
        last_seen_at=record.last_seen_at,
        locked_until=locked_until,
    )


def add(
    desk: Desk,
    actor: Actor,
    *,
    name: str,
    email: str,
    role: Role,
    password: str | None = None,
    now: datetime | None = None,
) -> tuple[Person, str]:
    """Let somebody in.

    Parameters
    ----------
    password : str, optional
        To begin with; None: the desk makes one. Either way it is changed at the first sign-in. Where the identity
        provider signs people in, nobody has one.

    Returns
    -------
    (Person, str)
        The text is the one-time password, told once and kept nowhere; "" where there is none to tell.

    Raises
    ------
    InputError
        The name or the address is taken, or cannot be one.
    """
    require(actor, Action.MANAGE_PEOPLE)
    at, name, email = now or datetime.now(UTC), " ".join(name.split()), address(email)
    how = OIDC if desk.settings.sign_in == OIDC else LOCAL
    told, kept, until = _first_password(password, name, email, at) if how == LOCAL else ("", None, None)
    record = PersonRecord(uuid.uuid4().hex[:12], name, email, Role(role).value, how, True, at, kept, until)
    with desk.ledger.transaction():
        _check_name(desk, name)
        if desk.ledger.person_by_email(email) is not None:
            raise InputError(f"Somebody with the address {email} is known already.", "Change their role instead.")
        desk.ledger.add_person(record)
        _event(desk, actor, at, "add person", name, after={"email": email, "role": record.role, "how": how})
    return person_of(record), told


def set_role(desk: Desk, actor: Actor, person_id: str, role: Role, now: datetime | None = None) -> Person:
    """Give somebody another role; it holds with the next thing they do.

    Raises
    ------
    UnknownName, InputError
        InputError: nobody would be left who can manage people.
    """
    require(actor, Action.MANAGE_PEOPLE)
    with desk.ledger.transaction():
        before = desk.ledger.person(person_id)
        if Role(role) is not Role.ADMIN:
            _keep_an_admin(desk, before)
        desk.ledger.change_person(person_id, role=Role(role).value)
        facts = {"before": {"role": before.role}, "after": {"role": Role(role).value}}
        _event(desk, actor, now or datetime.now(UTC), "change role", before.name, **facts)
    return person_of(desk.ledger.person(person_id))


def deactivate(desk: Desk, actor: Actor, person_id: str, now: datetime | None = None) -> Person:
    """Let somebody in no more, and end what they have open.

    Raises
    ------
    UnknownName, InputError
        InputError: nobody would be left who can manage people.
    """
    require(actor, Action.MANAGE_PEOPLE)
    at = now or datetime.now(UTC)
    with desk.ledger.transaction():
        before = desk.ledger.person(person_id)
        _keep_an_admin(desk, before)
        desk.ledger.change_person(person_id, active=False)
        ended = desk.ledger.end_sessions(at, person_id=person_id)
        _event(desk, actor, at, "deactivate person", before.name, result=f"{ended} sessions ended")
    return person_of(desk.ledger.person(person_id))


def reactivate(desk: Desk, actor: Actor, person_id: str, now: datetime | None = None) -> Person:
    """Let somebody in again, with the role they had."""
    require(actor, Action.MANAGE_PEOPLE)
    with desk.ledger.transaction():
        before = desk.ledger.person(person_id)
        desk.ledger.change_person(person_id, active=True)
        _event(desk, actor, now or datetime.now(UTC), "reactivate person", before.name)
    return person_of(desk.ledger.person(person_id))


def set_password(
    desk: Desk, actor: Actor, person_id: str, password: str | None = None, now: datetime | None = None
) -> str:
    """Give somebody a new one-time password, end what they have open, and let them try again at once.

    Returns
    -------
    str
        The password, told once and kept nowhere; "" where it was given.

    Raises
    ------
    UnknownName, InputError
        InputError: the identity provider signs people in, or the password is too weak.
    """
    require(actor, Action.MANAGE_PEOPLE)
    at = now or datetime.now(UTC)
    record = desk.ledger.person(person_id)
    if desk.settings.sign_in == OIDC:
        raise InputError(f"{record.name} has no password here.", "They change it where they sign in.")
    told, kept, until = _first_password(password, record.name, record.email, at)
    with desk.ledger.transaction():
        desk.ledger.change_person(person_id, password=kept, one_time_until=until, how=LOCAL)
        throttle.unlock(desk, record.email, at)
        ended = desk.ledger.end_sessions(at, person_id=person_id)
        _event(desk, actor, at, "set password", record.name, result=f"{ended} sessions ended")
    return told


def sign_out(desk: Desk, actor: Actor, person_id: str, now: datetime | None = None) -> int:
    """End everything somebody has open; returns how many sessions that were."""
    require(actor, Action.MANAGE_PEOPLE)
    at = now or datetime.now(UTC)
    with desk.ledger.transaction():
        record = desk.ledger.person(person_id)
        ended = desk.ledger.end_sessions(at, person_id=person_id)
        _event(desk, actor, at, "end sessions", record.name, result=f"{ended} sessions ended")
    return ended


def address(email: str) -> str:
    """An e-mail address as it is kept and compared.

    Raises
    ------
    InputError
    """
    found = email.strip().lower()
    if not _EMAIL.fullmatch(found):
        raise InputError("That is no e-mail address.", "It takes one like ada@example.com.")
    return found


def _first_password(given: str | None, name: str, email: str, at: datetime) -> tuple[str, str, datetime]:
    """What to tell, what to keep, and until when it opens the desk."""
    if given is not None:
        passwords.check(given, name=name, email=email)
    made = passwords.one_time() if given is None else given
    return (made if given is None else ""), passwords.hashed(made), at + timedelta(days=ONE_TIME_DAYS)


def _check_name(desk: Desk, name: str) -> None:
    """Events name who acted, and nobody may approve what they asked for: so every name is one person's."""
    if not 1 <= len(name) <= _LONGEST_NAME or name.endswith("(token)"):
        raise InputError(
            f"A person's name cannot be '{name[:_LONGEST_NAME]}'.", f"It takes 1 to {_LONGEST_NAME} letters."
        )
    if any(record.name.casefold() == name.casefold() for record in desk.ledger.people()):
        raise InputError(f"Somebody is called {name} already.", "Events go by the name: make it another one.")


def _keep_an_admin(desk: Desk, leaving: PersonRecord) -> None:
    """Refuse to take the last administrator away."""
    admins = [record for record in desk.ledger.people() if record.active and record.role == Role.ADMIN]
    if [record.id for record in admins] == [leaving.id]:
        raise InputError(f"{leaving.name} is the only administrator left.", "Make somebody else one first.")


def _event(desk: Desk, actor: Actor, at: datetime, action: str, name: str, **facts: Any) -> None:
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    desk.ledger.record(at=at, **who, action=action, subject=f"person {name}", **facts)
