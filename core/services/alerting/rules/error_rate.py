"""Error rate: the share of requests that failed for a reason of the desk's own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.domain.alert import Reading, Severity, Terms
from core.domain.service_level import MOST_ERRORS
from core.domain.usecase import UseCase
from core.services.alerting.rule import Rule, judged, not_applicable, too_few
from core.services.alerting.spans import last
from core.services.desk import Desk
from core.services.health import service_window


def check(desk: Desk, use_case: UseCase | None, now: datetime, terms: Terms) -> Sequence[Reading]:
    """The lower bound of the rate against the limit."""
    assert terms.window is not None
    found = service_window(desk, now - terms.window, now)
    rate = found.error_rate
    if rate is None:
        return [not_applicable(f"Nothing was asked in the {last(terms.window)}.", 0)]
    if found.n < terms.minimum_n:
        return [too_few(found.n, terms, "requests")]
    says = (
        f"{found.errors:,} of {found.n:,} requests of the {last(terms.window)} failed: {rate.value:.2%} "
        f"(95 % {rate.low:.2%} to {rate.high:.2%}; limit {terms.limit:.2%})."
    )
    return [judged(terms, says, rate.value, sure=rate.low, n=found.n)]


RULE = Rule(
    key="error_rate",
    title="Failed requests",
    over="desk",
    terms=Terms(
        severity=Severity.CRITICAL,
        limit=MOST_ERRORS,
        minimum_n=100,
        every=timedelta(minutes=15),
        window=timedelta(hours=1),
    ),
    runbook="Open the service page for the operation that fails, then the desk's log for its incident numbers. Did it "
    "begin with a promotion or an import? Roll that back first, look for the cause after.",
    check=check,
    page="service",
    watches="Requests of every face that failed, refused input not counted, among all of the last hour; a breach when "
    "the lower bound lies above the limit.",
    unit="rate",
)
