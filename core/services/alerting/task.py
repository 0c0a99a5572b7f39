"""The watch as a task of the desk: every quarter of an hour the rules that are due look."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.services.desk import Desk
from core.services.scheduling.task import Task


def run(desk: Desk, now: datetime) -> Mapping[str, Any]:
    """One round of looks."""
    from core.services.alerting.engine import evaluate

    summary = evaluate(desk, now)
    if summary.skipped:
        return {"skipped": summary.said}
    found = len(summary.opened) + len(summary.raised) + len(summary.cleared) + len(summary.failed)
    return summary.as_json() | ({"found": found} if found else {})


EVALUATE = Task("alerts", "Let the alert rules look", "*/15 * * * *", run, quiet=True)
