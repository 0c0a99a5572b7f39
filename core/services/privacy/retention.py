"""Delete what is older than its retention; every deletion is on record with how much it was."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.services.desk import Desk
from core.services.privacy.settings import kept_for
from core.services.scheduling.task import DESK, Task


def sweep(desk: Desk, now: datetime | None = None) -> dict[str, Any]:
    """Delete what its retention no longer covers; returns how much of each, and a sentence of it.

    What was meant to be deleted is an event before, what was deleted one after it: the log and the ledger are two
    stores.
    """
    at = now or datetime.now(UTC)
    found: dict[str, int] = {}
    for key, use_case in desk.use_cases().items():
        for name, days in kept_for(desk, use_case).items():
            if days is not None:
                before = at - timedelta(days=days)
                n_rows = _delete(desk, at, key, name, days, lambda: desk.log.delete_before(use_case, name, before))  # noqa: B023  called at once
                found |= {f"{key} {name}": n_rows} if n_rows else {}
    for name, days in kept_for(desk, None).items():
        if days is not None:
            n_rows = _delete_of_desk(desk, name, at - timedelta(days=days))
            found |= {name: n_rows} if n_rows else {}
    uploads = _delete_files(_uploads(desk), at - timedelta(days=desk.settings.keep_uploads_days))
    found |= {"uploads": uploads} if uploads else {}
    listed = ", ".join(f"{n:,} of {name}" for name, n in found.items())
    return {"deleted": found, "said": f"Deleted {listed}." if found else "Nothing is older than it may be kept."}


def _delete(desk: Desk, at: datetime, key: str, name: str, days: int, run: Any) -> int:
    """Delete, with an event where something was deleted."""
    n_rows = int(run())
    if n_rows:
        desk.ledger.record(
            at=at, actor=DESK.name, role=DESK.role.value, via=DESK.via, action="delete by retention",
            subject=f"{key} {name}", after={"rows": n_rows, "older_than_days": days},
        )  # fmt: skip
    return n_rows


def _delete_of_desk(desk: Desk, name: str, before: datetime) -> int:
    if name == "jobs":
        return desk.ledger.delete_jobs_before(before)
    return _delete_files(_results(desk) if name == "results" else _taken(desk), before)


def _uploads(desk: Desk) -> Iterator[Path]:
    yield from (desk.settings.data_dir / "uploads").glob("*")


def _results(desk: Desk) -> Iterator[Path]:
    yield from (desk.settings.data_dir / "results").glob("*")


def _taken(desk: Desk) -> Iterator[Path]:
    yield from (desk.settings.data_dir / "inbox").glob("*/taken/*")
    yield from (desk.settings.data_dir / "outbox").glob("*/*")


def _delete_files(paths: Iterator[Path], before: datetime) -> int:
    """Files and folders that were last written before a time."""
    n = 0
    for path in list(paths):
        if path.stat().st_mtime < before.timestamp():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            n += 1
    return n


CLEAN_UP = Task("clean-up", "Delete what is older than it may be kept", "30 3 * * *", sweep, quiet=True)
