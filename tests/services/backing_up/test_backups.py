"""Backups of a desk that scored: made, listed, read again, thinned, tried out."""

from __future__ import annotations

import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import DeskError, NotPermitted, NotReady, UnknownName
from core.services import scoring
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.backing_up import backups, making
from core.services.backing_up.task import hourly, on_change
from core.services.desk import Desk
from core.services.health_facts import last_backup
from core.store.backup import MANIFEST, Backups
from core.store.backup_pieces import BackupProblem
from core.store.secret_file import read_or_make

ADMIN = LOCAL_PEOPLE[Role.ADMIN]
KEY = "bnpl_default"
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def score(desk: Desk, n: int, seed: int) -> list[str]:
    rows = desk.use_case(KEY).synthesize(n, seed).to_pylist()  # type: ignore[misc]
    return [scoring.score_one(desk, ADMIN, KEY, row).prediction_id for row in rows]


@pytest.fixture
def scored(desk: Desk) -> Desk:
    score(desk, 20, 7)
    return desk


def test_a_backup_says_what_it_holds(scored: Desk) -> None:
    made = backups.back_up(scored, ADMIN)
    assert (made.n_rows, made.rows_of[KEY], made.reason, made.verified) == (20, 20, "by hand", True)
    assert backups.backups(scored, LOCAL_PEOPLE[Role.AUDITOR]) == [made]
    event = scored.ledger.events(made.id)[0]
    assert (event.action, event.seq, event.actor) == ("back up", made.event_seq + 1, ADMIN.name)
    found = last_backup(scored.settings)
    assert found is not None and found.made_at == made.made_at


def test_only_the_right_people(scored: Desk) -> None:
    for actor in (LOCAL_PEOPLE[Role.SALES], LOCAL_PEOPLE[Role.ANALYST], LOCAL_PEOPLE[Role.RISK]):
        with pytest.raises(NotPermitted):
            backups.back_up(scored, actor)
        with pytest.raises(NotPermitted):
            backups.backups(scored, actor)
        with pytest.raises(NotPermitted):
            backups.drill(scored, actor)


def test_the_same_again_writes_nothing_but_what_changed(scored: Desk) -> None:
    first = making.make(scored, "hourly")
    again = making.make(scored, "hourly")
    assert first.new_bytes > 1_000_000 and again.new_bytes == 0
    score(scored, 5, 8)
    assert 0 < making.make(scored, "hourly").new_bytes < first.new_bytes / 5


def test_secrets_are_kept_and_nobody_else_may_read_them(scored: Desk) -> None:
    read_or_make(scored.settings.data_dir / "ids.key")
    manifest = making.make(scored, "hourly")
    modes = {item.path: item.mode for item in manifest.files}
    assert modes["data/ids.key"] == 0o600
    folder = scored.settings.backups_dir
    for path in folder.rglob("*"):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_what_was_handed_in_or_out_is_left_out(scored: Desk) -> None:
    for name in ("uploads", "results", "inbox", "outbox", "reports"):
        (scored.settings.data_dir / name).mkdir(exist_ok=True)
        (scored.settings.data_dir / name / "x.csv").write_text("a\n1\n")
    paths = [item.path for item in making.make(scored, "hourly").files]
    assert [path for path in paths if path.endswith("x.csv")] == ["data/reports/x.csv"]
    assert not any("backups/" in path or "desk.lock" in path or "-wal" in path for path in paths)


def test_backups_while_rows_are_scored_hold_whole_rows(scored: Desk, tmp_path: Path) -> None:
    from core.services.backing_up.restoring import unpack

    acknowledged = [20]
    stop = threading.Event()

    def work() -> None:
        for row in scored.use_case(KEY).synthesize(3_000, 99).to_pylist():  # type: ignore[misc]
            if stop.is_set():
                return
            scoring.score_one(scored, ADMIN, KEY, row)
            acknowledged[0] += 1

    worker = threading.Thread(target=work)
    worker.start()
    kept = Backups(scored.settings.backups_dir)
    try:
        for place in range(4):
            before = acknowledged[0]
            manifest = making.make(scored, "hourly")
            assert before <= manifest.n_rows[KEY] <= acknowledged[0] + 1
            unpack(kept, manifest, tmp_path / str(place))  # refuses where log, ledger and manifest disagree
    finally:
        stop.set()
        worker.join()


