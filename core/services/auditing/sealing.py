"""Old events sealed into files: after the retention, with their own link to what follows; the ledger deletes nothing.

A sealed file holds whole events from the first that no file holds yet, one JSON object a line, and says what its first
event links to and which is its last. Where a database administrator then takes sealed events out of the ledger, the
chain goes on from the file's last event, and both are checked.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.privacy.settings import EVENTS
from core.store.ledger_chain import GENESIS, Criteria, Head, digest
from core.store.ledger_tables import EventRecord

SEALED = "seal events"
_AT_ONCE = 5_000


@dataclass(frozen=True)
class Archive:
    """A sealed file: which events it holds, what the first links to, what the next must link to."""

    name: str
    first: int
    last: int
    prev_hash: str
    last_hash: str
    sha256: str


def retention() -> timedelta:
    """How long events stay in the ledger, at least."""
    return timedelta(days=EVENTS.days or 0)


def seal(desk: Desk, actor: Actor, now: datetime | None = None) -> Archive:
    """Write events that are older than the retention into a file; they stay in the ledger as well.

    Raises
    ------
    InputError
        None is so old, or an event among them does not hold.
    """
    require(actor, Action.SET_RETENTION)
    at = now or datetime.now(UTC)
    before = sealed_to(desk) or Head(0, GENESIS)
    old = list(_old(desk, before, at - retention()))
    if not old:
        days = f"{retention().days // 365} years"
        raise InputError(f"No event is older than {days} that is not sealed already.", "There is nothing to seal.")
    lines = "".join(json.dumps(asdict(event) | {"at": event.at.isoformat()}) + "\n" for event in old)
    packed = gzip.compress(lines.encode(), mtime=0)
    name = f"events-{old[0].seq:09d}-{old[-1].seq:09d}.jsonl.gz"
    made = Archive(name, old[0].seq, old[-1].seq, before.hash, old[-1].hash, hashlib.sha256(packed).hexdigest())
    folder(desk).mkdir(parents=True, exist_ok=True)
    part = folder(desk) / f"{name}.part"
    part.write_bytes(packed)
    part.replace(folder(desk) / name)
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    desk.ledger.record(at=at, **who, action=SEALED, subject="audit trail", after=asdict(made), result="done")
    return made


def archives(desk: Desk) -> list[Archive]:
    """Sealed files by the events that say so, the oldest first."""
    found = desk.ledger.find_events(Criteria(action=SEALED), 10_000)
    return sorted((Archive(**event.after) for event in found), key=lambda archive: archive.first)


def sealed_to(desk: Desk) -> Head | None:
    """The last event that a sealed file holds; None where nothing is sealed."""
    last = next(reversed(archives(desk)), None)
    return Head(last.last, last.last_hash, last.name) if last else None


def broken_archive(desk: Desk) -> str:
    """What is wrong with the first sealed file that does not hold; "" where all of them do."""
    link = GENESIS
    for archive in archives(desk):
        path = folder(desk) / archive.name
        if not path.is_file():
            return f"{archive.name} is not there."
        packed = path.read_bytes()
        if hashlib.sha256(packed).hexdigest() != archive.sha256 or archive.prev_hash != link:
            return f"{archive.name} is not the file that was sealed."
        for row in map(json.loads, gzip.decompress(packed).splitlines()):
            content: dict[str, Any] = {name: value for name, value in row.items() if name != "hash"}
            if row["prev_hash"] != link or digest(content) != row["hash"]:
                return f"{archive.name}: event {row['seq']} does not hold."
            link = row["hash"]
        if link != archive.last_hash:
            return f"{archive.name} does not end where it says."
    return ""


def folder(desk: Desk) -> Path:
    """Where sealed files lie."""
    return desk.settings.data_dir / "audit"


def _old(desk: Desk, before: Head, until: datetime) -> Iterator[EventRecord]:
    """Events after a sealed one, up to the first that is still within the retention; each looked at first."""
    link, seq = before.hash, before.seq
    while True:
        found = desk.ledger.events_from(seq + 1, _AT_ONCE)
        for event in found:
            if event.at >= until:
                return
            content = {name: value for name, value in vars(event).items() if name != "hash"}
            if event.seq != seq + 1 or event.prev_hash != link or digest(content) != event.hash:
                raise InputError(
                    f"Event {seq + 1} does not hold, so nothing is sealed.", "Run: python -m core audit verify"
                )
            link, seq = event.hash, event.seq
            yield event
        if len(found) < _AT_ONCE:
            return
