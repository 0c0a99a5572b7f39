"""Of which decisions the outcomes are known: rows that were turned away often have none."""

from __future__ import annotations

from core.domain.metrics.measured import MIN_EVENTS
from core.domain.usecase import UseCase
from core.services.challengers import Challengers


def known_by_decision(use_case: UseCase, found: Challengers) -> dict[str, float]:
    """Share of the mature rows whose outcome is known, by decision; decisions of fewer than 30 are left out."""
    rows = found.rows.rows
    shares: dict[str, float] = {}
    for place, decision in enumerate(use_case.policy.decisions):
        mature = rows.mature & (rows.decision == place)
        if decision not in shares and mature.sum() >= MIN_EVENTS:
            shares[decision] = float(rows.counts[mature].mean())
    return shares
