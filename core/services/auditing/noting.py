"""What leaves the desk, whose record is opened and who is turned away: each an event in the ledger's chain.

The faces call these: a page where its button is pressed, a command where it is run, the API where it is asked. What a
service changes it records itself, in the transaction of the change.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from core.errors import DeskError
from core.services.access import Actor

if TYPE_CHECKING:
    from core.services.desk import Desk
    from core.store.ledger_tables import EventRecord

DOWNLOADED, EXPORTED, OPENED, TURNED_AWAY = "download", "export", "open record", "turn away"
NOTED = (DOWNLOADED, EXPORTED, OPENED, TURNED_AWAY)
REFUSED = "refused"  # an event's result
SAME_SECONDS = 30 * 60.0  # opening the same record again within this time is the same opening
_FULL = 10_000  # openings remembered before the old ones are looked through

_clock: Callable[[], float] = time.monotonic
_guard = threading.Lock()
_recent: WeakKeyDictionary[Desk, dict[tuple[str, ...], float]] = WeakKeyDictionary()


def downloaded(
    desk: Desk, actor: Actor, subject: str, *, n_rows: int | None = None, what: str = "", now: datetime | None = None
) -> EventRecord:
    """Record that somebody took a file along; every press of the button is one event.

    Parameters
    ----------
    subject : str
        What it is about: "bnpl_default v2", "case 3f…".
    n_rows : int, optional
        Rows of customers in it.
    what : str
        The file: "scored file, CSV".
    """
    return _record(desk, actor, DOWNLOADED, subject, now, after=_facts(what=what, rows=n_rows))


def exported(
    desk: Desk, actor: Actor, subject: str, *, n_rows: int | None = None, what: str = "", now: datetime | None = None
) -> EventRecord:
    """Record that records themselves were handed out, as `downloaded` does for files that the desk makes."""
    return _record(desk, actor, EXPORTED, subject, now, after=_facts(what=what, rows=n_rows))


def opened(desk: Desk, actor: Actor, subject: str, where: str, now: datetime | None = None) -> EventRecord | None:
    """Record that somebody opened one person's record; None where they did so a moment ago, as a page drawn again does.

    Parameters
    ----------
    subject : str
        The record without a name in it: "bnpl_default " and the id of a prediction.
    where : str
        The page, command or route.
    """
    mark = (OPENED, actor.name, actor.via, subject, where)
    return _once(desk, mark, lambda: _record(desk, actor, OPENED, subject, now, after={"where": where}))


def refused(desk: Desk, actor: Actor, error: DeskError, where: str, now: datetime | None = None) -> EventRecord | None:
    """Record a failed attempt; None where the same person was told the same at the same place a moment ago."""
    subject = str(error.data.get("action") or error.message)
    facts: dict[str, Any] = {"after": {"where": where, "said": error.message}, "result": REFUSED}
    mark = (TURNED_AWAY, actor.name, actor.via, error.message, where)
    return _once(desk, mark, lambda: _record(desk, actor, TURNED_AWAY, subject, now, **facts))


def _facts(**facts: Any) -> dict[str, Any] | None:
    return {name: value for name, value in facts.items() if value not in (None, "")} or None


def _once(desk: Desk, mark: tuple[str, ...], note: Callable[[], EventRecord]) -> EventRecord | None:
    """Note what was not noted within `SAME_SECONDS`; remembered only after it stands in the ledger."""
    if _is_same(desk, mark, _clock()):  # without waiting for what others write
        return None
    with _guard:
        seen, now = _recent.setdefault(desk, {}), _clock()
        if _is_same(desk, mark, now):
            return None
        noted = note()
        if len(seen) >= _FULL:
            for old in [known for known, at in seen.items() if now - at >= SAME_SECONDS]:
                del seen[old]
        seen[mark] = now
    return noted


def _is_same(desk: Desk, mark: tuple[str, ...], now: float) -> bool:
    noted = _recent.get(desk, {}).get(mark)
    return noted is not None and now - noted < SAME_SECONDS


def _record(desk: Desk, actor: Actor, action: str, subject: str, now: datetime | None, **facts: Any) -> EventRecord:
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    return desk.ledger.record(at=now or datetime.now(UTC), **who, action=action, subject=subject, **facts)
