"""Latency: how long 95 of 100 single scores keep within, over the last hour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from core.domain.alert import Reading, Terms
from core.domain.service_level import FAR_TOO_SLOW_MS, SLOW_MS
from core.domain.usecase import UseCase
from core.services.alerting.rule import Rule, judged, not_applicable, too_few
from core.services.alerting.spans import last
from core.services.desk import Desk
from core.services.health import service_window


def check(desk: Desk, use_case: UseCase | None, now: datetime, terms: Terms) -> Sequence[Reading]:
    """The lower bound of p95 against the limit."""
    assert terms.window is not None
    p95 = service_window(desk, now - terms.window, now).latency.get("p95")
    if p95 is None:
        return [not_applicable(f"No row was scored alone in the {last(terms.window)}.", 0)]
    if p95.n < terms.minimum_n:
        return [too_few(p95.n, terms, "single scores")]
    most = f"to {p95.high:,.0f} ms" if math.isfinite(p95.high) else "and more"
    says = (
        f"95 of 100 single scores of the {last(terms.window)} took at most {p95.value:,.0f} ms (n = {p95.n:,}, 95 % "
        f"{p95.low:,.0f} {most}; limit {terms.limit:,.0f} ms)."
    )
    return [judged(terms, says, p95.value, sure=p95.low, n=p95.n)]


RULE = Rule(
    key="latency",
    title="Slow answers",
    over="desk",
    terms=Terms(
        limit=SLOW_MS, critical=FAR_TOO_SLOW_MS, minimum_n=60, every=timedelta(minutes=15), window=timedelta(hours=1)
    ),
    runbook="Open the service page: is a long job running beside, is memory or disk short, did it begin with a "
    "promotion? Pause the job, or roll the version back.",
    check=check,
    page="service",
    watches="The time from asking to the answer of single scores, the log's write included, of which 95 of 100 take "
    "no more; a breach when the whole interval lies above the limit.",
    unit="ms",
)
