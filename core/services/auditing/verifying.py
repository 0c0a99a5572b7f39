"""Whether the chain of events still holds: every link, and the heads that were kept elsewhere."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from core.errors import InputError
from core.services.access import Action, Actor, require
from core.services.auditing.sealing import broken_archive, sealed_to
from core.services.desk import Desk
from core.store.ledger_chain import Break, Criteria, Head
from core.store.ledger_tables import EventRecord

CHECKED = "check the chain"
SUBJECT = "audit trail"
INTACT = "intact"
_HEAD = re.compile(r"\s*(?:event\s*)?(\d+)\s*[:\s]\s*([0-9a-f]{64})\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Verified:
    """What a check of the whole chain found.

    Attributes
    ----------
    n : int
        Events that were looked at and hold.
    head : Head
        The last of them.
    broken : Break or None
        The first link that does not hold.
    kept : tuple of Head
        Heads from elsewhere that the chain was held against, the newest first.
    undone : int
        Heads that were passed over: of events that were undone when a backup was put back, as an event says.
    event : int
        The number under which the check itself is on record.
    """

    at: datetime
    n: int
    head: Head
    broken: Break | None
    kept: tuple[Head, ...]
    undone: int
    seconds: float
    event: int

    @property
    def result(self) -> str:
        """In words, as the event says it."""
        return _result(self.broken)


def verify(desk: Desk, actor: Actor, kept: str = "", now: datetime | None = None) -> Verified:
    """Check every link, and the heads that backups and `kept` tell; that it was done is an event.

    Parameters
    ----------
    kept : str
        A head as `head_text` wrote it, from wherever somebody kept it.

    Raises
    ------
    InputError
        `kept` is no head.
    """
    require(actor, Action.SEE_AUDIT)
    heads, undone = _outside(desk)
    if kept.strip():
        heads = [read_head(kept), *heads]
    begun = time.perf_counter()
    found = desk.ledger.check_chain(heads, start=sealed_to(desk))
    broken, problem = found.broken, broken_archive(desk)
    if problem:
        broken = Break(1, "archive", "every sealed file as it was written", problem)
    seconds, at = time.perf_counter() - begun, now or datetime.now(UTC)
    facts: dict[str, Any] = {"events": found.n, "head": found.head.seq, "hash": found.head.hash, "heads": len(heads)}
    facts |= asdict(broken) if broken else {}
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    entry = desk.ledger.record(at=at, **who, action=CHECKED, subject=SUBJECT, after=facts, result=_result(broken))
    return Verified(at, found.n, found.head, broken, tuple(heads), undone, seconds, entry.seq)


def _result(broken: Break | None) -> str:
    return INTACT if broken is None else f"broken at event {broken.seq}"


def last_check(desk: Desk, actor: Actor) -> EventRecord | None:
    """The event of the newest check; None before the first."""
    require(actor, Action.SEE_AUDIT)
    return next(iter(desk.ledger.find_events(Criteria(action=CHECKED), 1)), None)


def head_text(desk: Desk, actor: Actor) -> str:
    """The chain's head as one line, to be kept where who can write to the desk cannot."""
    require(actor, Action.SEE_AUDIT)
    seq, digest = desk.ledger.head()
    return f"{seq}:{digest}"


def read_head(text: str) -> Head:
    """A head as `head_text` wrote it.

    >>> read_head("event 12 " + "0" * 64).seq
    12
    """
    found = _HEAD.fullmatch(text)
    if found is None:
        raise InputError(
            f"'{text.strip()[:80]}' is no head of a chain.",
            "It is the number of an event, a colon and 64 hex digits, as 'Head to keep' shows it.",
        )
    return Head(int(found[1]), found[2].lower(), "the head that was given")


def _outside(desk: Desk) -> tuple[list[Head], int]:
    """Heads in the manifests of backups, the newest first, and how many of them a restored backup has undone."""
    from core.services.backing_up.backups import Backup, listed
    from core.services.backing_up.restoring import RESTORED

    made: Sequence[Backup] = [item for item in listed(desk.settings) if item.event_seq]
    back = [(event.at, event.after["event_seq"]) for event in desk.ledger.find_events(Criteria(action=RESTORED), 1_000)]
    stands = [item for item in made if not any(item.made_at < at and item.event_seq > seq for at, seq in back)]
    heads = [
        Head(item.event_seq, item.event_hash, f"backup {item.id}, {item.made_at:%Y-%m-%d %H:%M}") for item in stands
    ]
    return sorted(heads, key=lambda head: -head.seq), len(made) - len(stands)
