"""How people come in: the mode of signing in, who is signed in now, how many tries failed of late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.signing_in.sessions import IDLE
from core.store.ledger_chain import Criteria
from core.store.ledger_people import SessionRecord

FAILED, LOCKED = "sign-in failed", "lock account"
_OF_LATE = timedelta(hours=24)


@dataclass(frozen=True)
class Doors:
    """Signing in as it stands.

    Attributes
    ----------
    mode : {"off", "local", "oidc"}
    behind_proxy : bool
        Whether a proxy in front ends TLS.
    session_hours, idle_hours : float
        After how long a session ends, and one in which nobody did anything.
    open_of : mapping of str to int
        Id of a person -> sessions that are open; only those who have one.
    n_failed, n_locked : int
        Tries that failed, and those that made an account wait, in the last 24 hours.
    """

    at: datetime
    mode: str
    behind_proxy: bool
    session_hours: float
    idle_hours: float
    open_of: Mapping[str, int]
    n_failed: int
    n_locked: int


def doors(desk: Desk, actor: Actor, now: datetime | None = None) -> Doors:
    """Signing in as it stands now."""
    require(actor, Action.SEE_ADMIN)
    at = now or datetime.now(UTC)
    settings = desk.settings
    open_of = {
        person.id: sum(_open(session, at) for session in desk.ledger.sessions(person.id))
        for person in desk.ledger.people()
        if person.active
    }
    failed, locked = (
        desk.ledger.count_events(Criteria(since=at - _OF_LATE, action=action)) for action in (FAILED, LOCKED)
    )
    return Doors(
        at=at,
        mode=settings.sign_in,
        behind_proxy=settings.behind_proxy,
        session_hours=settings.session_hours,
        idle_hours=IDLE.total_seconds() / 3_600,
        open_of={person: n for person, n in open_of.items() if n},
        n_failed=failed,
        n_locked=locked,
    )


def _open(session: SessionRecord, at: datetime) -> bool:
    return at < session.expires_at and at - session.seen_at < IDLE
