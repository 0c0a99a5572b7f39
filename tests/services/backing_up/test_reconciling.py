"""What a killed process meant to do and never told as done is looked up at the next start."""

from __future__ import annotations

import csv
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.config import Settings
from core.errors import DatabaseDown
from core.services import batches, outcomes
from core.services.access import LOCAL_PEOPLE, Role
from core.services.backing_up import making
from core.services.backing_up.reconciling import left_open, reconcile
from core.services.backing_up.restoring import restore
from core.services.desk import Desk, open_desk
from core.services.scoring import score_one
from core.store.ledger import Ledger
from core.store.ledger_desks import DeskRecord
from core.store.log import PredictionLog

ADMIN = LOCAL_PEOPLE[Role.ADMIN]
KEY = "bnpl_default"


class Killed(BaseException):
    """In the place of a signal that nobody can catch."""


@pytest.fixture
def scored(desk: Desk) -> Desk:
    for row in desk.use_case(KEY).synthesize(6, 5).to_pylist():  # type: ignore[misc]
        score_one(desk, ADMIN, KEY, row)
    return desk


def outcome_file(desk: Desk, folder: Path) -> Path:
    path = folder / "outcomes.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["transaction_id", desk.use_case(KEY).target.name])
        found = desk.log.scan(desk.use_case(KEY), ["entity"])["entity"].to_pylist()
        writer.writerows([entity, place % 2] for place, entity in enumerate(found))
    return path


