"""How a simulated desk did: requests by the hour and beats, with slow hours, hours of errors and hours of silence."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from core.domain.history import DAYS
from core.domain.service_level import BEAT, BOUNDS, place_of
from core.services.desk import Desk
from core.services.request_counts import SCORE_ONE
from core.store.ledger_service import RequestCount
from core.store.log_simulated import SIMULATED

SLOW, FAILING, SILENT = 8, 11, 13  # weeks, from 0; on the day that each ends with
SLOW_FACTOR, ERROR_SHARE, SILENCE = 60.0, 0.08, timedelta(hours=6)
_LAST_HOURS = 21  # from then on that day answers are slow, or fail
_AN_HOUR = 150  # requests
_SHAPE, _SCALE = 6.0, 0.8  # of a gamma distribution: ms


def simulate_service(desk: Desk, seed: int, until: datetime) -> None:
    """Write down six months of requests and beats, marked as simulated."""
    rng = np.random.default_rng([seed, 97])
    start = until - timedelta(days=DAYS)
    counts = [_hour(rng, start, day, hour) for day in range(DAYS) for hour in range(24)]
    desk.ledger.add_requests(counts, simulated=True)
    silent = start + timedelta(days=7 * SILENT + 6, hours=9)
    desk.ledger.add_simulated_beats([(start, silent), (silent + SILENCE, until - BEAT)])


def _hour(rng: np.random.Generator, start: datetime, day: int, hour: int) -> RequestCount:
    week, last = day // 7, day % 7 == 6 and hour >= _LAST_HOURS
    n = int(rng.poisson(_AN_HOUR))
    errors = int(rng.binomial(n, ERROR_SHARE)) if last and week == FAILING else 0
    refused = int(rng.binomial(n - errors, 0.02))
    slow = SLOW_FACTOR if last and week == SLOW else 1.0
    ms = rng.gamma(_SHAPE, _SCALE, n - errors - refused) * slow
    places, found = np.unique([min(place_of(float(value)), len(BOUNDS)) for value in ms], return_counts=True)
    return RequestCount(
        begins=start + timedelta(days=day, hours=hour),
        seconds=3600,
        face=SIMULATED,
        operation=SCORE_ONE,
        n=n,
        refused=refused,
        errors=errors,
        rows=len(ms),
        busy_s=float(ms.sum()) / 1_000,
        latency=dict(zip(places.astype(int).tolist(), found.tolist(), strict=True)),
    )
