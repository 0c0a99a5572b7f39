"""Which decision is looked at, whether it is good news, and which outcome would have justified it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.domain.features import Floats
from core.domain.policy import Tone
from core.domain.usecase import Task, UseCase


@dataclass(frozen=True)
class Selection:
    """A row is selected where it falls into this band.

    Attributes
    ----------
    place : int
        Of the band in the policy, 0 for the highest scores.
    favourable : bool
        Whether the band is painted as good news.
    outcome : str or None
        The class that true positives have; None where outcomes are values.
    """

    place: int
    band: str
    decision: str
    favourable: bool
    outcome: str | None


def selection_of(use_case: UseCase, place: int = 0) -> Selection:
    """What being selected means; by default to fall into the band of the highest scores."""
    band = use_case.policy.bands[place]
    code = _class_of(use_case, place)
    outcome = None if code is None else use_case.target.classes[code]
    return Selection(place, band.name, band.decision, band.tone in (Tone.GOOD, Tone.FAIR), outcome)


def _class_of(use_case: UseCase, place: int) -> int | None:
    """The positive class: of two the second; of several the one that the band names, bands being classes there."""
    if use_case.task is Task.REGRESSION:
        return None
    return 1 if use_case.task is Task.BINARY else len(use_case.target.classes) - 1 - place


def positives(use_case: UseCase, place: int, outcome: Floats) -> Floats:
    """1 where the outcome is the positive class, 0 where another, NaN where not known or a value; shape (n_rows,)."""
    code = _class_of(use_case, place)
    if code is None:
        return np.full(len(outcome), np.nan)
    return np.where(np.isnan(outcome), np.nan, (outcome == code).astype(np.float64))
