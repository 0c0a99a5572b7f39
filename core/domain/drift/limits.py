"""What the policy calls a change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The bands and levels of drift.

    Attributes
    ----------
    psi_moderate, psi_significant : float
    kl : float
        Of KL(current || reference); KL > .1 is about PSI > .2.
    effect, effect_significant : float
        Kolmogorov-Smirnov D, and Cramer's V of levels and of missing shares.
    level : float
        Share of quiet periods that may raise anything.
    minimum_rows : int
        Of a window and of the reference, counted in entities; more where many items are judged at once.
    persistence : pair of int
        (k, n): k of the last n judged windows before a critical alarm.
    """

    psi_moderate: float = 0.10
    psi_significant: float = 0.25
    kl: float = 0.10
    effect: float = 0.10
    effect_significant: float = 0.25
    level: float = 0.05
    minimum_rows: int = 170
    persistence: tuple[int, int] = (2, 3)
