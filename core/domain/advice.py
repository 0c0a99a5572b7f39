"""What a result page may add to a score: measures on a scale, a comparison with reference means, advice.

All of it is data on the use case; the page draws whatever a use case offers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.features import Floats
from core.domain.policy import Tone


@dataclass(frozen=True)
class Gauge:
    """A feature on a scale of three zones: low below `low`, high above `high`, middle from one to the other.

    Attributes
    ----------
    feature : str
        Name of an engineered feature.
    label : str
    low, high : float
        The inner ends of the outer zones; both belong to the middle.
    minimum, maximum : float
        Where the scale begins and ends.
    unit : str
    """

    feature: str
    label: str
    low: float
    high: float
    minimum: float = 0.0
    maximum: float = 100.0
    unit: str = ""

    def zone(self, values: Floats) -> NDArray[np.int8]:
        """0 low, 1 middle, 2 high; shape (n_rows,).

        >>> Gauge("rpc_rate", "RPC", 27, 54).zone(np.array([26.9, 27.0, 54.0, 54.1]))
        array([0, 1, 1, 2], dtype=int8)
        """
        return ((values >= self.low).astype(np.int8) + (values > self.high)).astype(np.int8)

    def reading(self, value: float) -> int:
        """The zone of one value."""
        return int(self.zone(np.array([value]))[0])


ZONES = ("low", "middle", "high")
ZONE_TONES = (Tone.BAD, Tone.POOR, Tone.GOOD)


@dataclass(frozen=True)
class ReferenceMean:
    """What a feature is on average in a documented reference population, never in the rows being scored."""

    feature: str
    label: str
    mean: float
    unit: str = ""


@dataclass(frozen=True)
class Advice:
    """One thing to do about one row, and why."""

    topic: str
    text: str
    tone: Tone = Tone.FAIR
