"""Measuring drift: by itself as a task of the desk, or because somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from core.errors import DeskError
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.watching.drift_results import latest, measure
from core.services.watching.drift_single import count_single_rows
from core.services.watching.drift_windows import Window


def measure_now(desk: Desk, actor: Actor, key: str, now: datetime | None = None) -> tuple[Window, ...]:
    """Count single rows, measure what never was, and write down who asked for it."""
    require(actor, Action.WATCH)
    at = now or datetime.now(UTC)
    count_single_rows(desk, key, at)
    done = measure(desk, key, at)
    desk.ledger.record(
        at=at, actor=actor.name, role=actor.role.value, via=actor.via, action="measure drift", subject=key,
        result="done", after={"windows": len(done)},
    )  # fmt: skip
    return done


def measure_all(desk: Desk, now: datetime) -> Mapping[str, Any]:
    """Measure every use case; one that cannot be measured does not keep the others."""
    said, n_windows = [], 0
    for key, use_case in desk.use_cases().items():
        try:
            done = measure(desk, key, now)
        except DeskError as error:
            said.append(f"{use_case.title}: {error}")
            continue
        n_windows += len(done)
        if done:
            said.append(f"{use_case.title}: {len(done)} measured, {_came_to(desk, key)}.")
    return {"said": " ".join(said) or "Every whole window was measured already.", "found": n_windows}


def _came_to(desk: Desk, key: str) -> str:
    state = latest(desk, key)
    if state is None:
        return "too few rows to judge any"
    moved = [item.name for item in state.raised]
    return f"score: {state.score.level.value}; {len(moved)} of {len(state.items) - 1} inputs and scores moved"


def count_all(desk: Desk, now: datetime) -> Mapping[str, Any]:
    """Count the features of rows that were scored singly, in every use case."""
    n_rows = sum(count_single_rows(desk, key, now) for key in desk.use_cases())
    return {"said": f"Features of {n_rows:,} single rows were counted.", **({"found": n_rows} if n_rows else {})}
