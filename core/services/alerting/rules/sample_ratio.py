"""Sample-ratio mismatch: an experiment whose arms have sizes that chance does not give."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.domain.alert import Reading, Severity, State, Terms
from core.domain.usecase import UseCase
from core.services.alerting.rule import Rule, judged, not_applicable, too_few
from core.services.desk import Desk
from core.services.scheduling.task import DESK
from core.store.ledger_registry import ExperimentRecord


def check(desk: Desk, use_case: UseCase | None, now: datetime, terms: Terms) -> Sequence[Reading]:
    """The least p-value of the stages of every running experiment; of one that ended lately that it has."""
    assert use_case is not None
    assert terms.window is not None
    known = [record for record in desk.ledger.experiments(use_case.key) if record.created_at <= now]
    running = [record for record in known if record.ended_at is None or record.ended_at > now]
    ended = [record for record in known if record.ended_at and now - terms.window < record.ended_at <= now]
    readings = [_split(desk, record, now, terms) for record in running]
    readings += [
        Reading(State.OK, f"It ended on {record.ended_at:%d %B %Y}: {record.state}.", about=_name(record))
        for record in ended
    ]
    return readings or [not_applicable("No experiment runs.")]


def _name(record: ExperimentRecord) -> str:
    return f"{record.spec['name']} ({record.id[:4]})"


def _split(desk: Desk, record: ExperimentRecord, now: datetime, terms: Terms) -> Reading:
    from core.services.comparison.experiment_readout import read_out  # with all that reads experiments

    worst = min(read_out(desk, DESK, record, now).ratios, key=lambda ratio: ratio.p)
    n = sum(worst.observed)
    if n < terms.minimum_n:
        return too_few(n, terms, "entities", _name(record))
    seen = " and ".join(f"{count:,}" for count in worst.observed)
    planned = " / ".join(f"{share:.0%}" for share in worst.shares)
    says = (
        f"'{record.spec['name']}': {seen} entities in stage {worst.stage + 1} where {planned} were assigned "
        f"(chi-square p = {worst.p:.2g}, limit {terms.limit:g})."
    )
    return judged(terms, says, worst.p, n=n, about=_name(record))


RULE = Rule(
    key="sample_ratio",
    title="Sample-ratio mismatch",
    over="use case",
    terms=Terms(severity=Severity.CRITICAL, limit=0.001, below=True, window=timedelta(days=30)),
    runbook="Do not read this experiment: whatever lost rows of one arm may have chosen which. Find where rows get "
    "lost between assignment and log, conclude the experiment as invalid, and start it again.",
    check=check,
    page="experiments",
    watches="Entities of each arm of a running experiment against the shares they were assigned by, stage by stage.",
)
