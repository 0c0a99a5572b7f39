"""What somebody promised of a use case, word by word, so that it can be set beside what is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One promised figure.

    Attributes
    ----------
    metric : str
        A name in `core.domain.metrics.catalogue`.
    value : float
    said : str
        The sentence of the source that promises it.
    why : str
        Why the measured figure is, or is not, what was promised: one sentence without figures of its own.
    upto : float or None
        The upper end, where a range was promised.
    arm : str
        "champion" or "rules": whose figure it is.
    """

    metric: str
    value: float
    said: str
    why: str
    upto: float | None = None
    arm: str = "champion"
