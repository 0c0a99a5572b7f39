"""Requests and beats as the desk counts them, written straight into the ledger."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.domain.service_level import place_of
from core.services.desk import Desk
from core.services.request_counts import SCORE_ONE
from core.store.ledger_service import RequestCount

from .conftest import NOW


def asked(
    desk: Desk, quick: int, slow: int = 0, *, slow_ms: float = 900.0, errors: int = 0, at: datetime | None = None
) -> None:
    """Requests of one minute, by default of the one 10 minutes ago; the errors among them were not answered."""
    begins = (at or NOW - timedelta(minutes=10)).replace(second=0, microsecond=0)
    latency = {place_of(20.0): quick - errors, place_of(slow_ms): slow}
    counted = {place: n for place, n in latency.items() if n}
    desk.ledger.add_requests(
        [RequestCount(begins, 60, "page", SCORE_ONE, quick + slow, 0, errors, quick + slow - errors, 1.0, counted)]
    )


def beats(desk: Desk, first: datetime, last: datetime, process: str = "a") -> None:
    """The desk was there from the first to the last."""
    at = first
    while at <= last:
        desk.ledger.beat(process, at)
        at += timedelta(minutes=2)
    desk.ledger.beat(process, last)
