"""A desk with a ledger in a file gets a URL: it says what to do, and moves once, every row and the whole chain."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.cli.main import main
from core.config import Settings
from core.errors import InputError, NotPermitted, NotReady
from core.services.access import LOCAL_PEOPLE, Role
from core.services.moving_ledger import move_ledger
from core.services.presence import open_ledger
from core.store.ledger import Ledger
from core.store.ledger_registry import ApprovalRecord
from core.store.lock import DeskLock

AT = datetime(2026, 11, 21, 12, 0, 0, 5, tzinfo=UTC)
ADMIN = LOCAL_PEOPLE[Role.ADMIN]


@pytest.fixture(params=["postgres_url", "mariadb_url"])
def there(request: pytest.FixtureRequest) -> str:
    """URL of an empty database."""
    return str(request.getfixturevalue(request.param))


def fill(path: Path, n_events: int = 3) -> None:
    with closing(Ledger(path)) as ledger:
        for number in range(n_events):
            ledger.record(
                at=AT, actor="Ada", role="risk", via="page", action="x", subject=f"é {number}", after={"n": 0.1}
            )
        ledger.create_job("j1", "score file", "bnpl", "Ada", {"path": "a.csv"}, AT)
        ledger.add_approval(ApprovalRecord("p1", AT, "Ada", "risk", True, "fine"))


def test_a_ledger_moves_to_a_server_once(
    home: Path, there: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / "data" / "ledger.sqlite"
    fill(path)
    alone = Settings(home=home)
    with pytest.raises(InputError, match="names no server"):
        move_ledger(alone, ADMIN)
    sharing = replace(alone, database_url=there)
    with pytest.raises(NotReady, match="move-ledger"):
        open_ledger(sharing)
    with pytest.raises(NotPermitted):
        move_ledger(sharing, LOCAL_PEOPLE[Role.ANALYST])
    monkeypatch.setenv("RINGSIDE_DATABASE_URL", there)
    assert main(["move-ledger", "--json"]) == 0
    moved = json.loads(capsys.readouterr().out)
    assert moved["events"] == 3 and moved["rows"] == {"approvals": 1, "events": 3, "jobs": 1}
    assert not path.exists() and (home / "data" / "ledger-moved.sqlite").exists()
    with closing(open_ledger(sharing)) as ledger:
        assert ledger.verify_chain() is None and [event.action for event in ledger.events(limit=1)] == [
            "move the ledger"
        ]
        assert ledger.job("j1") is not None
        ledger.add_approval(ApprovalRecord("p1", AT, "Bob", "risk", False, "not yet"))
        assert [record.actor for record in ledger.approvals("p1")] == ["Ada", "Bob"]
    fill(path)
    with pytest.raises(InputError, match="is not empty"):
        move_ledger(sharing, ADMIN)


def test_a_broken_chain_or_a_running_desk_does_not_move(home: Path, postgres_url: str) -> None:
    path = home / "data" / "ledger.sqlite"
    sharing = Settings(home=home, database_url=postgres_url)
    fill(path)
    with DeskLock(home / "data"), pytest.raises(Exception, match="desk"):
        move_ledger(sharing, ADMIN)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER events_no_update")
        connection.execute("UPDATE events SET actor = 'Eve' WHERE seq = 2")
        connection.commit()
    with pytest.raises(InputError, match="broken at event 2"):
        move_ledger(sharing, ADMIN)
    assert path.exists()
