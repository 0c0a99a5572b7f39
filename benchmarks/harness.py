"""How figures are taken: each contestant in a process of its own, seconds and peak memory read inside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One line of the table: ours and a peer (or floor) measured in the same run, and the promised limit."""

    name: str
    ours: str
    peer: str
    ratio: float | None
    limit: str
    holds: bool


def timed(work: Callable[[], Any]) -> dict[str, Any]:
    """Seconds of one call, and the peak memory (MB) of this process so far."""
    began = time.perf_counter()
    value = work()
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "peak_mb": peak_mb(), "value": value}


def peak_mb() -> float:
    """Most memory this process has held, in MB; getrusage would count what the parent held before it."""
    with open("/proc/self/status") as status:
        kilobytes = next(line.split()[1] for line in status if line.startswith("VmHWM"))
    return int(kilobytes) / 1024


def contest(module: str, *arguments: str, env: dict[str, str] | None = None) -> dict[str, Any]:
    """Run `python -m module arguments` and return the JSON object on its last line."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the values lies (nearest rank)."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = ["| figure | ours | compared with | ratio | limit | holds |", "|---|---|---|---|---|---|"]
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        holds = "yes" if figure.holds else "**no**"
        lines.append(f"| {figure.name} | {figure.ours} | {figure.peer} | {ratio} | {figure.limit} | {holds} |")
    return "\n".join(lines)
