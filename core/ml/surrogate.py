"""A straight-line model of the scores around one row, in the manner of LIME (Ribeiro et al., 2016): approximate.

Every column of the row is kept or, with probability one half, taken from a reference row of its own; near rows weigh
more. What it says is compared with the exact points, never shown in their place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.columns import Array, Column, Columns, Kind, missing_mask
from core.domain.features import Floats

N_ROWS = 2_000
WIDTH = 0.75  # of the kernel, times the root of the number of columns: LIME's own
PENALTY = 1.0
_STRAIGHT = (Kind.NUMBER, Kind.COUNT, Kind.YESNO, Kind.ORDERED)


@dataclass(frozen=True)
class Surrogate:
    """A weighted ridge regression of the score on how perturbed rows differ from one row.

    Attributes
    ----------
    columns : tuple of str
    coefficients : array, shape (n_columns,)
        Score per unit of a number, per level of an ordered column, per yes; of other columns what any other value
        adds.
    points : array, shape (n_columns,)
        What the row's value adds beside the kernel's mean of the rows, in units of the score. Not beside the mean of
        the reference: the line is only known near the row.
    base : float
        The kernel's mean score; base + sum of points = intercept.
    intercept : float
        The line's score of the row itself.
    r2 : float
        Weighted share of the scores' variance that the line explains; NaN where the scores do not vary.
    n : int
        Perturbed rows.
    n_effective : float
        Kish's effective number of them under the kernel's weights.
    """

    columns: tuple[str, ...]
    coefficients: Floats
    points: Floats
    base: float
    intercept: float
    r2: float
    n: int
    n_effective: float


def perturb(
    columns: Sequence[Column], row: Columns, reference: Columns, n_rows: int = N_ROWS, seed: int = 0
) -> Columns:
    """Rows around a row, the first of them the row itself.

    Parameters
    ----------
    columns : sequence of Column
        Those to vary; the other columns of `row` are kept.
    row : mapping of str to array of 1 row
    reference : mapping of str to array
        Typed reference rows of `columns`.
    n_rows, seed : int

    Returns
    -------
    dict of str to array of n_rows rows
    """
    rng = np.random.default_rng(seed)
    varied = {name: np.repeat(values, n_rows, axis=0) for name, values in row.items()}
    for column in columns:
        known = reference[column.name]
        taken = np.flatnonzero(rng.random(n_rows) < 0.5)
        donors = rng.integers(0, len(known), n_rows)
        taken = taken[taken > 0]
        varied[column.name][taken] = known[donors[taken]]
    return varied


def fit(columns: Sequence[Column], row: Columns, reference: Columns, rows: Columns, scores: Floats) -> Surrogate:
    """The line through the scores of perturbed rows.

    Parameters
    ----------
    columns : sequence of Column
    row : mapping of str to array of 1 row
    reference : mapping of str to array
        Sets the scale of every column.
    rows : mapping of str to array of n rows
    scores : array, shape (n,)

    Raises
    ------
    ValueError
        There is no row.
    """
    if len(scores) == 0:
        raise ValueError("a line needs at least one row")
    scales = [_scale(column, reference[column.name]) for column in columns]
    pairs = list(zip(columns, scales, strict=True))
    design = np.column_stack([_differs(column, rows[column.name], row[column.name], sd) for column, sd in pairs])
    weights = kernel(design)
    coefficients, intercept = weighted_ridge(design, scores, weights)
    return Surrogate(
        columns=tuple(column.name for column in columns),
        coefficients=coefficients / np.asarray(scales),
        points=-coefficients * (weights @ design / weights.sum()),
        base=float(weights @ scores / weights.sum()),
        intercept=intercept,
        r2=weighted_r2(scores, intercept + design @ coefficients, weights),
        n=len(scores),
        n_effective=float(weights.sum() ** 2 / (weights**2).sum()),
    )


def kernel(differences: Floats) -> Floats:
    """exp(-d^2 / width^2) of the distance of every row, width = 0.75 sqrt(n_columns).

    >>> kernel(np.array([[0.0], [0.75]])).round(3)
    array([1.   , 0.368])
    """
    width = WIDTH * math.sqrt(max(differences.shape[1], 1))
    return np.asarray(np.exp(-(differences**2).sum(axis=1) / width**2))


def weighted_ridge(design: Floats, target: Floats, weights: Floats, penalty: float = PENALTY) -> tuple[Floats, float]:
    """Coefficients (n_columns,) and intercept that minimise sum w (y - b0 - x b)^2 + penalty |b|^2.

    The intercept is not penalised: both sides are centred on their weighted means.
    """
    total = weights.sum()
    centre, middle = weights @ design / total, float(weights @ target / total)
    centred = design - centre
    left = (centred * weights[:, None]).T @ centred + penalty * np.eye(design.shape[1])
    coefficients = np.linalg.solve(left, (centred * weights[:, None]).T @ (target - middle))
    return coefficients, middle - float(centre @ coefficients)


def weighted_r2(target: Floats, fitted: Floats, weights: Floats) -> float:
    """1 - sum w (y - fitted)^2 / sum w (y - weighted mean)^2; NaN where the target does not vary."""
    spread = float(weights @ (target - weights @ target / weights.sum()) ** 2)
    return 1.0 - float(weights @ (target - fitted) ** 2) / spread if spread > 0 else math.nan


def _scale(column: Column, values: Array) -> float:
    """Standard deviation of a number over the reference rows; 1 for other columns and where nothing varies."""
    if column.kind not in _STRAIGHT:
        return 1.0
    known = values[~missing_mask(column, values)].astype(np.float64)
    return float(known.std()) or 1.0 if len(known) else 1.0


def _differs(column: Column, values: Array, here: Array, scale: float) -> Floats:
    """How far values are from the row's: standard deviations, or 1 for any other value; 0 where a number is missing."""
    if column.kind in _STRAIGHT:
        apart = (values.astype(np.float64) - float(here[0])) / scale
        absent = missing_mask(column, values) | missing_mask(column, here)
        return np.asarray(np.where(absent, 0.0, apart))
    if column.kind is Kind.NUMBERS:
        same = (values == here) | (np.isnan(values) & np.isnan(here))
        return np.asarray(~same.all(axis=1), dtype=np.float64)
    if column.kind is Kind.TIME:
        return np.asarray((values != here) & ~(np.isnat(values) & np.isnat(here)), dtype=np.float64)
    return np.asarray(values != here, dtype=np.float64)
