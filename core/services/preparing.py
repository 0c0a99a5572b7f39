"""The first start: train the built-in use cases on their generators and score a sample file each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.config import Settings
from core.services.access import Actor
from core.services.batches import sample_csv
from core.services.desk import open_desk
from core.services.training import train_version

Progress = Callable[[str, float], None]
SAMPLE_ROWS = 500


def train_missing(settings: Settings, actor: Actor, progress: Progress) -> list[str]:
    """Train every use case with a generator that has no acting version; returns their keys."""
    desk = open_desk(settings)
    try:
        wanted = [
            use_case
            for use_case in desk.use_cases().values()
            if use_case.synthesize is not None and desk.acting_version(use_case.key) is None
        ]
        for place, use_case in enumerate(wanted):

            def step(message: str, fraction: float, *, place: int = place, title: str = use_case.title) -> None:
                progress(f"{title}: {message}", (place + fraction) / len(wanted))

            train_version(desk, actor, use_case, None, progress=step)
        return [use_case.key for use_case in wanted]
    finally:
        desk.close()


def score_samples(
    settings: Settings, keys: list[str], on_the_log: Callable[[str, dict[str, Any]], dict[str, Any]]
) -> dict[str, int]:
    """Write a sample file of each use case to data/samples/ and score it; returns rows by use case."""
    scored = {}
    for key in keys:
        path = _write_sample(settings, key)
        if path is not None:
            scored[key] = int(on_the_log("score", {"use_case": key, "path": str(path)})["scored"])
    return scored


def _write_sample(settings: Settings, key: str) -> Path | None:
    desk = open_desk(settings)
    try:
        content = sample_csv(desk, key, SAMPLE_ROWS)
    finally:
        desk.close()
    if content is None:
        return None
    path = settings.data_dir / "samples" / f"{key}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
