"""Missing shares: columns whose values are missing more often than in the version's held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.domain.alert import Reading, Terms
from core.domain.refusals import REQUIRED
from core.domain.usecase import UseCase
from core.services.alerting.recent import above_reference, recent
from core.services.alerting.rule import Rule, not_applicable, too_few
from core.services.desk import Desk


def check(desk: Desk, use_case: UseCase | None, now: datetime, terms: Terms) -> Sequence[Reading]:
    """Every column's share of missing values, rows that were refused for it included, against the reference's."""
    assert use_case is not None
    assert terms.window is not None
    found = recent(desk, use_case, now, terms.window)
    if found is None:
        return [not_applicable(f"No row came in the last {terms.window.days} days.", 0)]
    if found.n < terms.minimum_n:
        return [too_few(found.n, terms)]
    profile = desk.scorer(use_case.key).bundle.profile
    columns = list(use_case.schema)
    return [
        above_reference(
            found,
            terms,
            found.gaps[column.name] + found.refused.get((column.name, REQUIRED, ""), 0),
            (profile["missing"].get(column.name, 0.0), profile["n"]),
            len(columns),
            column.name,
            f"{column.title} is missing",
        )
        for column in columns
    ]


RULE = Rule(
    key="missing_shares",
    title="Missing values",
    over="use case",
    terms=Terms(limit=0.05, critical=0.20, window=timedelta(days=7)),
    runbook="Look at the last file's column: was it renamed, left empty, exported by somebody else? Ask whoever sends "
    "it; void the upload if its scores would mislead, and send it again.",
    check=check,
    page="score-file",
    watches="The share of missing values of every column in the newest rows, refused ones included, against held-out "
    "rows.",
    unit="rate",
)
