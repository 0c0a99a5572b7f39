"""Concept drift over several simulated histories: episodes named with their kind, and quiet windows that stay quiet.

python -m benchmarks.concept [SEEDS]    six by default; each takes half a minute to simulate, for all use cases
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from core.config import Settings
from core.domain.history import DAYS, MONTHS, Span
from core.domain.usecase import UseCase
from core.services.access import Actor, Role
from core.services.desk import Desk, open_desk
from core.services.history import job
from core.services.preparing import train_missing
from core.services.watching.concept import concept_state
from core.services.watching.concept_window import ConceptWindow, Kind

ACTOR = Actor("benchmark", Role.ADMIN, "cli")
UNTIL = datetime(2026, 11, 21, tzinfo=UTC)
Days = tuple[date, date]


def main(n_seeds: int = 6) -> dict[str, Any]:
    """Measure: shares of histories in which an episode is named, and of quiet windows in which anything is."""
    told: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        trained = Path(folder) / "trained"
        train_missing(Settings(home=trained), ACTOR, lambda message, share: None)
        for seed in range(1, n_seeds + 1):
            home = Path(folder) / f"seed-{seed}"
            shutil.copytree(trained, home)
            told += _history(home, seed)
            shutil.rmtree(home)
    keys = sorted({name.split(":")[0] for name in told if ":" in name})
    return {
        "seeds": n_seeds,
        "concept_named": {key: told[f"{key}:concept"] for key in keys},
        "bad_period_named": {key: told[f"{key}:bad"] for key in keys},
        "quiet_windows": told["quiet"],
        "quiet_windows_with_concept_drift": told["quiet concept"],
        "quiet_windows_with_fallen_outcomes": told["quiet conversion"],
    }


def _history(home: Path, seed: int) -> Counter[str]:
    desk = open_desk(Settings(home=home))
    try:
        done = desk.jobs.wait(job.submit(desk, ACTOR, seed, UNTIL))
        if done.state != "done":
            raise RuntimeError(done.message)
        told: Counter[str] = Counter()
        for case in desk.use_cases().values():
            told += _one(desk, case)
        return told
    finally:
        desk.close()


def _one(desk: Desk, case: UseCase) -> Counter[str]:
    state, spans = concept_state(desk, case.key, UNTIL), _planted(case)
    moves = [move.change for move in state.moves if move.harmful and not move.explained]
    bad = [item for item in moves if item.first < spans["bad"][1] and item.last >= spans["bad"][0]]
    named = [item for item in state.judged if item.named and _over(item, spans["concept"])]
    quiet = [item for item in state.judged if not any(_over(item, days) for days in spans.values())]
    return Counter(
        {
            f"{case.key}:concept": int(bool(named)),
            f"{case.key}:bad": int(bool(bad)),
            "quiet": len(quiet),
            "quiet concept": sum(item.named for item in quiet),
            "quiet conversion": sum(item.kind is Kind.CONVERSION for item in quiet),
        }
    )


def _planted(case: UseCase) -> dict[str, Days]:
    assert case.history
    episodes = case.history.episodes
    spans = {"bad": (episodes.bad, episodes.bad + 1), "broken": (episodes.broken, episodes.broken + 1)}
    spans |= {"concept": episodes.concept, "shifted": episodes.shifted}
    return {name: _days(case, span) for name, span in spans.items()}


def _days(case: UseCase, span: Span) -> Days:
    assert case.history
    if case.history.by_month:
        month = UNTIL.month - MONTHS
        return date(UNTIL.year, month + span[0], 1), date(UNTIL.year, month + span[1], 1)
    first = UNTIL.date() - timedelta(days=DAYS)
    return first + timedelta(days=7 * span[0]), first + timedelta(days=7 * span[1])


def _over(item: ConceptWindow, days: Days) -> bool:
    return item.start < days[1] and item.end > days[0]


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:])), indent=1))
