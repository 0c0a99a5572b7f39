"""How a score becomes a band and a decision: one policy per use case.

Bands are listed from the highest score down. A band is bounded either by a fixed score (`at_least`) or
by a share of rows (`share`); shares are turned into cutoffs once, on the held-out reference rows of a
version, and kept in its card, so that a row is decided alone exactly as in a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.domain.features import Floats

Codes = NDArray[np.int8]


class Mode(StrEnum):
    """Who decides."""

    LIVE = "live"  # the champion model decides
    SHADOW = "shadow"  # the rules decide; the models are logged and never act


class Tone(StrEnum):
    """How a band is painted; never the only sign of it."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    BAD = "bad"


@dataclass(frozen=True)
class Band:
    """One band of scores, the decision it leads to, and its words."""

    name: str
    decision: str
    tone: Tone
    at_least: float | None = None  # score, inclusive; None for the lowest band or where `share` is given
    share: float | None = None  # fraction of rows, (0, 1)


@dataclass(frozen=True)
class Money:
    """What a decision costs, by band and outcome; gains are negative costs.

    `costs[band] = (cost if the outcome is negative, cost if it is positive)`, in `currency`; binary only.
    """

    currency: str
    costs: tuple[tuple[float, float], ...]
    note: str = ""


@dataclass(frozen=True)
class Policy:
    """Bands, mode and the limits that a risk manager owns. Rates are fractions."""

    bands: tuple[Band, ...]
    mode: Mode = Mode.LIVE
    capacity: float | None = None  # share of rows a team can take
    money: Money | None = None
    primary_metric: str = "auc"
    minimum_gain: float = 0.01
    score_format: str = "percent"  # percent | number: how ui shows a score
    notes: tuple[str, ...] = field(default=())
    # (band names, decisions) of policies that were in force before, with as many bands: what logged rows may say
    formerly: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = field(default=(), compare=False, repr=False)

    @property
    def band_names(self) -> tuple[str, ...]:
        return tuple(band.name for band in self.bands)

    @property
    def decisions(self) -> tuple[str, ...]:
        return tuple(band.decision for band in self.bands)

    @property
    def band_places(self) -> dict[str, int]:
        """Place of a band by the name it has, or had in a former policy."""
        return _places([*(names for names, _ in self.formerly), self.band_names])

    @property
    def decision_places(self) -> dict[str, int]:
        """Place of a decision by its words now, or in a former policy; the first of equals."""
        return _places([*(decisions for _, decisions in self.formerly), self.decisions])

    def by_band(self, counts: Mapping[str, int]) -> dict[str, int]:
        """Counts by the name a band was logged with, as counts by band; a former name counts in its place."""
        places, found = self.band_places, dict.fromkeys(range(len(self.bands)), 0)
        for name, count in counts.items():
            if name in places:
                found[places[name]] += count
        return dict(zip(self.band_names, found.values(), strict=True))

    def cutoffs(self, reference_scores: Floats) -> tuple[float, ...]:
        """The lower bounds of all bands but the lowest, descending.

        Parameters
        ----------
        reference_scores : array, shape (n_rows,)
            Scores of held-out rows; read only where bands are given as shares.
        """
        upper = self.bands[:-1]
        if all(band.at_least is not None for band in upper):
            return tuple(float(band.at_least or 0.0) for band in upper)
        shares = np.cumsum([band.share or 0.0 for band in upper])
        return tuple(float(cut) for cut in np.quantile(reference_scores, 1.0 - shares, method="higher"))


def _places(lists: Sequence[Sequence[str]]) -> dict[str, int]:
    """Places of texts, later lists before earlier ones and the first of equals before the others."""
    found: dict[str, int] = {}
    for texts in lists:
        found |= {text: place for place, text in reversed(list(enumerate(texts)))}
    return found


def band_codes(scores: Floats, cutoffs: Sequence[float]) -> Codes:
    """Band of each score, 0 for the highest; a score equal to a cutoff is in the upper band.

    Parameters
    ----------
    scores : array, shape (n_rows,)
    cutoffs : sequence of float, shape (n_bands - 1,), descending

    Returns
    -------
    array of int8, shape (n_rows,), in [0, n_bands - 1]

    Examples
    --------
    >>> band_codes(np.array([0.9, 0.7, 0.1]), (0.7, 0.3))
    array([0, 0, 2], dtype=int8)
    """
    below = np.searchsorted(np.asarray(cutoffs)[::-1], scores, side="right")
    return (len(cutoffs) - below).astype(np.int8)
