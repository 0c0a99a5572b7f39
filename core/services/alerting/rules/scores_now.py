"""Scores now: the champion's scores of the last days, looked at every hour, against its held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from core.domain.alert import Reading, Severity, State, Terms
from core.domain.drift.bins import Of, Rows
from core.domain.drift.judgement import Level, Limits, judge
from core.domain.usecase import UseCase
from core.services.alerting.rule import Rule, not_applicable
from core.services.desk import Desk
from core.services.watching.drift_reference import drift_reference, who_columns
from core.store.log_schema import raw_names

LEVEL = 0.001  # of one look: there are 24 of them a day, over rows that are mostly the same


def check(desk: Desk, use_case: UseCase | None, now: datetime, terms: Terms) -> Sequence[Reading]:
    """One judgement of one score in a window that ends now; columns and whole weeks are judged daily."""
    assert use_case is not None
    assert terms.window is not None
    reference = drift_reference(desk, use_case)
    bins = reference.of(Of.SCORE)[:1]
    borders = [now - terms.window, now]
    counted = desk.log.count_scores(use_case, borders, bins, reference.version)[0]
    if not counted.n:
        return [not_applicable(f"{reference.version} scored no row of the last {terms.window.days} days.", 0)]
    stored = raw_names(use_case)
    who = desk.log.count_entities(use_case, borders, [stored[name] for name in who_columns(use_case)])[0]
    share = counted.n / who.n if who.n else 1.0  # of the window's rows: other versions may have scored some
    rows = Rows(counted.n, round(who.n_entities * share), who.n_effective * share) if who.n else everyone(counted.n)
    found = judge(bins, counted.items, rows, replace(Limits(), level=LEVEL))[0]
    if found.level is Level.TOO_FEW:
        return [not_applicable(f"Not enough rows of the last days: {counted.n:,} of {found.needed:,}.", counted.n)]
    says = (
        f"Scores of {reference.champion} of {reference.version} from {borders[0]:%d %B} to {now:%d %B %H:%M} UTC: "
        f"{found.level.value}, PSI {found.psi:.2f} (limit {found.psi_limit:.2f}), n = {counted.n:,}."
    )
    evidence = f"{counted.n} {counted.moments[0][0]:.9g}"
    if not found.level.raised:
        return [Reading(State.OK, says, found.psi, found.psi_limit, counted.n, evidence=evidence)]
    severity = Severity.CRITICAL if found.level is Level.SIGNIFICANT else terms.severity
    return [Reading(State.BREACH, says, found.psi, found.psi_limit, counted.n, severity, evidence=evidence)]


def everyone(n: int) -> Rows:
    """Rows of which each is somebody else's."""
    return Rows(n, n, float(n))


RULE = Rule(
    key="scores_now",
    title="Scores of the last 7 days",
    over="use case",
    terms=Terms(minimum_n=1, persistence=(2, 3), window=timedelta(days=7)),
    runbook="Look first at what came in lately: a feed that broke moves scores at once. Void an upload that is wrong; "
    "if the rows are right, the drift page says which columns moved.",
    check=check,
    page="drift",
    watches="The champion's scores of the last 7 days, so that no weekday weighs more, against its held-out rows, at a "
    "level that bears a look every hour.",
)
