"""Backups that the desk makes by itself: twice an hour, and soon after something changed that nobody wants to lose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from core.services.backing_up.backups import TASK, listed, read_again
from core.services.backing_up.kept import DAILY, HOURLY, ON_CHANGE
from core.services.backing_up.making import make
from core.services.desk import Desk
from core.services.scheduling.task import Task
from core.store.backup import Backups, Manifest

LANE = "backups"
SETTLED = timedelta(seconds=60)  # so long after the last change: one backup for a promotion and what belongs to it
LOOK_BACK = 500  # events; more of them since the last backup are as good as a change

# What a person or a job took pains with and no file of rows can bring back.
CHANGES = frozenset(
    {
        "train version",
        "pull version",
        "let version act",
        "promote",
        "roll back",
        "retire version",
        "publish policy",
        "roll back policy",
        "conclude experiment",
    }
)


def hourly(desk: Desk, now: datetime) -> Mapping[str, Any]:
    """Make a backup; the day's first one is read again as well."""
    last = listed(desk.settings)
    first = not any(item.reason == DAILY and item.made_at.date() == now.astimezone(UTC).date() for item in last)
    manifest = make(desk, DAILY if first else HOURLY, now)
    if first:
        read_again(desk.settings, manifest.id, now)
    return _said(manifest)


def on_change(desk: Desk, now: datetime) -> Mapping[str, Any]:
    """Make a backup where something has changed since the last one, and has settled."""
    last = Backups(desk.settings.backups_dir).newest()
    events = desk.ledger.events(limit=LOOK_BACK)
    since = [event for event in events if event.action in CHANGES and (last is None or event.seq > last.event_seq)]
    if not since or now - since[0].at < SETTLED:
        return {"said": "Nothing has changed that is not backed up."}
    return _said(make(desk, ON_CHANGE, now))


def _said(manifest: Manifest) -> dict[str, Any]:
    n_rows, mb, new = sum(manifest.n_rows.values()), manifest.bytes / 1e6, manifest.new_bytes / 1e6
    said = f"{n_rows:,} rows and {manifest.event_seq:,} events: {mb:,.1f} MB, {new:,.1f} MB of it new."
    return {"said": said, "found": 1, "backup": manifest.id, "seconds": manifest.seconds}


HOURLY_TASK = Task(TASK, "Back the desk up", "*/30 * * * *", hourly, lane=LANE)
CHANGE_TASK = Task("backup on change", "Back the desk up after a change", "* * * * *", on_change, quiet=True, lane=LANE)
