"""Calibration: the line of outcomes over scores left the one that the version had on its held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.domain.alert import Reading, Terms
from core.domain.usecase import UseCase
from core.services.alerting.concepts import judgements, reading
from core.services.alerting.rule import Rule
from core.services.desk import Desk


def check(desk: Desk, use_case: UseCase | None, now: datetime, terms: Terms) -> Sequence[Reading]:
    """Intercept or slope beyond the policy's margin and beyond noise, in k of n mature windows."""
    assert use_case is not None
    return [reading(judgements(desk, use_case.key, now)[2])]


RULE = Rule(
    key="calibration",
    title="Calibration",
    over="use case",
    terms=Terms(minimum_n=1, every=timedelta(days=1)),
    runbook="Scores are too high or too low as a whole, or too sure: look at the calibration on the performance page. "
    "Retraining fits the calibrator anew; until then read scores as an order, not as probabilities.",
    check=check,
    page="performance",
    watches="Intercept and slope of outcomes over scores in mature windows, against the version's held-out rows, in 2 "
    "of the last 3 windows.",
    fixed=("persistence", "minimum_n"),
)
