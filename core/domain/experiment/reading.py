"""What the arms came to: their means, the difference, and bounds that hold however often one looks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.compare.always_valid import half_width
from core.domain.experiment.sequential import msprt
from core.domain.features import Floats
from core.domain.metrics.influence import standard_error

Codes = NDArray[np.int64]
LEAST = 2  # rows of each arm for a variance


@dataclass(frozen=True)
class Rows:
    """Rows that may be judged.

    Attributes
    ----------
    values : array, shape (n_rows,)
        What each row came to, in the unit of the metric.
    arm : array of int, shape (n_rows,)
        0 the champion's, 1 the challenger's.
    stage : array of int, shape (n_rows,)
        A difference is taken within stages: between them the split changes, and the season may.
    entity : array, shape (n_rows,)
    known : array of datetime64, shape (n_rows,), ascending
        When each row became mature.
    """

    values: Floats
    arm: Codes
    stage: Codes
    entity: NDArray[np.uint64]
    known: NDArray[np.datetime64]

    def __len__(self) -> int:
        return len(self.values)

    def until(self, n_rows: int) -> Rows:
        """The first rows."""
        return Rows(*(array[:n_rows] for array in vars(self).values()))


@dataclass(frozen=True)
class Contrast:
    """Challenger minus champion at one look, with bounds that hold at all looks at once.

    `p` is the sequential test's, of this look; `low` and `high` the asymptotic confidence sequence.
    """

    difference: float
    low: float
    high: float
    se: float
    p: float
    n_champion: int
    n_challenger: int

    @property
    def n(self) -> int:
        """Rows of both arms."""
        return self.n_champion + self.n_challenger


def contrast(rows: Rows, planned: int, effect: float) -> Contrast | None:
    """The difference, weighted over stages by their rows; None where no stage has rows of both arms.

    Parameters
    ----------
    rows : Rows
    planned : int
        Rows of both arms at which the interval is to be narrowest.
    effect : float
        In the unit of the metric: what the sequential test expects.
    """
    parts = []
    for stage in np.unique(rows.stage):
        inside = rows.stage == stage
        sides = [inside & (rows.arm == arm) for arm in (0, 1)]
        sizes = [int(side.sum()) for side in sides]
        if min(sizes) >= LEAST:
            means, errors = zip(*(_mean(rows.values[side], rows.entity[side]) for side in sides), strict=True)
            parts.append((means[1] - means[0], errors[0] ** 2 + errors[1] ** 2, sizes))
    if not parts:
        return None
    weights = np.array([sum(sizes) for _, _, sizes in parts], dtype=np.float64)
    weights /= weights.sum()
    difference = float(weights @ [part[0] for part in parts])
    variance = float(weights**2 @ [part[1] for part in parts])
    sizes = np.sum([part[2] for part in parts], axis=0)
    n = int(sizes.sum())
    half = half_width(n * variance, n, planned) if variance > 0 else math.inf
    p = msprt(difference, math.sqrt(variance), effect).p
    return Contrast(difference, difference - half, difference + half, math.sqrt(variance), p, *map(int, sizes))


def _mean(values: Floats, entity: NDArray[np.uint64]) -> tuple[float, float]:
    """A mean and its standard error, by entity where one repeats."""
    n, mean = len(values), float(values.mean())
    names, codes = np.unique(entity, return_inverse=True)
    influence = (values - mean) / math.sqrt(n * max(n - 1, 1))
    return mean, standard_error(influence, codes.astype(np.int64) if len(names) < n else None)


@dataclass(frozen=True)
class Look:
    """The read-out as it stood on a day."""

    day: np.datetime64
    found: Contrast


def looks(rows: Rows, planned: int, effect: float, at_most: int = 40) -> tuple[Look, ...]:
    """The difference on evenly spaced days, as the rows became mature; the last is the present one."""
    if not len(rows):
        return ()
    days = np.unique(rows.known.astype("datetime64[D]"))
    chosen = days[np.unique(np.linspace(0, len(days) - 1, min(at_most, len(days))).round().astype(int))]
    found = []
    for day in chosen:
        n_rows = int(np.searchsorted(rows.known, day + np.timedelta64(1, "D"), side="left"))
        seen = contrast(rows.until(n_rows), planned, effect)
        if seen is not None:
            found.append(Look(day, seen))
    return tuple(found)
