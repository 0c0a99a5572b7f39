"""`python -m core alerts`: lists, acknowledges, snoozes and closes, in words and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.cli.main import main
from core.config import Settings
from core.services.alerting.engine import evaluate
from core.services.desk import open_desk

from .conftest import NOW
from .test_engine import BREACH, Told, only


@pytest.fixture
def alert_id(home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    desk, told = open_desk(Settings(home=home)), Told()
    only(monkeypatch, told)
    told.says += [[BREACH]]
    found = evaluate(desk, NOW).opened[0].id
    desk.close()
    return found


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = main(["alerts", *args])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_from_open_to_closed(alert_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys)
    assert (code, out.strip()) == (0, f"{alert_id} warning, told of desk: Too much. Owner: nobody yet.")
    assert run(capsys, "--acknowledge", alert_id)[0] == 0
    listed = json.loads(run(capsys, "--json")[1])["alerts"]
    assert [(item["id"], item["state"]) for item in listed] == [(alert_id, "acknowledged")]
    assert run(capsys, "--snooze", alert_id, "--hours", "2", "--reason", "A repair is on its way.")[0] == 0
    assert run(capsys)[1].strip() == "No alert is open."
    assert alert_id in run(capsys, "--state", "snoozed")[1]
    assert run(capsys, "--close", alert_id, "--reason", "Repaired.")[0] == 0
    assert alert_id in run(capsys, "--state", "closed")[1]


def test_what_is_refused(alert_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    for args, said in (
        (("--close", alert_id), "is missing"),
        (("--snooze", alert_id, "--hours", "0", "--reason", "x"), "--hours is 0"),
        (("--acknowledge", "nowhere"), "There is no alert 'nowhere'"),
    ):
        code, _, err = run(capsys, *args)
        assert code == 2
        assert said in err
