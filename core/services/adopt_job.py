"""Adopting asked for by a page: look at a file while the person waits, train on it as a job."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.services.access import Action, Actor, Role, require
from core.services.adoption import confirm, inspect
from core.services.adoption_report import AdoptOptions, Inspection
from core.services.desk import Desk
from core.services.jobs import JobRun
from core.store.intake import read_text_table
from core.usecases.custom import key_of

KIND = "adopt"
PREVIEW_ROWS = 500
_seen: dict[str, Inspection] = {}  # what a queued job was confirmed on; after a restart the file is looked at again


@dataclass(frozen=True)
class Preview:
    """A labelled file before anything is decided about it."""

    key: str
    columns: tuple[str, ...]
    examples: dict[str, str]  # column -> a few of its first values


def register(desk: Desk) -> None:
    """Let the desk's queue adopt."""
    desk.jobs.register(KIND, lambda run: _adopt(desk, run))


def preview(actor: Actor, path: Path, filename: str) -> Preview:
    """The columns of a file and some of their values.

    Raises
    ------
    FileProblem
        The file cannot be read as a table.
    """
    require(actor, Action.ADOPT)
    table, _ = read_text_table(path, max_rows=PREVIEW_ROWS)
    examples = {name: ", ".join(_some(table[name].to_pylist())) for name in table.column_names}
    return Preview(key_of(filename), tuple(table.column_names), examples)


def _some(values: list[str | None]) -> list[str]:
    return list(dict.fromkeys(value[:30] for value in values if value))[:4]


def submit(desk: Desk, actor: Actor, seen: Inspection) -> str:
    """Queue the training on an inspected file and return the job's id.

    Raises
    ------
    InputError
        A file is being adopted under this key already.
    """
    require(actor, Action.ADOPT)
    if any(job.kind == KIND for job in desk.jobs.active(seen.key)):
        raise InputError(f"'{seen.key}' is being adopted already.", "Wait for it to finish, or choose another name.")
    token = uuid.uuid4().hex
    _seen[token] = seen
    at = datetime.now(UTC)
    desk.ledger.record(
        at=at, actor=actor.name, role=actor.role.value, via=actor.via, action="ask for adoption", subject=seen.key
    )
    spec = {
        "seen": token,
        "path": str(seen.path),
        "filename": seen.filename,
        "options": asdict(seen.options),
        "role": actor.role.value,
        "via": actor.via,
    }
    return desk.jobs.submit(KIND, seen.key, actor, spec)


def _adopt(desk: Desk, run: JobRun) -> dict[str, Any]:
    spec = run.state.spec
    actor = Actor(run.state.actor, Role(spec["role"]), spec["via"])

    def progress(message: str, fraction: float) -> None:
        run.report(0, fraction, message)

    seen = _seen.pop(spec["seen"], None) or inspect(desk, actor, Path(spec["path"]), _options(spec["options"]))
    trained = confirm(desk, actor, seen, progress=progress).trained
    return {name: trained[name] for name in ("use_case", "version", "rows", "rejected", "verdict")}


def _options(kept: dict[str, Any]) -> AdoptOptions:
    """Options as they were, after JSON has made lists of their tuples."""
    asked: dict[str, Any] = {name: tuple(item) if isinstance(item, list) else item for name, item in kept.items()}
    return AdoptOptions(**asked)
