"""Mean score against mean outcome, by group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.domain.fairness.rates import Codes, Flags
from core.domain.features import Floats
from core.domain.metrics.intervals import z_value


@dataclass(frozen=True)
class Calibrated:
    """What was said of a group and what happened, in the unit of the score.

    Attributes
    ----------
    off, low, high : float
        Mean score minus mean outcome: positive where the group is said to do more than it does.
    n : int
    """

    score: float
    outcome: float
    off: float
    low: float
    high: float
    n: int


def calibration_by_group(
    groups: Codes, n_groups: int, scores: Floats, outcomes: Floats, entities: Codes | None = None
) -> tuple[Calibrated, ...]:
    """Calibration in the large of every group, on rows whose outcome is known.

    Parameters
    ----------
    groups : array of int64, shape (n_rows,)
        Codes from 0; negative ones count nowhere.
    n_groups : int
    scores, outcomes : arrays, shape (n_rows,)
        In one unit; outcomes NaN where not known.
    entities : array of int64, shape (n_rows,), optional
    """
    kept = (groups >= 0) & ~np.isnan(outcomes) & ~np.isnan(scores)
    codes, score, outcome = groups[kept], scores[kept], outcomes[kept]
    n = np.bincount(codes, minlength=n_groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = [np.bincount(codes, weights=part, minlength=n_groups) / n for part in (score, outcome)]
        off = means[0] - means[1]
        se = np.sqrt(_squares(codes, score - outcome - off[codes], n_groups, entities, kept)) / n
    half = z_value() * np.where(n > 1, se * np.sqrt(n / np.maximum(n - 1, 1)), np.nan)
    parts = (part.tolist() for part in (*means, off, off - half, off + half, n))
    return tuple(Calibrated(*line) for line in zip(*parts, strict=True))


def _squares(codes: Codes, apart: Floats, n_groups: int, entities: Codes | None, kept: Flags) -> Floats:
    """Sums of squares by group, of rows or of entities' sums."""
    if entities is None:
        return np.bincount(codes, weights=apart**2, minlength=n_groups).astype(np.float64)
    owners, owner = np.unique(entities[kept] * n_groups + codes, return_inverse=True)
    total = np.bincount(owner, weights=apart)
    return np.bincount(owners % n_groups, weights=total**2, minlength=n_groups).astype(np.float64)