def killed_after(monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> None:
    real = getattr(owner, name)

    def last(self: Any, *args: Any, **facts: Any) -> Any:
        real(self, *args, **facts)
        raise Killed

    monkeypatch.setattr(owner, name, last)


def again(desk: Desk) -> Desk:
    """The next process on a home whose last one was killed: its lock was never given back."""
    desk.log.close()
    lock = desk.settings.data_dir / "desk.lock"
    left = lock.read_bytes()
    desk.close()
    lock.write_bytes(left)
    return open_desk(desk.settings)


def last_events(desk: Desk) -> list[tuple[str, str | None, Any]]:
    return [(event.action, event.result, event.after) for event in desk.ledger.events(limit=4)]


def test_outcomes_that_were_logged_and_never_told(
    scored: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = outcome_file(scored, tmp_path)
    killed_after(monkeypatch, PredictionLog, "append_outcomes")
    with pytest.raises(Killed):
        outcomes.take_in(scored, ADMIN, KEY, path)
    monkeypatch.undo()
    desk = again(scored)
    desk.log  # noqa: B018
    meant = next(event for event in desk.ledger.events() if event.action == "bring outcomes")
    assert last_events(desk)[0] == ("brought outcomes", "done", {"revisions": 6, "intent": meant.seq})
    assert reconcile(desk.log, desk.ledger) == []
    assert desk.ledger.verify_chain() is None
    desk.close()


def test_outcomes_that_were_only_meant(scored: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = outcome_file(scored, tmp_path)

    def dies(self: PredictionLog, *args: Any, **facts: Any) -> None:
        raise Killed

    monkeypatch.setattr(PredictionLog, "append_outcomes", dies)
    with pytest.raises(Killed):
        outcomes.take_in(scored, ADMIN, KEY, path)
    monkeypatch.undo()
    desk = again(scored)
    desk.log  # noqa: B018
    assert last_events(desk)[0][:2] == ("brought outcomes", "not done")
    assert outcomes.take_in(desk, ADMIN, KEY, path).revisions == 6
    assert left_open(desk.ledger.events()) == []
    desk.close()


@pytest.mark.parametrize("done", [True, False])
def test_a_voided_upload(scored: Desk, monkeypatch: pytest.MonkeyPatch, done: bool) -> None:
    batch = scored.log.latest_batches(scored.use_case(KEY))[0]["batch_id"]
    if done:
        killed_after(monkeypatch, PredictionLog, "void")
    else:
        killed_after(monkeypatch, Ledger, "record")
    with pytest.raises(Killed):
        batches.void(scored, ADMIN, batch, "wrong month")
    monkeypatch.undo()
    desk = again(scored)
    desk.log  # noqa: B018
    assert last_events(desk)[0][:2] == ("void batch", "done" if done else "not done")
    assert desk.log.is_voided(batch) is done
    desk.close()


def test_a_desk_that_ended_in_order_looks_for_nothing(scored: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    scored.close()
    monkeypatch.setattr("core.services.desk.reconcile", lambda *given: pytest.fail("there is nothing to look for"))
    desk = open_desk(scored.settings)
    desk.log  # noqa: B018
    desk.close()


def meant_to_void(ledger: Ledger) -> None:
    facts = {"actor": "Ada", "role": "admin", "via": "page", "subject": "b1", "result": "intended"}
    ledger.record(at=ledger.now(), action="void batch", **facts)


def test_a_kill_is_looked_after_though_the_next_start_fails(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*given: Any) -> None:
        raise DatabaseDown("The log's server is down.", "Start it.")

    settings = Settings(home=home)
    with closing(open_desk(settings)) as desk:
        meant_to_void(desk.ledger)
    (home / "data" / "desk.lock").write_text("{}")
    with closing(open_desk(settings)) as desk, monkeypatch.context() as patch, pytest.raises(DatabaseDown):
        patch.setattr("core.services.desk.open_log", down)
        desk.log  # noqa: B018
    for expected in (2, 2):
        with closing(open_desk(settings)) as desk:
            desk.log  # noqa: B018
            assert desk.ledger.head()[0] == expected
            assert last_events(desk)[0][:2] == ("void batch", "not done")
    assert (home / "data" / "desk.lock").read_bytes() == b""


def test_whether_others_are_at_work_is_told_by_the_clock_that_they_beat_by(postgres_url: str, tmp_path: Path) -> None:
    mine, theirs = Ledger(postgres_url, "mine"), Ledger(postgres_url, "theirs")
    at = theirs.now()
    theirs.beat_desk(DeskRecord("theirs", "/srv", "host", 1, at, at))
    meant_to_void(theirs)
    with closing(PredictionLog(tmp_path / "log.duckdb")) as log:
        assert reconcile(log, mine, now=at + timedelta(hours=1)) == []  # this machine's clock is ahead
    mine.close()
    theirs.close()


def test_two_people_at_once_are_told_apart(scored: Desk) -> None:
    facts: dict[str, Any] = {"role": "risk", "via": "page", "subject": f"{KEY} outcomes"}
    at = scored.ledger.events()[0].at
    first = scored.ledger.record(at=at, actor="Ada", action="bring outcomes", **facts)
    second = scored.ledger.record(at=at, actor="Bob", action="bring outcomes", **facts)
    scored.ledger.record(at=at, actor="Ada", action="brought outcomes", **facts)
    assert left_open(scored.ledger.events()) == [second]
    scored.ledger.record(at=at, actor="Ringside", action="brought outcomes", after={"intent": second.seq}, **facts)
    assert left_open(scored.ledger.events()) == []
    assert first.seq < second.seq


def test_a_backup_made_in_between_is_settled_when_it_is_put_back(
    scored: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = scored.log.latest_batches(scored.use_case(KEY))[0]["batch_id"]
    killed_after(monkeypatch, PredictionLog, "void")
    with pytest.raises(Killed):
        batches.void(scored, ADMIN, batch, "wrong month")
    monkeypatch.undo()
    made = making.make(scored, "hourly")
    restore(scored.settings, ADMIN, made.id, tmp_path / "into")
    ledger = Ledger(tmp_path / "into" / "data" / "ledger.sqlite")
    found = [(event.action, event.result) for event in ledger.events(limit=2)]
    ledger.close()
    assert found == [("restore a backup", None), ("void batch", "done")]
