"""Events in words: a line of the table, the facts of one, which kind of breach a broken link is."""

from __future__ import annotations

from typing import Any

from core.services.auditing.verifying import INTACT
from core.store.ledger_chain import Break
from core.store.ledger_tables import EventRecord

FACES = {"page": "a page", "cli": "a command", "api": "the API", "inbox": "the inbox folder", "schedule": "the clock"}
KINDS = {
    "missing": "An event is missing",
    "link": "An event is out of place, or what stood before it was changed",
    "content": "An event was changed",
    "head": "The chain was written anew: it is not the one that was kept elsewhere",
    "archive": "A sealed file does not hold",
}


def face(via: str) -> str:
    """By which way somebody came.

    >>> face("cli"), face("simulated")
    ('a command', 'simulated')
    """
    return FACES.get(via, via)


def row(event: EventRecord) -> dict[str, Any]:
    """A line of the table."""
    return {
        "No.": event.seq,
        "When (UTC)": event.at,
        "Who": event.actor,
        "What": event.action,
        "About": event.subject,
        "Result": event.result or "",
        "Role": event.role,
        "By": face(event.via),
    }


def broken(found: Break) -> str:
    """What is wrong with the first link that does not hold, in one sentence."""
    return f"{KINDS[found.kind]}: expected {found.expected}, found {found.found}."


def holds(result: str | None) -> bool:
    """Whether a check's result says that the chain is whole."""
    return result == INTACT
