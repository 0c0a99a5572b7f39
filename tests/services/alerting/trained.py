"""Files scored on a trained desk, for rules that compare with held-out rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

from core.services import batches
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk

ANA = LOCAL_PEOPLE[Role.ANALYST]
Row = dict[str, str]


def score_rows(
    desk: Desk, folder: Path, key: str, change: Callable[[int, Row], Row] | None = None, n: int = 300
) -> str:
    """Score sample rows, each changed first; returns the batch."""
    content = batches.sample_csv(desk, key, n)
    assert content is not None
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    if change is not None:
        rows = [change(place, row) for place, row in enumerate(rows)]
    path = folder / "rows.csv"
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    job = desk.jobs.wait(batches.submit(desk, ANA, key, path), 60)
    assert job.state == "done", job.message
    return str(job.result["batch"])
