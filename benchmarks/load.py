"""A served desk under load: many programs score one row after the other, and a page is opened now and then.

python -m benchmarks.load [--seconds 60] [--clients 50] [--home FOLDER]

Starts a desk of its own on this machine, on a copy of FOLDER or on a home that it trains first. Every answer that a
program got is looked for in the log afterwards: it must be there once, with the score that was told.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import quantile
from benchmarks.load_client import Heard, Traffic
from benchmarks.pages import ROOT, served
from core.config import Settings
from core.services.access import Actor, Role
from core.services.desk import open_desk
from core.services.preparing import train_missing
from core.usecases import builtin

KEY = "lead_scoring"
ACTOR = Actor("benchmark", Role.ADMIN, "cli")
ROWS = 100_000  # drawn beforehand; more are not sent in a minute


def main() -> None:
    """Measure, print what was found, and the same as JSON on the last line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--home", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        if asked.home:
            shutil.copytree(asked.home, home)
        else:
            train_missing(Settings(home=home), ACTOR, lambda message, fraction: None)
        found = under_load(home, asked.seconds, asked.clients)
    print(told(found))
    print(json.dumps(found))


def under_load(home: Path, seconds: float, clients: int) -> dict[str, Any]:
    """Serve the home, load it, stop it, and look for every answer in its log."""
    os.environ |= {"RINGSIDE_API_REQUESTS": "100000000", "RINGSIDE_SCHEDULER": "0"}
    with served(ROOT, home) as address:
        _warm(address)
        idle = opened(address, 3.0)
        pages = subprocess.Popen(_page_command(address, seconds), stdout=subprocess.PIPE, text=True)
        traffic = Traffic(address, f"/api/v1/use-cases/{KEY}/score", rows(), clients)
        heard = traffic.run(seconds)
        busy = json.loads(pages.communicate(timeout=120)[0])
    return figures(heard, seconds, clients) | {"page_idle_ms": idle, "page_busy_ms": busy} | in_log(home, heard)


def rows() -> list[bytes]:
    """Rows nobody has scored before, as JSON."""
    synthesize, schema = builtin()[KEY].synthesize, builtin()[KEY].schema
    assert synthesize is not None
    drawn = synthesize(ROWS, int(time.time()) % 100_000)
    drawn = drawn.select([name for name in drawn.column_names if name in schema])
    return [json.dumps(row, default=lambda at: at.isoformat()).encode() for row in drawn.to_pylist()]


def _warm(address: str) -> None:
    """Until the desk has its models and the API is imported."""
    Traffic(address, f"/api/v1/use-cases/{KEY}/score", rows()[:40], 2).run(5.0)


def _page_command(address: str, seconds: float) -> list[str]:
    return [sys.executable, "-m", "benchmarks.load_page", address, str(seconds)]


def opened(address: str, seconds: float) -> list[float]:
    """Milliseconds of opening the first page, again and again, in a process of its own."""
    done = subprocess.run(_page_command(address, seconds), capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


def figures(heard: Sequence[Heard], seconds: float, clients: int) -> dict[str, Any]:
    """Rows a second and how long the answers took, milliseconds."""
    taken = [item.ms for item in heard if item.status == 200]
    quantiles = {f"p{q:g}_ms": round(quantile(taken, q / 100), 1) for q in (50, 95, 99, 99.9)}
    status = Counter(str(item.status) for item in heard)
    facts = {"clients": clients, "seconds": seconds, "rows": len(taken), "rows_per_second": round(len(taken) / seconds)}
    return facts | quantiles | {"max_ms": round(max(taken), 1), "status": dict(status)}


def in_log(home: Path, heard: Sequence[Heard]) -> dict[str, int]:
    """How many answers the log lacks, holds twice, or holds with another score."""
    desk = open_desk(Settings(home=home))
    logged = desk.log.scan(desk.use_case(KEY), ["prediction_id", "score"])
    desk.close()
    counted = Counter(logged["prediction_id"].to_pylist())
    score = dict(zip(logged["prediction_id"].to_pylist(), logged["score"].to_pylist(), strict=True))
    answers = {item.prediction_id: item.score for item in heard if item.status == 200}
    return {
        "acknowledged": len(answers),
        "lost": sum(counted[name] == 0 for name in answers),
        "doubled": sum(counted[name] > 1 for name in answers),
        "other_score": sum(score.get(name) != value for name, value in answers.items() if counted[name]),
    }


def told(found: dict[str, Any]) -> str:
    """The figures in words."""
    idle, busy = (sorted(found[name]) for name in ("page_idle_ms", "page_busy_ms"))
    rate, share = f"{found['rows_per_second']:,} rows/s", f"answers by status {found['status']}"
    lines = [f"{found['rows']:,} rows by {found['clients']} clients in {found['seconds']:g} s: {rate}; {share}"]
    quantiles = ", ".join(f"{name} {found[f'{name}_ms']} ms" for name in ("p50", "p95", "p99", "p99.9", "max"))
    lines.append(f"answers: {quantiles}")
    counts = ", ".join(f"{found[name]} {name.replace('_', ' ')}" for name in ("lost", "doubled", "other_score"))
    lines.append(f"in the log: {found['acknowledged']:,} acknowledged predictions, {counts}")
    times = f"{busy[len(busy) // 2]:.0f} ms, the slowest {busy[-1]:.0f} ms (n = {len(busy)})"
    lines.append(f"the first page: {idle[len(idle) // 2]:.0f} ms idle (n = {len(idle)}); under load {times}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
