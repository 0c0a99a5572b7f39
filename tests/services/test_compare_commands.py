"""The commands `replay`, `challengers`, `plan` and `verdict`: in words, for programs, and on a desk that is running."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core import cli
from core.config import Settings
from core.errors import InputError, UnknownName
from core.services import batches, handover
from core.services.access import LOCAL_PEOPLE, Role
from core.services.comparison import comparing
from core.services.desk import open_desk
from core.services.history.versions import FORMER, _train

KEY = "bnpl_default"
ANALYST = LOCAL_PEOPLE[Role.ANALYST]


@pytest.fixture(scope="module")
def compared_home(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions, rows that the later one has scored, and what became of them."""
    home = tmp_path_factory.mktemp("compared") / "home"
    shutil.copytree(trained_home, home)
    desk = open_desk(Settings(home=home))
    use_case = desk.use_case(KEY)
    _train(desk, ANALYST, use_case, datetime(2026, 1, 1, tzinfo=UTC))
    path = home / "rows.csv"
    path.write_bytes(batches.sample_csv(desk, KEY, 600) or b"")
    assert desk.jobs.wait(batches.submit(desk, ANALYST, KEY, path), 60).state == "done"
    desk.close()
    return home


@pytest.fixture
def home(compared_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    shutil.copytree(compared_home, folder)
    monkeypatch.setenv("RINGSIDE_HOME", str(folder))
    return folder


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert cli.main([*arguments, "--json", "--quiet"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.main([*arguments, "--quiet"]) == 0
    return capsys.readouterr().out


def test_replay_then_compare_then_judge(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    window = "2000-01-01..2100-01-01"
    assert told(capsys, "replay", KEY, "--version", FORMER, "--window", window)["replayed"] == 600
    assert told(capsys, "replay", KEY, "--version", FORMER, "--window", window)["replayed"] == 0
    wide = ("--since", "2000-01-01", "--until", "2100-01-01", "--version", FORMER)
    found = told(capsys, "challengers", KEY, *wide)
    assert found["rows"] == 600
    assert {arm["version"] for arm in found["arms"]} == {"v1", FORMER, ""}
    words = said(capsys, "challengers", KEY, *wide)
    assert found["champion"] in words and "rules:" in words

    today = datetime.now(UTC).date()
    windows = [f"{today + timedelta(days=a)}..{today + timedelta(days=b)}" for a, b in ((0, 40), (41, 80))]
    arguments = ("plan", KEY, "--challenger", f"{FORMER}:ridge", "--rows", "500", "--margin", "coverage=0.02")
    plan = told(capsys, *arguments, "--windows", *windows)
    assert [plan["window_1"], plan["window_2"]] == windows
    assert (plan["planned_rows"], plan["margins"]["coverage"]) == (500, 0.02)

    verdict = told(capsys, "verdict", KEY)
    assert (verdict["plan"], verdict["decision"]) == (plan["plan"], "keep testing")
    assert verdict["challenger"] == f"ridge of {FORMER}" and verdict["champion"] == "ridge of v1"
    assert all(check["sentence"] and check["state"] for check in verdict["checks"])
    words = said(capsys, "verdict", KEY, "--plan", plan["plan"][:6])
    assert "decision: keep testing" in words and "planned rows: open. 0 of 500" in words


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("verdict", KEY), "no open plan"),
        (("verdict", KEY, "--plan", "nothing"), "nothing"),
        (("plan", KEY, "--challenger", "v9:ridge"), "v9"),
        (("plan", KEY, "--challenger", "ridge"), "VERSION:MODEL"),
        (("plan", KEY, "--challenger", f"{FORMER}:ridge", "--rows", "5"), "at least 300"),
        (("plan", KEY, "--challenger", f"{FORMER}:ridge", "--margin", "gap=much"), "takes a number"),
        (("replay", KEY, "--version", FORMER, "--window", "2026-01-01"), "2026-08-01..2026-10-31"),
        (("replay", KEY, "--version", FORMER, "--window", "2026-02-01..2026-01-01"), "empty"),
        (("challengers", KEY, "--since", "yesterday"), "yesterday"),
    ],
)
def test_what_is_refused(home: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], word: str) -> None:
    assert cli.main([*arguments, "--quiet"]) == 2
    assert word in capsys.readouterr().err


@pytest.fixture
def running(home: Path) -> Iterator[None]:
    """A desk that owns the log and does what terminals leave in its inbox."""
    desk, over = open_desk(Settings(home=home)), threading.Event()
    desk.log  # noqa: B018

    def work() -> None:
        while not over.is_set():
            for request in handover.waiting(desk.settings):
                handover.serve(desk, request)
            time.sleep(0.02)

    worker = threading.Thread(target=work)
    worker.start()
    yield
    over.set()
    worker.join()
    desk.close()


def test_a_running_desk_does_it(running: None, capsys: pytest.CaptureFixture[str]) -> None:
    """The lock is the other process's in life; here the request is handed over by hand."""
    settings = Settings.from_mapping({"RINGSIDE_HOME": os.environ["RINGSIDE_HOME"]})
    facts = {"use_case": KEY, "challenger": f"{FORMER}:ridge", "rows": 400, "windows": None, "margins": []}
    quiet = lambda message, fraction: None  # noqa: E731
    plan = handover.hand_over(settings, ANALYST, "plan", facts, quiet)
    verdict = handover.hand_over(settings, ANALYST, "verdict", {"use_case": KEY, "plan": None}, quiet)
    assert verdict["plan"] == plan["plan"] and verdict["decision"] == "keep testing"


def test_margins_are_named() -> None:
    assert comparing.margins_of([]).gap == 0.02
    with pytest.raises(UnknownName, match="slope"):
        comparing.margins_of(["slop=1"])
    with pytest.raises(InputError, match="at least 0"):
        comparing.margins_of(["gap=-1"])
