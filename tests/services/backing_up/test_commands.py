"""The commands: on a desk of their own, and on one that runs and takes them over."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.cli.main import main
from core.config import Settings
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import open_desk
from core.services.inbox import Inbox
from core.services.scoring import score_one

KEY = "bnpl_default"
Said = Callable[..., tuple[int, dict[str, object], str]]


@pytest.fixture
def core(desk_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    monkeypatch.setenv("RINGSIDE_HOME", str(desk_home))

    def run(*words: str) -> tuple[int, dict[str, object], str]:
        code = main([*words, "--json", "--quiet"])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else {}, err

    return run


def test_from_a_backup_to_the_same_desk_again(core: Said, desk_home: Path, tmp_path: Path) -> None:
    desk = open_desk(Settings(home=desk_home))
    for row in desk.use_case(KEY).synthesize(4, 3).to_pylist():  # type: ignore[misc]
        score_one(desk, LOCAL_PEOPLE[Role.ADMIN], KEY, row)
    desk.close()
    code, made, _ = core("backup")
    assert code == 0 and made["n_rows"] == 4 and "on another one" in str(made["note"])
    assert core("backup", "--verify", str(made["id"]))[0] == 0
    assert [item["id"] for item in core("backup", "--list")[1]["backups"]] == [made["id"]]  # type: ignore[attr-defined]
    code, drilled, _ = core("drill")
    assert code == 0 and drilled["ok"] and drilled["n_equal"] == 4
    code, restored, _ = core("restore", "newest", "--into", str(tmp_path / "into"))
    assert code == 0 and restored["n_rows"] == 4
    code, restored, _ = core("restore", str(made["id"]))
    assert code == 0 and Path(str(restored["moved_to"])).is_dir()
    assert main(["backup", "--list"]) == 0


def test_what_cannot_be_done_is_said(core: Said, desk_home: Path) -> None:
    assert core("restore", "newest")[0] == 2
    assert "There is no backup to try out" in core("drill")[2]
    core("backup")
    manifest = next((desk_home / "data" / "backups").glob("*/manifest.json"))
    manifest.write_text(manifest.read_text().replace('"by hand"', '"by magic"'))
    assert core("backup", "--list")[1] == {"backups": [], "unreadable": [manifest.parent.name]}
    code, _, said = core("restore", manifest.parent.name)
    assert code == 2 and "its content has changed" in said


def test_a_running_desk_takes_a_backup_over_and_is_never_replaced(core: Said, desk_home: Path) -> None:
    desk = open_desk(Settings(home=desk_home))
    desk.log  # noqa: B018
    inbox = Inbox(desk)
    inbox.start()
    try:
        code, made, _ = core("backup")
        assert code == 0 and desk.ledger.events(str(made["id"]))[0].action == "back up"
        assert core("drill")[1]["ok"]
        code, _, said = core("restore", str(made["id"]))
        assert code == 2 and "is owned by" in said
    finally:
        inbox.stop()
        desk.close()
