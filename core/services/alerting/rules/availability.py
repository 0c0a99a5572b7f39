"""Availability: whether the desk was there as much of 30 days as it promises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.domain.alert import Reading, Severity, State, Terms
from core.domain.service_level import PROMISED, Kept
from core.domain.usecase import UseCase
from core.services.alerting.rule import Rule, not_applicable
from core.services.desk import Desk
from core.services.health import service_window


def check(desk: Desk, use_case: UseCase | None, now: datetime, terms: Terms) -> Sequence[Reading]:
    """A breach once the promise cannot be kept any more, whatever is not known of the period."""
    assert terms.window is not None and terms.limit is not None
    found = service_window(desk, now - terms.window, now).availability
    if found.share is None:
        return [not_applicable("The desk has not said yet that it is there.", 0)]
    minutes, days = found.down_s / 60, terms.window.days
    known = found.known_share * days
    allowed = (1 - terms.limit) * terms.window.total_seconds() / 60
    says = (
        f"The desk was down for {minutes:,.0f} minutes of the last {known:.1f} days that are known; {allowed:,.0f} of "
        f"{days} days are allowed ({terms.limit:.1%} promised, {found.share:.2%} of the known time kept)."
    )
    broken = found.kept(terms.limit) is Kept.BROKEN
    state, severity = (State.BREACH, terms.severity) if broken else (State.OK, None)
    return [Reading(state, says, found.share, terms.limit, round(found.known_s / 60), severity)]


RULE = Rule(
    key="availability",
    title="Availability",
    over="desk",
    terms=Terms(
        severity=Severity.CRITICAL,
        limit=PROMISED,
        below=True,
        minimum_n=1,
        clear_after=1,
        clear_share=1.0,
        window=timedelta(days=30),
    ),
    runbook="Open the service page: when was it down, and for how long at a time? Restarts, a full disk and a machine "
    "that sleeps leave different traces. Tell whoever was promised otherwise.",
    check=check,
    page="service",
    watches="Silences of more than three minutes between the desk's beats, over 30 days; a breach once they are more "
    "than the promise allows, whatever is not known of the period.",
    unit="rate",
)
