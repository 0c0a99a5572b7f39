"""Rejected rows: the share of recently uploaded rows that broke the schema."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.domain.alert import Reading, Terms
from core.domain.metrics.proportion import proportion
from core.domain.usecase import UseCase
from core.services.alerting.rule import Rule, judged, not_applicable, too_few
from core.services.desk import Desk


def check(desk: Desk, use_case: UseCase | None, now: datetime, terms: Terms) -> Sequence[Reading]:
    """The lower bound of the share of rejected rows against the limit."""
    assert use_case is not None
    assert terms.window is not None
    hours = terms.window.total_seconds() / 3_600
    found = desk.log.uploads(use_case, now - terms.window, now)
    if not found.n_uploads:
        return [not_applicable(f"Nothing was uploaded in the last {hours:g} hours.", 0)]
    if found.n_rows < terms.minimum_n:
        return [too_few(found.n_rows, terms)]
    share = proportion("rejected", found.n_rejected, found.n_rows)
    uploads = "one upload" if found.n_uploads == 1 else f"{found.n_uploads:,} uploads"
    says = (
        f"{share.value:.1%} of {found.n_rows:,} rows in {uploads} of the last {hours:g} hours were "
        f"rejected (95 % {share.low:.1%} to {share.high:.1%}; limit {terms.limit:.0%})."
    )
    return [judged(terms, says, share.value, sure=share.low, n=found.n_rows, evidence=str(found.last))]


RULE = Rule(
    key="rejects",
    title="Rejected rows",
    over="use case",
    terms=Terms(limit=0.05, critical=0.20, window=timedelta(hours=24)),
    runbook="Open the last upload and read why its rows were rejected: a column that moved, another unit, another "
    "spelling. Send the reasons to whoever makes the file; score it again when it is repaired.",
    check=check,
    page="score-file",
    watches="Rejected rows among the rows of recent uploads; a breach when the whole interval lies above the limit.",
    unit="rate",
)
