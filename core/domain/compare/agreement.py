"""How far two arms agree in what they would decide: the table of their bands, and Cohen's kappa."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.metrics.influence import standard_error
from core.domain.metrics.intervals import z_value
from core.domain.metrics.measured import Measured

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Agreement:
    """Two arms' bands on the same rows.

    Attributes
    ----------
    table : array of int64, shape (n_bands, n_bands)
        Rows by the first arm's band (down) and the second's (across).
    same : float
        Share of rows in the same band.
    kappa : Measured
    """

    table: NDArray[np.int64]
    same: float
    kappa: Measured


def agreement(first: Codes, second: Codes, n_bands: int, clusters: Codes | None = None) -> Agreement:
    """Compare two arms' bands, beyond what chance alone would make agree.

    Parameters
    ----------
    first, second : arrays of int64, shape (n_rows,), from 0
    n_bands : int
    clusters : array of int64, shape (n_rows,), optional
        Entity codes from 0, where entities repeat.

    Notes
    -----
    kappa = (p_o - p_e) / (1 - p_e) (Cohen 1960), its variance by the delta method (Fleiss, Cohen & Everitt 1969):
    a row of bands (i, j) moves p_o by [i = j] - p_o and p_e by p_.i + p_j. - 2 p_e.

    Examples
    --------
    >>> found = agreement(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 2)
    >>> found.table.tolist(), found.same, found.kappa.value
    ([[1, 1], [0, 2]], 0.75, 0.5)
    """
    n = len(first)
    table = np.bincount(first * n_bands + second, minlength=n_bands * n_bands).reshape(n_bands, n_bands)
    nothing = Measured("kappa", math.nan, math.nan, math.nan, n, None, "no rows, or one band only")
    if n == 0:
        return Agreement(table, math.nan, nothing)
    shares = table / n
    down, across = shares.sum(axis=1), shares.sum(axis=0)
    observed, expected = float(np.trace(shares)), float(down @ across)
    if expected >= 1:
        return Agreement(table, observed, nothing)
    value = (observed - expected) / (1 - expected)
    of_observed = (first == second) - observed
    of_expected = across[first] + down[second] - 2 * expected
    influence = (of_observed / (1 - expected) - (1 - observed) / (1 - expected) ** 2 * of_expected) / n
    half = z_value() * standard_error(influence, clusters)
    kappa = Measured("kappa", value, max(-1.0, value - half), min(1.0, value + half), n, None, "delta method")
    return Agreement(table, observed, kappa)


def apart(scores: list[NDArray[np.float64]], n_shown: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The rows that arms rank most differently, and by how much: share of all rows between their two extreme places.

    Parameters
    ----------
    scores : list of arrays, shape (n_rows,)
        One per arm.
    n_shown : int

    Examples
    --------
    >>> a, b = np.array([1.0, 2.0, 3.0, 4.0]), np.array([4.0, 2.0, 3.0, 1.0])
    >>> apart([a, b], 2)[1].tolist()
    [1.0, 1.0]
    """
    from core.domain.metrics.auc import midranks

    n = len(scores[0])
    if n < 2:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    places = np.stack([(midranks(values) - 1) / (n - 1) for values in scores])
    gap = places.max(axis=0) - places.min(axis=0)
    rows = np.argsort(-gap, kind="stable")[:n_shown]
    return rows.astype(np.int64), gap[rows]
