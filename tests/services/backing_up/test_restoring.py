"""Putting a backup back: the same desk again, whatever is damaged is found first, nothing is deleted."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from core.config import Settings
from core.errors import DeskBusy, DeskError, InputError, NotPermitted
from core.services.access import LOCAL_PEOPLE, Role
from core.services.backing_up import making
from core.services.backing_up.restoring import restore
from core.services.desk import Desk, open_desk
from core.services.scoring import score_one
from core.store.backup import MANIFEST, Backups, Manifest
from core.store.backup_pieces import BackupProblem
from core.store.secret_file import read_or_make

ADMIN = LOCAL_PEOPLE[Role.ADMIN]
KEY = "bnpl_default"


def score(desk: Desk, n: int, seed: int) -> None:
    for row in desk.use_case(KEY).synthesize(n, seed).to_pylist():  # type: ignore[misc]
        score_one(desk, ADMIN, KEY, row)


@pytest.fixture
def made(desk: Desk) -> Manifest:
    score(desk, 10, 7)
    read_or_make(desk.settings.data_dir / "ids.key")
    return making.make(desk, "hourly")


def test_into_a_folder_it_is_the_same_desk(desk: Desk, made: Manifest, tmp_path: Path) -> None:
    score(desk, 3, 8)
    into = tmp_path / "elsewhere" / "home"
    done = restore(desk.settings, ADMIN, made.id, into)
    assert (done.n_rows, done.n_events, done.moved_to) == (10, made.event_seq, "")
    again = open_desk(Settings(home=into))
    assert again.log.counts(again.use_case(KEY)).total == 10
    assert again.acting(KEY) == desk.acting(KEY)
    assert again.ledger.verify_chain() is None
    last = again.ledger.events(limit=1)[0]
    assert (last.action, last.subject, last.prev_hash) == ("restore a backup", made.id, made.event_hash)
    score(again, 1, 9)
    again.close()
    assert (into / "data" / "ids.key").read_bytes() == (desk.settings.data_dir / "ids.key").read_bytes()
    assert (into / "data" / "ids.key").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_holds_something_is_left_alone(desk: Desk, made: Manifest, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("x")
    with pytest.raises(InputError, match="is not empty"):
        restore(desk.settings, ADMIN, made.id, tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine"]


def test_a_running_desk_is_not_replaced(desk: Desk, made: Manifest) -> None:
    with pytest.raises(DeskBusy, match="is owned by"):
        restore(desk.settings, ADMIN, made.id)
    assert not list(desk.settings.home.glob("replaced-*"))


def test_in_place_what_was_there_is_moved_aside(desk: Desk, made: Manifest) -> None:
    score(desk, 5, 8)
    desk.ledger.record(at=made.made_at, actor="Ada", role="risk", via="page", action="note", subject="lost")
    desk.close()
    done = restore(desk.settings, ADMIN, made.id)
    assert done.n_undone >= 1
    aside = Path(done.moved_to)
    with sqlite3.connect(aside / "data" / "ledger.sqlite") as former:
        assert former.execute("SELECT count(*) FROM events WHERE subject = 'lost'").fetchone() == (1,)
    former.close()
    again = open_desk(desk.settings)
    assert again.log.counts(again.use_case(KEY)).total == 10
    assert again.ledger.events("lost") == []
    assert again.acting(KEY) is not None
    making.make(again, "hourly")
    again.close()
    assert [item.id for item in Backups(desk.settings.backups_dir).all()][-1] == made.id


def test_a_lost_disk_costs_what_came_after_the_backup(desk: Desk, made: Manifest, tmp_path: Path) -> None:
    import shutil

    desk.close()
    kept = tmp_path / "other disk"
    shutil.move(desk.settings.backups_dir, kept)
    shutil.rmtree(desk.settings.home)
    settings = Settings(home=desk.settings.home, backups=kept)
    restore(settings, ADMIN, made.id)
    again = open_desk(settings)
    assert again.log.counts(again.use_case(KEY)).total == 10
    again.close()


def test_a_flipped_byte_in_any_file_is_found(desk: Desk, made: Manifest, tmp_path: Path) -> None:
    folder = desk.settings.backups_dir
    files = [folder / made.id / MANIFEST, *sorted((folder / "pieces").glob("*/*"))]
    assert len(files) > len(made.files)  # contents, lists of pieces, the manifest
    for place, path in enumerate(files):
        content = path.read_bytes()
        spot = len(content) * (place % 7) // 7
        path.write_bytes(content[:spot] + bytes([content[spot] ^ 0x40]) + content[spot + 1 :])
        with pytest.raises(DeskError):
            restore(desk.settings, ADMIN, made.id, tmp_path / "into")
        assert not (tmp_path / "into").exists()
        path.write_bytes(content)
    restore(desk.settings, ADMIN, made.id, tmp_path / "into")


def test_a_manifest_that_was_written_to_say_something_else_is_found(desk: Desk, made: Manifest, tmp_path: Path) -> None:
    path = desk.settings.backups_dir / made.id / MANIFEST
    facts = json.loads(path.read_text())
    facts["n_rows"][KEY] = 9
    path.write_text(json.dumps(facts))
    with pytest.raises(BackupProblem, match="its content has changed"):
        restore(desk.settings, ADMIN, made.id, tmp_path / "into")


def test_a_chain_that_breaks_is_named(desk: Desk, tmp_path: Path) -> None:
    with sqlite3.connect(desk.settings.data_dir / "ledger.sqlite") as direct:
        direct.execute("DROP TRIGGER events_no_update")
        direct.execute("UPDATE events SET actor = 'Somebody else' WHERE seq = 2")
    direct.close()
    made = making.make(desk, "hourly")
    with pytest.raises(BackupProblem, match="breaks at event 2"):
        restore(desk.settings, ADMIN, made.id, tmp_path / "into")


def test_a_full_disk_is_said_in_words_and_changes_nothing(
    desk: Desk, made: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.close()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    before = sorted(path.name for path in desk.settings.data_dir.iterdir())
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        for into in (tmp_path / "into", None):
            with pytest.raises(BackupProblem, match="No space left on device"):
                restore(desk.settings, ADMIN, made.id, into)
    assert not (tmp_path / "into").exists()
    assert sorted(path.name for path in desk.settings.data_dir.iterdir()) == before
    assert not list(desk.settings.home.glob("replaced-*")) and not (desk.settings.home / ".restoring").exists()


def test_only_an_administrator_restores(desk: Desk, made: Manifest, tmp_path: Path) -> None:
    with pytest.raises(NotPermitted):
        restore(desk.settings, LOCAL_PEOPLE[Role.RISK], made.id, tmp_path / "into")
