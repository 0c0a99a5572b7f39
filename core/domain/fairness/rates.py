"""Rates by group and the gaps between them, in the definitions of Fairlearn (Bird et al. 2020).

A rate whose base is empty is NaN here and counts in no gap; Fairlearn reads it as 0, which turns a group without a
single positive row into the one that is treated worst.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain.features import Floats

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


def rates(hits: NDArray[Any], n: NDArray[Any]) -> Floats:
    """Shares of hits, NaN where there is no row; arrays of any equal shape."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 0, hits / n, np.nan)


def rates_by_group(flags: Flags, groups: Codes, n_groups: int, among: Flags | None = None) -> Floats:
    """Share of flagged rows of every group; among positives it is the true positive rate, among negatives the false.

    Parameters
    ----------
    flags : array of bool, shape (n_rows,)
    groups : array of int64, shape (n_rows,)
        Codes from 0; negative ones count nowhere.
    n_groups : int
    among : array of bool, shape (n_rows,), optional

    Returns
    -------
    array, shape (n_groups,)
    """
    kept = groups >= 0 if among is None else (groups >= 0) & among
    n = np.bincount(groups[kept], minlength=n_groups)
    return rates(np.bincount(groups[kept], weights=flags[kept], minlength=n_groups), n)


def spread(found: Floats) -> Floats:
    """Highest minus lowest rate over the last axis, NaN where no rate is known.

    >>> spread(np.array([0.5, np.nan, 0.2])).item()
    0.3
    """
    known = ~np.isnan(found)
    highest = np.where(known, found, -np.inf).max(axis=-1)
    lowest = np.where(known, found, np.inf).min(axis=-1)
    return np.where(known.any(axis=-1), highest - lowest, np.nan)


def demographic_parity_difference(selection: Floats) -> float:
    """Highest minus lowest selection rate."""
    return float(spread(selection))


def demographic_parity_ratio(selection: Floats) -> float:
    """Lowest over highest selection rate; NaN where nobody is selected.

    >>> demographic_parity_ratio(np.array([0.4, 0.5, np.nan])), demographic_parity_ratio(np.zeros(2))
    (0.8, nan)
    """
    known = selection[~np.isnan(selection)]
    if len(known) == 0 or known.max() == 0:
        return float("nan")
    return float(known.min() / known.max())


def equalised_odds_difference(true_positive: Floats, false_positive: Floats) -> float:
    """The larger of the spreads of true and of false positive rates.

    >>> equalised_odds_difference(np.array([0.9, 0.8]), np.array([0.25, 0.5]))
    0.25
    """
    return float(np.fmax(spread(true_positive), spread(false_positive)))
