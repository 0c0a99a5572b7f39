"""Of which decisions the outcomes are known, and what the arms are worth once that is weighed."""

from __future__ import annotations

from core.domain.judged import Judged
from core.domain.metrics.measured import MIN_EVENTS
from core.domain.usecase import UseCase
from core.services.access import Action, Actor, require
from core.services.comparison.challengers import Challengers
from core.services.comparison.swaps import mark_of
from core.services.comparison.weighting import Weighted, weighted
from core.services.desk import Desk
from core.services.kept import kept


def known_by_decision(use_case: UseCase, rows: Judged) -> dict[str, float]:
    """Share of the mature rows whose outcome is known, by decision; decisions of fewer than 30 are left out."""
    shares: dict[str, float] = {}
    for place, decision in enumerate(use_case.policy.decisions):
        mature = rows.mature & (rows.decision == place)
        if decision not in shares and mature.sum() >= MIN_EVENTS:
            shares[decision] = float(rows.counts[mature].mean())
    return shares


def weighed(desk: Desk, actor: Actor, key: str, found: Challengers) -> Weighted:
    """The arms of a comparison by rows weighted with 1 / propensity, or in words why they are not."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    return kept(desk, use_case, ("weighed", *mark_of(found)), lambda: weighted(desk, actor, key, found.rows))
