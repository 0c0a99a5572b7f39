"""A desk with a log of its own gets a URL: it says what to do, moves once, and can go back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.cli.main import main
from core.config import Settings
from core.errors import InputError, NotPermitted, NotReady
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import open_desk
from core.services.moving_log import move_log

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ADMIN = LOCAL_PEOPLE[Role.ADMIN]


def test_a_log_moves_to_the_server_and_back(
    home: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = Settings(home=home)
    desk = open_desk(alone)
    case = desk.use_case("bnpl_default")
    desk.log.start_batch(case, version="v1", source="file", actor="Ada", at=NOW)
    desk.close()
    with pytest.raises(InputError, match="names no PostgreSQL server"):
        move_log(alone, ADMIN)

    sharing = replace(alone, database_url=postgres_url)
    desk = open_desk(sharing)
    with pytest.raises(NotReady, match=r"rows of its own.*move-log"):
        desk.log  # noqa: B018
    desk.close()
    with pytest.raises(NotPermitted):
        move_log(sharing, LOCAL_PEOPLE[Role.ANALYST])
    moved = move_log(sharing, ADMIN, now=NOW)
    assert (moved.rows, moved.use_cases) == (0, {"bnpl_default": 0})

    desk = open_desk(sharing)
    assert [batch["actor"] for batch in desk.log.latest_batches()] == ["Ada"]
    assert any(event.action == "move the log" for event in desk.ledger.events())
    desk.close()
    monkeypatch.setenv("RINGSIDE_DATABASE_URL", postgres_url)
    assert main(["move-log", "--back", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"rows": 0, "use_cases": {}}
    desk = open_desk(alone)
    assert len(desk.log.latest_batches()) == 1
    desk.close()
