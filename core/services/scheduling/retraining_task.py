"""Retrainings that are due are started by the desk; each enters as challenger, none ever acts by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from core.domain.usecase import UseCase
from core.services.desk import Desk
from core.services.rebuilding import retraining
from core.services.rebuilding.retraining_data import supplies
from core.services.rebuilding.retraining_due import due
from core.services.rebuilding.retraining_order import Order, Rows
from core.services.scheduling.task import DESK

AGAIN_AFTER = timedelta(days=7)  # one that failed or was stopped is not tried again each day


def start_what_is_due(desk: Desk, now: datetime) -> Mapping[str, Any]:
    """Start what is due in every use case, on logged rows; says of every other one why not."""
    retraining.register(desk)
    started, said = {}, []
    for use_case in desk.use_cases().values():
        if desk.acting_version(use_case.key) is None:
            continue
        order = _order(desk, use_case, now)
        if isinstance(order, str):
            said.append(f"{use_case.title}: {order}")
            continue
        started[use_case.key] = retraining.submit(desk, DESK, use_case.key, order)
        said.append(f"{use_case.title}: started, because {' '.join(order.because)}")
    facts = {"jobs": list(started.values()), "started": started, "found": len(started)}
    return {"said": " ".join(said) or "Nothing is trained yet.", **facts}


def _order(desk: Desk, use_case: UseCase, now: datetime) -> Order | str:
    """What is asked for; a str says why nothing is."""
    key = use_case.key
    found = due(desk, DESK, key, now)
    if not found.is_due:
        return "not due."
    if not found.schedule.on:
        return "due, but the schedule is paused."
    if retraining.running(desk, key) is not None:
        return "due, and being retrained already."
    tried = [job for job in desk.ledger.jobs(use_case=key, limit=1_000) if job.kind == retraining.KIND]
    if tried and tried[0].state != "done" and now - tried[0].created_at < AGAIN_AFTER:
        again = tried[0].created_at + AGAIN_AFTER
        ended = "failed" if tried[0].state == "failed" else f"was {tried[0].state}"
        return f"due; the one of {tried[0].created_at:%Y-%m-%d} {ended}, and is tried again on {again:%Y-%m-%d}."
    lacks = supplies(desk, DESK, key, now=now)[Rows.LOGGED].lacks
    if lacks:
        return f"due, but too little to retrain on: {lacks}."
    because = tuple(reason.text for reason in found.reasons)
    return Order(reason="Started by the schedule.", because=because)
