"""Commands while a desk runs: none meets a lock, each is done by the owner of the log."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyarrow import csv as arrow_csv

from core.config import Settings
from core.errors import DeskBusy, InputError
from core.services import handover
from core.services.access import Actor
from core.services.desk import Desk, open_desk
from core.services.inbox import Inbox
from core.usecases import builtin

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def running(desk: Desk) -> Iterator[Desk]:
    """A desk that owns its log and looks into its inbox, as the served desk does."""
    desk.log  # noqa: B018
    inbox = Inbox(desk)
    inbox.start()
    yield desk
    inbox.stop()


def sample(folder: Path, n_rows: int = 300) -> Path:
    use_case = builtin()["lead_scoring"]
    assert use_case.synthesize is not None
    rows = use_case.synthesize(n_rows, 5)
    path = folder / "leads.csv"
    arrow_csv.write_csv(rows.select([name for name in rows.column_names if name in use_case.schema]), path)
    return path


def core(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "core", *arguments]
    env = {"RINGSIDE_HOME": str(home), "PATH": "/usr/bin:/bin", "HOME": str(home)}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)


def quiet(message: str, fraction: float) -> None:
    pass


def test_every_command_works_while_the_desk_runs(running: Desk, tmp_path: Path) -> None:
    home, path, out = running.settings.home, sample(tmp_path), tmp_path / "out.csv"
    commands: list[tuple[str, ...]] = [
        ("score", "lead_scoring", str(path), "-o", str(out), "--rejects", str(tmp_path / "r.csv")),
        ("score-row", "lead_scoring", json.dumps(first_row(path))),
        ("status",),
        ("check", "lead_scoring"),
        ("verify", "lead_scoring"),
        ("template", "lead_scoring", "-o", str(tmp_path / "t.csv")),
        ("prepare",),
        ("train", "bnpl_default"),
    ]
    answers = {}
    for command in commands:
        done = core(home, *command, "--json", "--quiet")
        assert done.returncode == 0, f"{command[0]}: {done.stderr}"
        assert "lock" not in done.stderr.lower()
        answers[command[0]] = json.loads(done.stdout)
    assert answers["score"]["scored"] == 300 and len(out.read_text().splitlines()) == 301
    assert answers["score-row"]["already"] is True
    void = core(home, "void", answers["score"]["batch"], "--reason", "a test", "--json")
    assert void.returncode == 0
    assert running.log.counts(running.use_case("lead_scoring")).total == 0


def first_row(path: Path) -> dict[str, str]:
    with path.open(newline="") as stream:
        return next(csv.DictReader(stream))


def test_what_the_owner_refuses_is_told_in_its_words(running: Desk, analyst: Actor) -> None:
    args = {"use_case": "lead_scorin", "path": "x.csv"}
    with pytest.raises(InputError, match="Did you mean 'lead_scoring'"):
        handover.hand_over(running.settings, analyst, "score", args, quiet)


def test_a_fault_of_the_owner_is_an_incident_not_silence(
    running: Desk, analyst: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> dict[str, Any]:
        raise ZeroDivisionError

    monkeypatch.setitem(handover.commands.COMMANDS, "status", broken)
    with pytest.raises(Exception, match="incident"):
        handover.hand_over(running.settings, analyst, "status", {}, quiet)


def test_an_owner_that_does_not_answer_is_named(desk: Desk, analyst: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "PATIENCE_SECONDS", 0.2)
    with pytest.raises(DeskBusy, match="did not answer"):
        handover.hand_over(desk.settings, analyst, "status", {}, quiet)
    assert handover.waiting(desk.settings) == []


def test_a_second_desk_learns_who_owns_the_log(running: Desk) -> None:
    second = open_desk(Settings(home=running.settings.home))
    with pytest.raises(DeskBusy):
        second.log  # noqa: B018
    second.close()
    assert running.log.counts(running.use_case("lead_scoring")).total == 0


def test_a_dropped_file_is_scored_into_the_outbox(running: Desk, tmp_path: Path) -> None:
    data = running.settings.data_dir
    sample(tmp_path).rename(data / "inbox" / "lead_scoring" / "leads.csv")
    summary = data / "outbox" / "lead_scoring" / "leads.summary.json"
    limit = time.monotonic() + 30
    while not summary.exists() and time.monotonic() < limit:
        time.sleep(0.05)
    facts = json.loads(summary.read_text())
    assert facts["state"] == "done" and facts["scored"] == 300
    assert len((summary.parent / "leads.scored.csv").read_text().splitlines()) == 301
    assert [path.name.split("-", 1)[1] for path in (data / "inbox" / "lead_scoring" / "taken").iterdir()] == [
        "leads.csv"
    ]


def test_a_file_that_still_grows_is_left_alone(running: Desk) -> None:
    path = running.settings.data_dir / "inbox" / "lead_scoring" / "growing.csv"
    for _ in range(6):
        with path.open("a") as stream:
            stream.write("lead_id\n")
        time.sleep(0.2)
    assert path.exists()
