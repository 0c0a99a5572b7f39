"""Commands for a desk that is running, so that nobody ever meets a lock.

A terminal leaves a request in data/inbox/; the owner of the log does it and keeps its state beside it.

A request is `<id>.json`; the owner answers in `<id>.status.json`, replaced as a whole at every step.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.config import Settings
from core.errors import DeskBusy, DeskError, InputError, NotPermitted
from core.logs import logger
from core.services import commands
from core.services.access import Actor
from core.services.auditing import noting
from core.services.desk import Desk

LOGGER = logger("inbox")

PATIENCE_SECONDS = 20.0  # an owner looks into the inbox twice a second
SILENCE_SECONDS = 120.0  # a job that says nothing for so long has died with its desk
FORGOTTEN_SECONDS = 86_400.0


def requests_folder(settings: Settings) -> Path:
    """Where requests lie."""
    return settings.data_dir / "inbox" / "requests"


def hand_over(
    settings: Settings,
    actor: Actor,
    command: str,
    args: Mapping[str, Any],
    progress: Callable[[str, float], None],
) -> dict[str, Any]:
    """Ask the running desk to do a command, follow it and return its result.

    Raises
    ------
    DeskBusy
        The owner did not take the request, or fell silent.
    InputError
        The owner refused it; message and hint are the owner's.
    """
    folder = requests_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    request = folder / f"{uuid.uuid4().hex[:12]}.json"
    answer = request.with_suffix(".status.json")
    _write(request, {"command": command, "args": dict(args), "actor": actor.as_json()})
    heard, waiting = time.monotonic(), PATIENCE_SECONDS
    last: dict[str, Any] = {}
    try:
        while time.monotonic() - heard < waiting:
            status = _read(answer)
            if status is not None and status != last:
                last, heard, waiting = status, time.monotonic(), SILENCE_SECONDS
                if status["state"] != "running":
                    return _result(status)
                progress(status["message"], status["fraction"])
            time.sleep(0.05)
    finally:
        request.unlink(missing_ok=True)
        answer.unlink(missing_ok=True)
    raise DeskBusy(
        f"The desk that owns {settings.data_dir} did not answer within {waiting:.0f} seconds.",
        "Look whether it is still running; stop it, or start it again.",
    )


def _result(status: Mapping[str, Any]) -> dict[str, Any]:
    if status["state"] == "done":
        return dict(status["result"])
    if status["state"] == "refused":
        raise InputError(status["message"], status["hint"])
    raise DeskError(status["message"], status["hint"])


def serve(desk: Desk, request: Path) -> None:
    """Do one request, writing its state beside it; never raises."""
    answer = request.with_suffix(".status.json")
    said = [0.0]

    def progress(message: str, fraction: float) -> None:
        if time.monotonic() - said[0] > 0.1:
            said[0] = time.monotonic()
            _write(answer, {"state": "running", "message": message, "fraction": fraction, "at": time.time()})

    try:
        progress("taken", 0.0)
        asked = json.loads(request.read_text())
        actor = Actor.from_json(asked["actor"])
        result = _run(desk, actor, asked, progress)
        status = {"state": "done", "result": result}
    except DeskError as error:
        status = {"state": "refused", "message": error.message, "hint": error.hint}
    except Exception:
        incident = uuid.uuid4().hex[:8]
        LOGGER.exception("request %s failed, incident %s", request.name, incident)
        message = f"Something unexpected went wrong; the desk's log has incident {incident}."
        status = {"state": "failed", "message": message, "hint": ""}
    if request.exists():  # whoever asked has not given up
        _write(answer, status)


def _run(desk: Desk, actor: Actor, asked: Mapping[str, Any], progress: Callable[[str, float], None]) -> dict[str, Any]:
    try:
        return commands.run(desk, actor, asked["command"], asked["args"], progress)
    except NotPermitted as error:  # the terminal only learns that it was refused
        noting.refused(desk, actor, error, f"command {asked['command']}")
        raise


def waiting(settings: Settings) -> list[Path]:
    """Requests that nobody has begun, oldest first; forgotten ones are cleared away."""
    found = []
    for path in requests_folder(settings).glob("*.json"):
        if path.name.endswith(".status.json"):
            continue
        if time.time() - path.stat().st_mtime > FORGOTTEN_SECONDS:
            path.unlink(missing_ok=True)
        elif not path.with_suffix(".status.json").exists():
            found.append(path)
    return sorted(found, key=lambda path: path.stat().st_mtime)


def _write(path: Path, content: Mapping[str, Any]) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, default=str))
    part.replace(path)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        return None
