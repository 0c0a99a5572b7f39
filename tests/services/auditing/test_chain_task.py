"""The chain of events is checked every night; where it is broken the task has failed, and failed tasks are an alert."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from core.config import Settings
from core.services.access import LOCAL_PEOPLE, Role
from core.services.auditing.verifying import verify
from core.services.desk import open_desk
from core.services.scheduling.tasks import tasks

NOW = datetime(2026, 11, 21, 4, 40, tzinfo=UTC)
ADMIN = LOCAL_PEOPLE[Role.ADMIN]


def test_checked_by_night(tmp_path: Path) -> None:
    desk = open_desk(Settings(home=tmp_path))
    task = next(task for task in tasks(desk) if task.key == "chain")
    for _ in range(3):
        verify(desk, ADMIN)
    done = task.run(desk, NOW)
    assert done["said"] == "3 events hold, up to number 3, held against 0 heads of backups."
    assert desk.ledger.events(limit=1)[0].actor == "Ringside"
    with sqlite3.connect(tmp_path / "data" / "ledger.sqlite") as ledger:
        ledger.execute("DROP TRIGGER events_no_update")
        ledger.execute("UPDATE events SET actor = 'Eve' WHERE seq = 2")
    failed = task.run(desk, NOW)
    assert failed["failed"] == "The chain of events is broken at event 2; the Audit page shows it."
    desk.close()
