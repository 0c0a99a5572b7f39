"""Concept drift: outcomes no longer follow the scores, or the model is worth less than on its held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.domain.alert import Reading, Severity, Terms
from core.domain.usecase import UseCase
from core.services.alerting.concepts import judgements, reading
from core.services.alerting.rule import Rule
from core.services.desk import Desk

DROP = "a drop against held-out rows"


def check(desk: Desk, use_case: UseCase | None, now: datetime, terms: Terms) -> Sequence[Reading]:
    """Realised below estimated in k of n mature windows; and a drop of over 5 % beyond noise, which is critical."""
    assert use_case is not None
    concept, drop, _, _ = judgements(desk, use_case.key, now)
    return [reading(concept), reading(drop, Severity.CRITICAL, DROP)]


RULE = Rule(
    key="concept_drift",
    title="Concept drift",
    over="use case",
    terms=Terms(minimum_n=1, every=timedelta(days=1)),
    runbook="Look at realised figures by period and segment: since when, for whom? If inputs did not move, what they "
    "mean has: retrain on newer outcomes and compare the result as a challenger; let the rules decide if it is bad.",
    check=check,
    page="performance",
    watches="The figure realised on mature outcomes against what the scores themselves promise, in 2 of the last 3 "
    "windows; and against the held-out rows.",
    fixed=("persistence", "minimum_n"),
)
