"""Retraining: asked for by a person or by what is due, done in a process of its own, entered as challenger."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.config import CHECKOUT
from core.errors import DeskError, InputError, NotReady
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.jobs import Cancelled, JobRun, JobState
from core.services.rebuilding.first_look import first_look
from core.services.rebuilding.retraining_data import extract
from core.services.rebuilding.retraining_order import Limits, Order, Rows, check_order
from core.store.ledger_tables import EventRecord

KIND = "retrain"
ASKED = "ask for retraining"
_STEP = re.compile(r"^\s*(\d+)%\s+(.*)$")
_EVERY_SECONDS = 0.2
_PATIENCE_SECONDS = (
    8.0  # what is being fitted is finished first; then it is ended, before the desk gives up on its jobs
)


def register(desk: Desk) -> None:
    """Let the desk's queue retrain."""
    desk.jobs.register(KIND, lambda run: _retrain(desk, run), lane=KIND)


def submit(desk: Desk, actor: Actor, key: str, order: Order) -> str:
    """Queue a retraining and return the job's id; who asked, for what and why stands in the ledger.

    Raises
    ------
    InputError
        An order that cannot be meant, or a retraining of the use case that is queued already.
    NotReady
        Nothing acts yet: the first version is trained, not retrained.
    """
    require(actor, Action.TRAIN)
    check_order(order)
    use_case = desk.use_case(key)
    if desk.acting_version(key) is None:
        raise NotReady(f"{use_case.title} has no trained version yet.", f"Run: python -m core train {key}")
    if order.rows is Rows.FILE and not Path(order.path).is_file():
        raise InputError(f"There is no file {order.path}.", "Give a labelled file, or use rows of the log.")
    if any(job.kind == KIND for job in desk.jobs.active(key)):
        raise InputError(f"{use_case.title} is being retrained already.", "Wait for it to finish, or cancel it.")
    said = order.as_json()
    desk.ledger.record(
        at=datetime.now(UTC),
        actor=actor.name,
        role=actor.role.value,
        via=actor.via,
        action=ASKED,
        subject=key,
        after={name: value for name, value in said.items() if name != "path"},
        reason=order.reason or "; ".join(order.because) or None,
    )
    return desk.jobs.submit(KIND, key, actor, {"title": use_case.title, "order": said, "actor": actor.as_json()})


def order_of(args: Mapping[str, Any]) -> Order:
    """The order of a command's arguments: path, simulated, trials, minutes, min_rows, min_days, reason."""
    limits = {name: int(args[f"min_{name}"]) for name in ("rows", "days") if args.get(f"min_{name}") is not None}
    asked: dict[str, Any] = {"reason": args.get("reason") or "", "limits": Limits(**limits)}
    asked |= {name: args[name] for name in ("trials", "minutes") if args.get(name) is not None}
    path = args.get("path")
    if path:
        return Order(Rows.FILE, path, Path(path).name, **asked)
    return Order(Rows.SIMULATED if args.get("simulated") else Rows.LOGGED, **asked)


def cancel(desk: Desk, actor: Actor, job_id: str) -> None:
    """Stop a retraining; nothing of it stays."""
    require(actor, Action.TRAIN)
    desk.jobs.cancel(job_id)


def running(desk: Desk, key: str) -> JobState | None:
    """The retraining of a use case that is queued or running."""
    return next((job for job in desk.jobs.active(key) if job.kind == KIND), None)


def looks(desk: Desk, actor: Actor, key: str, version: str) -> EventRecord | None:
    """The first comparison of a version, as it was recorded; None where there was none."""
    require(actor, Action.SEE_MODELS)
    events = desk.ledger.events(f"{key} {version}")
    return next((event for event in events if event.action == "compare for the first time"), None)


def retrained(desk: Desk, actor: Actor, key: str) -> list[str]:
    """Versions that came of a retraining, newest first."""
    require(actor, Action.SEE_MODELS)
    return [record.version for record in reversed(desk.ledger.versions(key)) if record.origin == KIND]


def actor_of(facts: Mapping[str, Any]) -> Actor:
    """Who asked, from a job's or an order's facts."""
    return Actor.from_json(facts)


def _retrain(desk: Desk, run: JobRun) -> dict[str, Any]:
    key, spec = run.state.use_case, run.state.spec
    order, actor = Order.from_json(spec["order"]), actor_of(spec["actor"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if order.rows is not Rows.FILE:
            run.report(0, 0.0, "reading the log")
            order = replace(order, path=str(folder / "rows.parquet"))
            extract(desk, desk.use_case(key), order.rows, order.limits, Path(order.path))
        asked = folder / "order.json"
        asked.write_text(json.dumps({"order": order.as_json(), "actor": actor.as_json()}))
        found = _in_a_process_of_its_own(desk, run, key, asked)
    run.state.message = "first comparison with the champion"  # no longer to be cancelled: the version stands
    look = first_look(desk, actor, key, found["version"])
    kept = ("version", "rows_used", "trials", "verdict")
    return {"use_case": key, **{name: found[name] for name in kept}, "first_look": look}


def _in_a_process_of_its_own(desk: Desk, run: JobRun, key: str, asked: Path) -> dict[str, Any]:
    """Run the command line's retraining on an order and follow what it says.

    Raises
    ------
    InputError
        What the run refused, in its own words.
    Cancelled
        A person stopped it before its result was kept.
    """
    command = [sys.executable, "-m", "core", "retrain", key, "--order", str(asked), "--json"]
    environment = os.environ | {"RINGSIDE_HOME": str(desk.settings.home)}
    said, answered = asked.with_name("said"), asked.with_name("answered")
    with said.open("wb") as errors, answered.open("wb") as output:
        child = subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=output, stderr=errors)
    try:
        while (code := _ended(child, _EVERY_SECONDS)) is None:
            run.report(0, *_last_step(said.read_text()))
    except Cancelled:
        if _stopped(child) != 0:
            raise
        code = 0  # it had begun to keep its result, and has
    finally:
        if child.poll() is None:
            _stopped(child)
    answer = answered.read_text()
    if code != 0:
        raise _refusal(answer, said.read_text())
    found: dict[str, Any] = json.loads(answer)
    return found


def _refusal(answer: str, said: str) -> DeskError:
    """What the run could not do, in its own words where it has any."""
    try:
        facts = json.loads(answer)
        return InputError(facts["error"], facts["hint"])
    except (ValueError, KeyError):
        return DeskError("Retraining stopped.", said[-500:].strip())


def _stopped(child: subprocess.Popen[bytes]) -> int:
    """Ask a process to end, and make it; its exit code."""
    child.terminate()
    code = _ended(child, _PATIENCE_SECONDS)
    if code is None:
        child.kill()
        code = child.wait()
    return code


def _ended(child: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def _last_step(said: str) -> tuple[float, str]:
    """Fraction and words of the last line of progress."""
    steps = [found for line in said.splitlines() if (found := _STEP.match(line))]
    return (int(steps[-1][1]) / 100, steps[-1][2]) if steps else (0.0, "starting")
