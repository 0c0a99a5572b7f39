"""Windows with results of drift, as if they had been measured."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from core.services.desk import Desk

WEEK = timedelta(days=7)
FIRST = datetime.fromisoformat("2026-10-05T00:00:00+00:00")  # a Monday
QUIET, MODERATE, SIGNIFICANT = "no change", "moderate change", "significant change"
TOO_FEW, SHOWN = "not enough rows", "shown, never judged"


def week(place: int) -> datetime:
    """When a week begins."""
    return FIRST + place * WEEK


def keep(desk: Desk, key: str, place: int, levels: Mapping[tuple[str, str], str], **facts: Any) -> None:
    """Keep one week: levels by (score | raw column | feature, name), the champion's score first."""
    both = {"use_case": key, "window_from": week(place), "window_to": week(place + 1), "measured_at": week(place + 1)}
    both |= {"version": facts.pop("version", "v1"), "n": facts.pop("n", 640)}
    window = {"step": "week", "n_entities": 640, "n_effective": 640.0, "judged": True, "simulated": False}
    results = [
        both
        | {"against": "reference", "of": of, "name": name, "place": at, "level": level, "needed": 271.0}
        | {"psi": {QUIET: 0.02, MODERATE: 0.15, SIGNIFICANT: 0.4}.get(level, 0.0), "psi_limit": 0.1}
        | {"n_effective": 640.0, "simulated": False, "why": ["PSI is beyond its limit."] if "change" in level else []}
        for at, ((of, name), level) in enumerate(levels.items())
    ]
    desk.log.append_drift([both | window | facts], results)
