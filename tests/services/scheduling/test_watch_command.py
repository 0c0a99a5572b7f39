"""`python -m core watch`: for cron, alone and beside a running desk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.cli import main
from core.config import Settings
from core.services.desk import Desk, open_desk
from core.services.inbox import Inbox
from core.services.scheduling import running as runner
from core.services.scheduling.task import Task
from core.services.scheduling.tasks import tasks

ROOT = Path(__file__).resolve().parents[3]


def core(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "core", *arguments]
    env = os.environ | {"RINGSIDE_HOME": str(home)}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def running(home: Path) -> Iterator[Desk]:
    """A desk that owns its log and looks into its inbox."""
    desk = open_desk(Settings(home=home))
    desk.log  # noqa: B018
    inbox = Inbox(desk)
    inbox.start()
    yield desk
    inbox.stop()
    desk.close()


def test_what_is_due_is_done_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch", "--json"]) == 0
    done = json.loads(capsys.readouterr().out)["tasks"]
    desk = open_desk(Settings(home=home))
    expected = [task.key for task in tasks(desk) if not task.served]
    always = {task.key for task in tasks(desk) if task.cron.startswith(("* ", "*/"))}  # a minute may pass meanwhile
    desk.close()
    assert [run["task"] for run in done] == expected
    assert {run["by"] for run in done} == {"command"}
    assert all(run["ended_at"] and run["said"] for run in done)
    assert main(["watch", "--json"]) == 0
    assert {run["task"] for run in json.loads(capsys.readouterr().out)["tasks"]} <= always
    assert main(["watch", "retraining"]) == 0
    assert capsys.readouterr().out.strip() == "retraining: done. Nothing is trained yet."


def test_a_failed_task_is_told_with_exit_code_2(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Task("broken", "Break", "0 2 * * *", lambda desk, now: {"said": 1 // 0})
    monkeypatch.setattr(runner, "tasks", lambda desk: [broken])
    assert main(["watch", "--now"]) == 2
    assert "broken: failed. Something unexpected went wrong" in capsys.readouterr().out
    assert main(["watch", "brokn"]) == 2
    assert "broken" in capsys.readouterr().err


def test_beside_a_running_desk_the_desk_does_it(running: Desk) -> None:
    done = core(running.settings.home, "watch", "experiments", "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    (run,) = json.loads(done.stdout)["tasks"]
    assert (run["task"], run["state"], run["by"]) == ("experiments", "done", "command")
    assert [kept.number for kept in running.ledger.task_runs("experiments")] == [run["number"]]


KILLED = """
import sys, time
from pathlib import Path
from core.config import Settings
from core.services.desk import open_desk
from core.services.scheduling import running
from core.services.scheduling.task import Task

def endless(desk, now):
    print("begun", flush=True)
    time.sleep(60)

running.tasks = lambda desk: [Task("drift", "Measure drift", "0 2 * * *", endless)]
running.run_due(open_desk(Settings(home=Path(sys.argv[1]))))
"""


def test_what_a_killed_process_was_doing_is_found_and_done_at_its_next_time(home: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(home)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline().strip() == "begun"
    child.kill()
    child.communicate()
    desk = open_desk(Settings(home=home))
    assert [run.state for run in desk.ledger.task_runs("drift")] == ["running"]
    desk.log  # noqa: B018  its owner marks what the last one left behind
    (run,) = desk.ledger.task_runs("drift")
    assert run.state == "interrupted" and run.ended_at is not None
    assert next(item for item in runner.planned(desk) if item.task.key == "drift").due is None
    desk.close()
