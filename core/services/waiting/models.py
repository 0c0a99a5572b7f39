"""What waits for those who look after models: stand-ins, verdicts reached, outcomes that are due, rollbacks."""

from __future__ import annotations

from collections.abc import Iterator

from core.services.access import Action, may
from core.services.label_counts import compared, ripe
from core.services.waiting.need import LATELY, Looked, Need, Urgency, counted, day, moment, of

KNOWN_SHARE = 0.9  # of the rows older than the horizon that have an outcome; with fewer no verdict is valid


def stand_ins(looked: Looked) -> Iterator[Need]:
    """Use cases that an earlier version scores, because the acting one cannot."""
    for key, found in looked.stand_ins.items():
        said = f"An earlier model scores for now. Found {moment(found.since)}."
        if may(looked.actor, Action.SEE_MODELS):
            said = (
                f"Version {found.serving.version} stands in for {found.failed}, which cannot score. Found "
                f"{moment(found.since)}. {found.problem}"
            )
        yield Need("stand-in", Urgency.NOW, looked.title(key), said, found.since, "models", of(key))


def verdicts(looked: Looked) -> Iterator[Need]:
    """Open comparisons that have the rows they were planned with, for those who plan."""
    if not may(looked.actor, Action.PLAN):
        return
    for key, use_case in looked.use_cases.items():
        for found in compared(looked.desk, use_case, looked.now):
            if found.reached:
                said = (
                    f"{found.plan.challenger} against {found.plan.champion} has its "
                    f"{counted(found.plan.planned_n, 'row')} in both windows, planned on {day(found.planned_at)}: "
                    "read the verdict."
                )
                at = found.planned_at
                yield Need("verdict", Urgency.TODAY, looked.title(key), said, at, "challengers", of(key))


def labels(looked: Looked) -> Iterator[Need]:
    """Rows whose outcome is due and missing, for those who bring outcomes."""
    if looked.hurried or not may(looked.actor, Action.OUTCOMES):
        return
    for key, use_case in looked.use_cases.items():
        if looked.desk.acting_version(key) is None:
            continue
        found = ripe(looked.desk, use_case, looked.now)
        if not found.n_missing or found.n_missing <= (1 - KNOWN_SHARE) * found.n_mature:
            continue
        age = counted(use_case.target.horizon_days, "day")
        soon = f" {counted(found.n_soon, 'row')} more get as old within a week." if found.n_soon else ""
        said = (
            f"{found.n_missing:,} of {counted(found.n_mature, 'row')} older than {age} have no outcome, the oldest of "
            f"{day(found.oldest_missing)}: bring what became of them.{soon}"
        )
        yield Need("labels", Urgency.SOON, looked.title(key), said, found.oldest_missing, "performance", of(key))


def rolled_back(looked: Looked) -> Iterator[Need]:
    """The latest experiment of each use case that was rolled back within a week."""
    if not may(looked.actor, Action.SEE_MODELS):
        return
    for key in looked.use_cases:
        ended = [
            (record.ended_at, str(record.spec["name"]))
            for record in looked.desk.ledger.experiments(key, "rolled back")
            if record.ended_at is not None and looked.now - record.ended_at < LATELY
        ]
        if ended:
            at, name = max(ended)
            said = f"{name} was rolled back {moment(at)}."
            yield Need("rolled back", Urgency.TODAY, looked.title(key), said, at, "experiments", of(key))
