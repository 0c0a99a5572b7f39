"""How much better one arm tells the worst rows from the best than another, on the same rows at the same coverage."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from core.domain.compare.difference import Part
from core.domain.features import Floats
from core.domain.metrics.influence import standard_error
from core.domain.metrics.intervals import z_value
from core.domain.metrics.measured import Measured

Codes = NDArray[np.int64]


def log_ratio_part(outcomes: Floats, higher: NDArray[np.bool_], lowest: NDArray[np.bool_]) -> Part:
    """Logarithm of the outcome rate in some rows over that in others, and each row's influence on it.

    Parameters
    ----------
    outcomes : array, shape (n_rows,), 0 or 1
    higher, lowest : arrays of bool, shape (n_rows,)
        The two groups; NaN throughout where one of them has no outcome.

    Notes
    -----
    The squares of the influences sum to (1 - p) / (n p) of both groups: Katz's variance.
    """
    hits = float(outcomes[higher].sum()), float(outcomes[lowest].sum())
    if not all(hits):
        return Part(math.nan, np.full(len(outcomes), np.nan))
    rates = hits[0] / float(higher.sum()), hits[1] / float(lowest.sum())
    influence = higher * (outcomes - rates[0]) / hits[0] - lowest * (outcomes - rates[1]) / hits[1]
    return Part(math.log(rates[0] / rates[1]), np.asarray(influence))


def ratio_over(mine: Part, theirs: Part, n_events: int, clusters: Codes | None = None) -> Measured:
    """One arm's discrimination ratio over another's on the same rows; 1 is no difference.

    Parameters
    ----------
    mine, theirs : Part
        Of `log_ratio_part`.
    n_events : int
        Of the rarest group.
    clusters : array of int64, shape (n_rows,), optional
        Entity codes from 0, where entities repeat.
    """
    n = len(mine.influence)
    log, half = mine.value - theirs.value, z_value() * standard_error(mine.influence - theirs.influence, clusters)
    if math.isnan(log):
        return Measured("risk_ratio", log, log, log, n, n_events, "no outcome in one of the groups")
    low, high = math.exp(log - half), math.exp(log + half)
    return Measured("risk_ratio", math.exp(log), low, high, n, n_events, "paired, log scale")
