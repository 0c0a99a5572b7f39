"""Fairness gap: groups that the deciding arm treats differently by more than the policy allows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.domain.alert import Reading, Terms
from core.domain.usecase import UseCase
from core.services.alerting.rule import Rule, judged, not_applicable
from core.services.desk import Desk


def check(desk: Desk, use_case: UseCase | None, now: datetime, terms: Terms) -> Sequence[Reading]:
    """Every sensitive column's parity and odds gap."""
    from core.services.comparison.fairness_watch import worst_gaps  # with all that compares groups

    assert use_case is not None
    found = worst_gaps(desk, use_case.key, now)
    if not found:
        return [not_applicable("No column of this use case is named as sensitive.")]
    readings = []
    for gap in found:
        about = f"{gap.kind} by {gap.column}"
        if gap.value is None or gap.sure is None:
            readings.append(not_applicable(gap.sentence, gap.n, about))
        else:
            readings.append(judged(terms, gap.sentence, gap.value, sure=gap.sure, n=gap.n, about=about))
    return readings


RULE = Rule(
    key="fairness_gap",
    title="Fairness gap",
    over="use case",
    terms=Terms(minimum_n=30, limit=0.10, critical=0.20, every=timedelta(days=1)),
    runbook="Open the fairness page: which two groups, how many rows, at which cutoff? Tell the risk manager; the "
    "policy's cutoffs, or the column that carries the difference, are looked at before the next promotion.",
    check=check,
    page="fairness",
    watches="Parity and odds gaps between groups with 30 rows or more of what decided, beyond what equal groups "
    "would show by chance.",
    fixed=("minimum_n",),
)
