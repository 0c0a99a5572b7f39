"""Signing in through an identity provider: the address it vouches for is looked up, the role is what this desk gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.errors import DeskError
from core.services.access import Role
from core.services.desk import Desk
from core.services.signing_in import sessions
from core.services.signing_in.people import OIDC
from core.services.signing_in.seen import due
from core.store.ledger_people import PersonRecord

_NOBODY = {"actor": "nobody", "role": "none", "via": "page"}


@dataclass(frozen=True)
class Said:
    """What the identity provider said of somebody, its signature verified.

    Attributes
    ----------
    claims : mapping
        Of the ID token: iss, sub, email, email_verified, ...
    proof : str
        Hash of all of it: it opens one session.
    """

    claims: Mapping[str, Any]
    proof: str


class NotLetIn(DeskError):
    """The provider knows them, this desk does not let them in; the hint says whom to ask."""


def sign_in_with(desk: Desk, said: Said, now: datetime | None = None) -> str:
    """Open a session for whom the provider vouches for, and return what their browser is to hold.

    From the first time on a person is who the provider says they are, by its own name for them (iss and sub): an
    address that is given to somebody else later does not open the desk.

    Raises
    ------
    NotLetIn
        The address is not vouched for, unknown here, deactivated, or somebody else's; an event says so.
    """
    at, claims = now or datetime.now(UTC), said.claims
    email = _address(said)
    if not email or claims.get("email_verified") not in (True, "true"):
        raise _refused(desk, said, at, "does not say that the address is yours", "not verified")
    person = desk.ledger.person_by_email(email)
    if person is None:
        raise _refused(desk, said, at, "knows you, this desk does not", "unknown here")
    subject = f"{claims.get('iss')} {claims.get('sub')}"[:255]
    if not person.active:
        raise _refused(desk, said, at, "knows you, this desk lets you in no more", "deactivated")
    if not claims.get("sub") or person.subject not in (None, subject):
        raise _refused(desk, said, at, "calls you somebody else than before", "another subject")
    with desk.ledger.transaction():
        if desk.ledger.session(proof=said.proof) is not None:
            raise NotLetIn("This sign-in was used already.", "Sign in again.")
        if person.subject is None or person.how != OIDC:
            desk.ledger.change_person(person.id, subject=subject, how=OIDC, password=None, one_time_until=None)
        return sessions.begin(desk, person, at, how="identity provider", proof=said.proof)


def _address(said: Said) -> str:
    return str(said.claims.get("email") or "").strip().lower()


def used(desk: Desk, said: Said) -> bool:
    """Whether a session was opened with this already."""
    return desk.ledger.session(proof=said.proof) is not None


def _refused(desk: Desk, said: Said, at: datetime, what: str, result: str) -> NotLetIn:
    """Write down who knocked: the provider vouches for the address, so it is no slip of somebody's keyboard.

    Once a minute at most, for what the provider said once can be sent as often as somebody likes.
    """
    email = _address(said)
    if due(desk, f"refused {said.proof}", None, at):
        after, action = {"email": email[:254]}, "sign-in refused"
        desk.ledger.record(at=at, **_NOBODY, action=action, subject="nobody known", after=after, result=result)
    named = ", ".join(record.name for record in desk.ledger.people() if _manages(record))
    ask = f"Ask an administrator: {named}." if named else "Ask whoever runs this desk."
    return NotLetIn(f"Your identity provider {what}: {email or 'no address'}.", ask)


def _manages(record: PersonRecord) -> bool:
    return record.active and record.role == Role.ADMIN
