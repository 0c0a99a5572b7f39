"""What a virus scanner finds is neither kept nor scored, and is written down."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from core.bridges import clamd
from core.bridges.clamd import NotLookedAt
from core.config import Settings
from core.errors import FileProblem
from core.services import batches
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk, open_desk

ANALYST = LOCAL_PEOPLE[Role.ANALYST]


def desk_of(home: Path) -> Desk:
    return open_desk(Settings(home=home, clamd="127.0.0.1:3310"))


def test_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clamd, "found_in", lambda where, content: "Eicar" if b"harm" in content.read() else None)
    desk = desk_of(tmp_path)
    with pytest.raises(FileProblem, match="found Eicar in this file; it was not kept"):
        batches.keep_upload(desk, ANALYST, "rows.csv", io.BytesIO(b"harm"))
    assert list((tmp_path / "data" / "uploads").iterdir()) == []
    event = desk.ledger.events(limit=1)[0]
    assert (event.action, event.result, event.actor) == ("upload refused", "refused", ANALYST.name)
    assert batches.keep_upload(desk, ANALYST, "rows.csv", io.BytesIO(b"amount\n1\n")).read_bytes() == b"amount\n1\n"
    desk.close()


def test_no_answer_is_no_pass(tmp_path: Path) -> None:
    desk = open_desk(Settings(home=tmp_path, clamd="127.0.0.1:1"))
    with pytest.raises(NotLookedAt, match="until then no upload is taken"):
        batches.keep_upload(desk, ANALYST, "rows.csv", io.BytesIO(b"amount\n1\n"))
    assert list((tmp_path / "data" / "uploads").iterdir()) == []
    desk.close()
