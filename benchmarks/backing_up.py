"""Backups of a long log: how long the first, the next and a drill take, and what scoring a row takes meanwhile.

python -m benchmarks.backing_up ROWS   in the home that RINGSIDE_HOME names: trained, its log empty; it is written to.
                                       0: the log that is there
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks import long_log
from benchmarks.harness import quantile
from core.services.access import Actor, Role
from core.services.backing_up import drilling, making
from core.services.desk import Desk, open_desk
from core.services.scoring import score_one
from core.usecases.bnpl_default import USE_CASE

ACTOR, ROUNDS = Actor("benchmark", Role.ADMIN, "cli"), 200


def main(rows: int) -> dict[str, float]:
    """Seconds, bytes and milliseconds."""
    if rows:
        long_log.build(rows)
    desk = open_desk()
    desk.log  # noqa: B018
    desk.scorer(USE_CASE.key)
    draws = iter(USE_CASE.synthesize(3 * ROUNDS + 1_000, int(time.time()) % 100_000).to_pylist())  # type: ignore[misc]
    found: dict[str, float] = {"log_mb": (desk.settings.data_dir / "log.duckdb").stat().st_size / 1e6}
    found["copy_s"] = _copy(desk)
    _times(desk, draws, 20)
    found |= _named("quiet", _times(desk, draws, ROUNDS))
    first = making.make(desk, "hourly")
    found |= {"first_s": first.seconds, "first_mb": first.new_bytes / 1e6, "rows": float(sum(first.n_rows.values()))}
    _times(desk, draws, 500)
    following = making.make(desk, "hourly")
    found |= {"next_s": following.seconds, "next_mb": following.new_bytes / 1e6}
    found |= _named("meanwhile", _meanwhile(desk, draws))
    # the long log has its rows under other times than they were scored at, so their scores come out otherwise
    found["rto_s"] = drilling.drill(desk, ACTOR).rto_seconds
    desk.close()
    return {name: round(value, 3) for name, value in found.items()}


def _copy(desk: Desk) -> float:
    """The floor: the file copied and on disk."""
    source = desk.settings.data_dir / "log.duckdb"
    began = time.perf_counter()
    subprocess.run(["dd", f"if={source}", f"of={source}.copy", "bs=1M", "conv=fsync", "status=none"], check=True)
    seconds = time.perf_counter() - began
    Path(f"{source}.copy").unlink()
    return seconds


def _times(desk: Desk, draws: Any, n: int) -> list[float]:
    taken = []
    for _ in range(n):
        began = time.perf_counter()
        score_one(desk, ACTOR, USE_CASE.key, next(draws))
        taken.append((time.perf_counter() - began) * 1_000)
    return taken


def _meanwhile(desk: Desk, draws: Any) -> list[float]:
    """Rows that are scored while one backup follows the other."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            making.make(desk, "hourly")

    worker = threading.Thread(target=work)
    worker.start()
    taken = _times(desk, draws, ROUNDS)
    stop.set()
    worker.join()
    return taken


def _named(name: str, taken: list[float]) -> dict[str, float]:
    return {f"{name}_{q}_ms": quantile(taken, int(q[1:]) / 100) for q in ("p50", "p95", "p99")}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
