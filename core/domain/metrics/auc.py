"""The area under the ROC curve, alone and of two models on the same rows.

Variance: DeLong, DeLong & Clarke-Pearson (1988), from mid-ranks in O(n log n) as in Sun & Xu (2014).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.features import Floats
from core.domain.metrics.intervals import logit_interval, wilson, z_value
from core.domain.metrics.measured import Measured


@dataclass(frozen=True)
class PairedAuc:
    """The difference of two AUCs on the same rows: `auc_a - auc_b`."""

    auc_a: float
    auc_b: float
    difference: float
    low: float
    high: float
    se: float
    z: float
    p: float
    n: int
    n_events: int


def midranks(values: Floats) -> Floats:
    """Ranks from 1, ties sharing the mean of their ranks; shape (n_rows,).

    >>> midranks(np.array([5.0, 1.0, 5.0]))
    array([2.5, 1. , 2.5])
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse])


def placements(outcomes: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """For each positive the share of negatives below it, and for each negative the share of positives above.

    Parameters
    ----------
    outcomes : array, shape (n_rows,), 0 or 1
    scores : array, shape (n_rows,)

    Returns
    -------
    arrays of shape (n_positives,) and (n_negatives,); the mean of either is the AUC
    """
    positive = outcomes == 1
    ranks = midranks(scores)
    n_positives, n_negatives = int(positive.sum()), int((~positive).sum())
    of_positives = (ranks[positive] - midranks(scores[positive])) / n_negatives
    of_negatives = 1 - (ranks[~positive] - midranks(scores[~positive])) / n_positives
    return of_positives, of_negatives


def delong(outcomes: Floats, scores: Floats) -> tuple[float, float]:
    """AUC and its standard error; NaN where a class is absent, standard error NaN below 2 rows of a class."""
    positive = outcomes == 1
    if positive.all() or not positive.any():
        return math.nan, math.nan
    of_positives, of_negatives = placements(outcomes, scores)
    if min(len(of_positives), len(of_negatives)) < 2:
        return float(of_positives.mean()), math.nan
    variance = of_positives.var(ddof=1) / len(of_positives) + of_negatives.var(ddof=1) / len(of_negatives)
    return float(of_positives.mean()), math.sqrt(variance)


def auc(outcomes: Floats, scores: Floats, strata: NDArray[np.int64] | None = None) -> Measured:
    """AUC with DeLong's interval on the logit scale.

    Parameters
    ----------
    outcomes : array, shape (n_rows,), 0 or 1
    scores : array, shape (n_rows,)
    strata : array of int64, shape (n_rows,), optional
        Fold of each row: only rows of one fold are compared with each other, because each fold has its own
        model. The AUC is then the mean over folds, weighted by their number of pairs.

    Examples
    --------
    >>> found = auc(np.array([0, 0, 1, 1.0]), np.array([0.1, 0.4, 0.35, 0.8]))
    >>> round(found.value, 3)
    0.75
    """
    value, se = delong(outcomes, scores) if strata is None else _stratified(outcomes, scores, strata)
    n, n_events = len(outcomes), int((outcomes == 1).sum())
    method = "DeLong, logit scale" if strata is None else "DeLong by fold, logit scale"
    rarer = min(n_events, n - n_events)
    if math.isnan(se):
        return Measured("auc", value, math.nan, math.nan, n, n_events, "too few rows of a class")
    if value in (0.0, 1.0):  # DeLong's variance is 0 here; the smaller class still bounds what is known
        low, high = wilson(value * rarer, rarer)
        return Measured("auc", value, low, high, n, n_events, "Wilson on the smaller class: every pair is in order")
    low, high = logit_interval(value, se)
    return Measured("auc", value, low, high, n, n_events, method)


def _stratified(outcomes: Floats, scores: Floats, strata: NDArray[np.int64]) -> tuple[float, float]:
    weights, values, errors = [], [], []
    for stratum in np.unique(strata):
        inside = strata == stratum
        value, se = delong(outcomes[inside], scores[inside])
        if not math.isnan(se):
            n_positives = (outcomes[inside] == 1).sum()
            weights.append(n_positives * (inside.sum() - n_positives))
            values.append(value)
            errors.append(se)
    if not weights:
        return math.nan, math.nan
    shares = np.array(weights) / np.sum(weights)
    return float(shares @ np.array(values)), float(np.sqrt(np.sum((shares * np.array(errors)) ** 2)))


def paired_delong(outcomes: Floats, scores_a: Floats, scores_b: Floats) -> PairedAuc:
    """Compare two models on the same rows; one row per entity is assumed.

    Parameters
    ----------
    outcomes : array, shape (n_rows,), 0 or 1, both present
    scores_a, scores_b : arrays, shape (n_rows,)

    Returns
    -------
    PairedAuc
        Two-sided p-value and 95 % interval of the difference; z and p are 0 and 1 when the models rank alike.
    """
    from scipy.special import ndtr

    a_positive, a_negative = placements(outcomes, scores_a)
    b_positive, b_negative = placements(outcomes, scores_b)
    difference = float(a_positive.mean() - b_positive.mean())
    variance = (a_positive - b_positive).var(ddof=1) / len(a_positive)
    variance += (a_negative - b_negative).var(ddof=1) / len(a_negative)
    se = math.sqrt(variance)
    z = difference / se if se > 0 else 0.0
    half = z_value() * se
    return PairedAuc(
        auc_a=float(a_positive.mean()),
        auc_b=float(b_positive.mean()),
        difference=difference,
        low=difference - half,
        high=difference + half,
        se=se,
        z=z,
        p=float(2 * ndtr(-abs(z))),
        n=len(outcomes),
        n_events=len(a_positive),
    )
