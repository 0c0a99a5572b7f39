"""Mean score against mean outcome, by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.fairness.gaps import LEAST_GROUP
from core.domain.fairness.rates import Codes
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


@dataclass(frozen=True)
class Sums:
    """Over rows whose outcome is known, by line: how many, their scores and outcomes, their squared distances.

    All of shape (n_lines,), outcomes on the scale of scores.
    """

    known: Floats
    said: Floats
    told: Floats
    apart: Floats


def calibration_by_group(
    groups: Codes, n_groups: int, sums: Sums, entities: Codes | None = None
) -> tuple[Calibrated, ...]:
    """Calibration in the large of every group, on rows whose outcome is known.

    Parameters
    ----------
    groups : array of int64, shape (n_lines,)
        Codes from 0; negative ones count nowhere.
    n_groups : int
    sums : Sums
    entities : array of int64, shape (n_lines,), optional
    """
    kept = groups >= 0
    codes, known, said, told = groups[kept], sums.known[kept], sums.said[kept], sums.told[kept]
    n = _sum(codes, known, n_groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = [_sum(codes, part, n_groups) / n for part in (said, told)]
        off = means[0] - means[1]
        if entities is None:
            squares = _sum(codes, sums.apart[kept], n_groups) - n * off**2
        else:
            owners, owner = np.unique(entities[kept] * n_groups + codes, return_inverse=True)
            total = _sum(owner, said - told - known * np.nan_to_num(off[codes]), len(owners))
            squares = _sum(owners % n_groups, total**2, n_groups)
        se = np.sqrt(np.maximum(squares, 0.0) / (n * np.maximum(n - 1, 1)))
    half = z_value() * np.where(n > 1, se, np.nan)
    parts = (part.tolist() for part in (*means, off, off - half, off + half, n.astype(np.int64)))
    return tuple(Calibrated(*line) for line in zip(*parts, strict=True))


def _sum(codes: Codes, values: Floats, n: int) -> Floats:
    return np.bincount(codes, weights=values, minlength=n).astype(np.float64)


def surely_off(found: Sequence[Calibrated]) -> list[int]:
    """Places of the groups of 30 rows whose score and outcome differ, at 95 % for all of them together (Bonferroni)."""
    large = [place for place, part in enumerate(found) if part.n >= LEAST_GROUP]
    if not large:
        return []
    reach = z_value(1 - 0.05 / len(large)) / z_value()
    return [place for place in large if abs(found[place].off) > reach * (found[place].high - found[place].off)]
