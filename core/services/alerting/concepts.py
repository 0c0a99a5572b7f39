"""Readings from what mature outcomes say: concept drift, a drop, calibration, the level of outcomes."""

from __future__ import annotations

from datetime import datetime

from core.domain.alert import Reading, Severity, State
from core.services.alerting.rule import not_applicable
from core.services.desk import Desk
from core.services.watching.concept_judged import ConceptJudgement


def reading(found: ConceptJudgement, severity: Severity | None = None, about: str = "") -> Reading:
    """One judgement as a reading; its windows persist already, so that one breach is enough."""
    if found.state is State.NOT_APPLICABLE:
        return not_applicable(found.sentence, found.n, about)
    evidence = found.of.isoformat() if found.of else ""
    worse = severity if found.state is State.BREACH else None
    return Reading(found.state, found.sentence, found.value, found.limit, found.n, worse, about, evidence, True)


def judgements(desk: Desk, key: str, now: datetime) -> tuple[ConceptJudgement, ...]:
    """Concept, drop, calibration and conversion as known at a time."""
    from core.services.watching.concept import concept_state  # with all that judges outcomes

    found = concept_state(desk, key, now)
    return found.concept, found.drop, found.calibration, found.conversion
