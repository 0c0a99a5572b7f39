"""Whether a gap between groups is more than the policy allows, and more than chance."""

from __future__ import annotations

from enum import StrEnum

from core.domain.fairness.gaps import Gap

GAP_LIMIT, GAP_HIGH = 0.10, 0.20  # parity and odds gaps: the limit, and where it is of high severity


class Standing(StrEnum):
    """What can be said of a gap."""

    TOO_FEW = "not enough rows"
    ALIKE = "no more than chance"
    WITHIN = "within the limit"
    UNSURE = "perhaps above the limit"
    ABOVE = "above the limit"
    HIGH = "far above the limit"


def standing(gap: Gap | None, limit: float = GAP_LIMIT, high: float = GAP_HIGH) -> Standing:
    """What a gap comes to.

    It breaks the limit where its lower bound is above it, or where the gap is above both the limit and what permuted
    groups show (`Gap.noise`).
    """
    if gap is None:
        return Standing.TOO_FEW
    chance = gap.value <= gap.noise
    if gap.value <= limit:
        return Standing.ALIKE if chance else Standing.WITHIN
    if chance and gap.low <= limit:
        return Standing.UNSURE
    return Standing.HIGH if gap.value > high else Standing.ABOVE


def breaks(found: Standing) -> bool:
    """Whether the limit is broken."""
    return found in (Standing.ABOVE, Standing.HIGH)
