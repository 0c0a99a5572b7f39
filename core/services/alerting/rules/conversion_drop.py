"""Conversion drop: the level of mature outcomes fell by more than the policy allows, beyond noise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.domain.alert import Reading, Terms
from core.domain.usecase import UseCase
from core.services.alerting.concepts import judgements, reading
from core.services.alerting.rule import Rule
from core.services.desk import Desk


def check(desk: Desk, use_case: UseCase | None, now: datetime, terms: Terms) -> Sequence[Reading]:
    """The latest mature days against the weeks before them; of bad ends a rise as well as a fall."""
    assert use_case is not None
    return [reading(judgements(desk, use_case.key, now)[3])]


RULE = Rule(
    key="conversion_drop",
    title="Conversion drop",
    over="use case",
    terms=Terms(minimum_n=1, every=timedelta(days=1)),
    runbook="First see whether outcomes came in whole: a feed of outcomes that broke looks the same. Then whether "
    "other rows came in (the scores promise less as well) or the same rows ended differently.",
    check=check,
    page="performance",
    watches="The rate, or mean, of mature outcomes in the latest days against the weeks before them; a breach above "
    "10 % and beyond noise.",
    unit="rate",
    fixed=("persistence", "minimum_n"),
)
