"""Watch a simulated history as it went by: week after week, by the rules, as if nobody knew what comes next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from core.domain.history import DAYS
from core.services.desk import Desk

Progress = Callable[[float], None]
_WEEK = timedelta(days=7)
_TURN = 3  # weeks: outcomes ripen slowly, and the rules that read them take most of the time
BY_OUTCOMES = frozenset({"calibration", "concept_drift", "conversion_drop", "fairness_gap"})


def watch(desk: Desk, keys: Sequence[str], until: datetime, progress: Progress) -> dict[str, Any]:
    """Measure drift, then let the rules look at each week's end, at what was known by then; counts of alerts."""
    from core.services.alerting.engine import evaluate
    from core.services.alerting.rule import DESK_SUBJECT
    from core.services.watching.drift_results import measure

    opened = ended = 0
    for key in keys:
        measure(desk, key, until)
    ends = [until - timedelta(days=DAYS) + place * _WEEK for place in range(1, DAYS // 7 + 1)]
    for place, at in enumerate(ends, start=1):
        waiting = () if place % _TURN == len(ends) % _TURN else BY_OUTCOMES
        everybody = [*keys, DESK_SUBJECT]
        found = evaluate(desk, at, simulated=True, every_rule=True, subjects=everybody, leave_out=waiting)
        opened, ended = opened + len(found.opened), ended + len(found.cleared)
        progress(place / len(ends))
    return {"alerts": opened, "alerts_over": ended}
