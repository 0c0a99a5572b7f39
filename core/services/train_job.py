"""Training asked for by a page: a job that trains in a process of its own, so that scoring stays quick."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.config import CHECKOUT
from core.errors import DeskError, InputError
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.jobs import JobRun

KIND = "train"
_STEP = re.compile(r"^\s*(\d+)%\s+(.*)$")
_EVERY_SECONDS = 0.2


def register(desk: Desk) -> None:
    """Let the desk's queue train."""
    desk.jobs.register(KIND, lambda run: _train(desk, run))


def submit(desk: Desk, actor: Actor, key: str) -> str:
    """Queue the training of a use case on its own generator and return the job's id.

    Raises
    ------
    InputError
        The use case has no generator, or its training is queued already.
    """
    require(actor, Action.TRAIN)
    use_case = desk.use_case(key)
    if use_case.synthesize is None:
        raise InputError(f"{use_case.title} has no generator.", f"Run: python -m core train {key} --data FILE")
    if any(job.kind == KIND for job in desk.jobs.active(key)):
        raise InputError(f"{use_case.title} is being trained already.", "Wait for it to finish.")
    at = datetime.now(UTC)
    desk.ledger.record(
        at=at, actor=actor.name, role=actor.role.value, via=actor.via, action="ask for training", subject=key
    )
    return desk.jobs.submit(KIND, key, actor, {"title": use_case.title})


def _train(desk: Desk, run: JobRun) -> dict[str, Any]:
    """Run the command line's training and follow what it says."""
    command = [sys.executable, "-m", "core", "train", run.state.use_case, "--json"]
    environment = os.environ | {"RINGSIDE_HOME": str(desk.settings.home)}
    with tempfile.TemporaryDirectory() as folder:
        said, answered = Path(folder, "said"), Path(folder, "answered")
        with said.open("wb") as errors, answered.open("wb") as output:
            child = subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=output, stderr=errors)
        try:
            while (code := _ended(child)) is None:
                run.report(0, *_last_step(said.read_text()))
        finally:
            if child.poll() is None:
                child.terminate()
                child.wait()
        if code != 0:
            raise DeskError("Training stopped.", said.read_text()[-500:].strip())
        answer = answered.read_text()
    result: dict[str, Any] = json.loads(answer)
    return {name: result[name] for name in ("version", "acts", "rows", "verdict")}


def _ended(child: subprocess.Popen[bytes]) -> int | None:
    try:
        return child.wait(_EVERY_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def _last_step(said: str) -> tuple[float, str]:
    """Fraction and words of the last line of progress."""
    steps = [found for line in said.splitlines() if (found := _STEP.match(line))]
    return (int(steps[-1][1]) / 100, steps[-1][2]) if steps else (0.0, "starting")