def test_a_damaged_piece_is_found_and_written_anew_by_the_next_backup(scored: Desk) -> None:
    made = backups.back_up(scored, ADMIN)
    piece = max((scored.settings.backups_dir / "pieces").glob("*/*"), key=lambda path: path.stat().st_size)
    content = bytearray(piece.read_bytes())
    content[len(content) // 2] ^= 1
    piece.write_bytes(content)
    with pytest.raises(BackupProblem, match="is not whole"):
        backups.verify(scored, ADMIN, made.id)
    assert [(item.verified, item.damaged) for item in backups.backups(scored, ADMIN)] == [(False, True)]
    assert (scored.ledger.events(limit=1)[0].action, scored.ledger.events(limit=1)[0].result) == (
        "read a backup again",
        "damaged",
    )
    assert backups.back_up(scored, ADMIN).verified
    assert backups.verify(scored, ADMIN, made.id).verified


def test_an_interrupted_backup_is_no_backup(scored: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = making.make(scored, "hourly")
    half = scored.settings.backups_dir / "20261121T120000Z-half"
    half.mkdir()
    (half / f".{MANIFEST}.part").write_text("{")
    assert [item.id for item in backups.backups(scored, ADMIN)] == [kept.id]
    making.make(scored, "hourly", kept.made_at + timedelta(hours=2))
    assert not half.exists()


def test_what_others_keep_in_the_folder_of_the_backups_stays(scored: Desk) -> None:
    theirs = scored.settings.backups_dir / "postgres" / "base.tar"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("another program's")
    making.make(scored, "hourly")
    assert theirs.read_text() == "another program's"


def test_a_full_disk_and_a_folder_that_may_not_be_written_to_are_said_in_words(
    scored: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BackupProblem, match="No space left on device") as caught:
        making.make(scored, "hourly")
    assert "RINGSIDE_BACKUPS" in caught.value.hint
    monkeypatch.undo()
    assert backups.backups(scored, ADMIN) == []
    making.make(scored, "hourly")


def test_a_folder_in_the_place_of_which_a_file_lies_is_said_in_words(scored: Desk) -> None:
    scored.settings.backups_dir.write_text("not a folder")
    with pytest.raises(BackupProblem, match="No backup can be written"):
        making.make(scored, "hourly")


def test_the_desk_backs_itself_up(scored: Desk) -> None:
    first = hourly(scored, AT)
    assert "20 rows" in first["said"]
    hourly(scored, AT + timedelta(minutes=30))
    hourly(scored, AT + timedelta(hours=1))
    found = backups.backups(scored, ADMIN)
    assert [item.reason for item in found] == ["hourly", "hourly", "daily"]
    assert [item.verified for item in found] == [False, False, True]
    assert hourly(scored, AT + timedelta(days=1))["found"] == 1
    assert backups.backups(scored, ADMIN)[0].reason == "daily"


def test_a_change_is_backed_up_once_it_has_settled(scored: Desk) -> None:
    making.make(scored, "hourly", AT - timedelta(minutes=10))
    assert "Nothing has changed" in on_change(scored, AT)["said"]
    facts: dict[str, Any] = {"actor": "Rita", "role": "risk", "via": "page", "subject": KEY}
    scored.ledger.record(at=AT, action="publish policy", **facts)
    assert "found" not in on_change(scored, AT + timedelta(seconds=30))
    assert on_change(scored, AT + timedelta(seconds=90))["found"] == 1
    assert "found" not in on_change(scored, AT + timedelta(seconds=150))
    assert backups.backups(scored, ADMIN)[0].reason == "on change"


def test_the_next_one_is_told(scored: Desk) -> None:
    due = backups.next_at(scored, AT)
    assert due is not None and due <= AT + timedelta(minutes=30)
    assert backups.same_disk(scored.settings)


def test_a_drill_opens_a_desk_on_the_backup_and_scores_again(scored: Desk) -> None:
    with pytest.raises(NotReady):
        backups.drill(scored, ADMIN)
    assert backups.last_drill(scored, ADMIN) is None
    backups.back_up(scored, ADMIN, AT)
    found = backups.drill(scored, ADMIN, AT + timedelta(minutes=20))
    assert found.ok and (found.n_rows, found.n_scored, found.n_equal) == (20, 20, 20)
    assert found.rpo_seconds == 1_200 and found.rto_seconds > 0
    assert backups.last_drill(scored, ADMIN) == found
    assert not list(scored.settings.data_dir.glob(".drill-*"))


def test_a_drill_of_a_damaged_backup_says_what_is_damaged(scored: Desk) -> None:
    backups.back_up(scored, ADMIN)
    max((scored.settings.backups_dir / "pieces").glob("*/*"), key=lambda path: path.stat().st_size).unlink()
    found = backups.drill(scored, ADMIN)
    assert not found.ok and "is missing" in found.problem
    assert backups.backups(scored, ADMIN)[0].damaged


def test_an_unknown_backup(scored: Desk, analyst: Actor) -> None:
    with pytest.raises(UnknownName, match="There is no backup"):
        backups.verify(scored, ADMIN, "../ledger.sqlite")
    with pytest.raises(DeskError):
        backups.verify(scored, analyst, "x")
