"""The simulated history: seconds to make it for every use case, from nothing and again, and to take it out.

python -m benchmarks.demo    with RINGSIDE_HOME set to a trained home without a history; by default it trains one
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from core.config import Settings
from core.services.access import Actor, Role
from core.services.desk import Desk, open_desk
from core.services.history import job
from core.services.preparing import train_missing

ACTOR = Actor("benchmark", Role.ADMIN, "cli")
LIMIT_SECONDS = 120.0


def main() -> dict[str, Any]:
    """Measure."""
    if os.environ.get("RINGSIDE_HOME"):
        return measure(Settings.from_mapping(os.environ))
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder))
        train_missing(settings, ACTOR, lambda message, share: None)
        return measure(settings)


def measure(settings: Settings) -> dict[str, Any]:
    """Seconds and rows; the first filling also trains each use case's former version."""
    desk = open_desk(settings)
    first, rows = _fill(desk)
    cleared, _ = _timed(lambda: job.clear(desk, ACTOR))
    again, _ = _fill(desk)
    job.clear(desk, ACTOR)
    desk.close()
    return {
        "first_seconds": round(first, 1),
        "again_seconds": round(again, 1),
        "clear_seconds": round(cleared, 1),
        "rows": rows,
        "limit_seconds": LIMIT_SECONDS,
        "holds": first <= LIMIT_SECONDS,
    }


def _fill(desk: Desk) -> tuple[float, dict[str, int]]:
    seconds, state = _timed(lambda: desk.jobs.wait(job.submit(desk, ACTOR)))
    if state.state != "done":
        raise RuntimeError(state.message)
    return seconds, {key: facts["rows"] for key, facts in state.result["simulated"].items()}


def _timed(work: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    value = work()
    return time.perf_counter() - began, value


if __name__ == "__main__":
    print(json.dumps(main()))
