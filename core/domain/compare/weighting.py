"""Figures where outcomes are known of some rows only: each known row stands for as many as its propensity says.

Labels that exist for accepted rows only flatter whoever disagrees with the arm that accepted. Where a random slice is
accepted whatever the scores say, and its probability was logged beforehand, every row had a known chance to be seen:
weights 1 / chance, normed to their sum (Hajek 1971), are unbiased. For the AUC a pair of rows weighs the product of its
rows' weights. A few heavy rows carry the answer, so the effective number of rows is what counts.
"""

from __future__ import annotations

import math

import numpy as np

from core.domain.compare.difference import Part
from core.domain.features import Floats

LEAST_EFFECTIVE = 100.0


def effective_n(weights: Floats) -> float:
    """Kish's effective number of rows, (sum w)^2 / sum w^2; 0 without rows.

    >>> effective_n(np.ones(50)), round(effective_n(np.array([50.0, 1, 1])), 2)
    (50.0, 1.08)
    """
    square = float(weights @ weights)
    return float(weights.sum()) ** 2 / square if square > 0 else 0.0


def weighted_auc_part(outcomes: Floats, scores: Floats, weights: Floats) -> Part:
    """The AUC of pairs weighted by the product of their rows' weights.

    Parameters
    ----------
    outcomes : array, shape (n_rows,), 0 or 1
    scores : array, shape (n_rows,)
    weights : array, shape (n_rows,), positive

    Notes
    -----
    AUC = sum w_i w_j [s_i > s_j] / sum w_i w_j over positives i and negatives j, half for ties. The influence of a
    positive is w_i (share of negative weight below it - AUC) / weight of the positives, of a negative likewise:
    DeLong's with weights, and DeLong's own with equal ones (but for its n - 1).

    Examples
    --------
    >>> outcomes, scores = np.array([0, 0, 1, 1.0]), np.array([0.1, 0.4, 0.35, 0.8])
    >>> round(weighted_auc_part(outcomes, scores, np.ones(4)).value, 3)
    0.75
    """
    positive = weights * outcomes
    negative = weights - positive
    n_positive, n_negative = float(positive.sum()), float(negative.sum())
    if n_positive == 0 or n_negative == 0:
        return Part(math.nan, np.full(len(scores), np.nan))
    order = np.argsort(scores)
    starts = np.flatnonzero(np.concatenate([[True], np.diff(scores[order]) != 0]))
    sizes = np.diff(np.append(starts, len(scores)))
    hits, misses = (np.add.reduceat(side[order], starts) for side in (positive, negative))
    below = (np.cumsum(misses) - misses / 2) / n_negative
    above = 1 - (np.cumsum(hits) - hits / 2) / n_positive
    value = float(hits @ below / n_positive)
    share = np.empty((2, len(scores)))
    share[:, order] = np.repeat([below, above], sizes, axis=1)
    influence = positive * (share[0] - value) / n_positive + negative * (share[1] - value) / n_negative
    return Part(value, influence)


def weighted_macro_auc_part(codes: Floats, probabilities: Floats, weights: Floats) -> Part:
    """Mean weighted one-vs-rest AUC of the classes that occur; probabilities of shape (n_rows, n_classes)."""
    hits = [(codes == code).astype(np.float64) for code in range(probabilities.shape[1])]
    parts = [
        weighted_auc_part(hit, probabilities[:, code], weights)
        for code, hit in enumerate(hits)
        if 0 < hit.sum() < len(codes)
    ]
    if not parts:
        return Part(math.nan, np.full(len(codes), np.nan))
    value = float(np.mean([part.value for part in parts]))
    return Part(value, np.asarray(np.mean([part.influence for part in parts], axis=0)))


def weighted_mean_part(values: Floats, weights: Floats) -> Part:
    """A mean over rows with weights: Brier score, absolute error, accuracy, outcome rate.

    >>> part = weighted_mean_part(np.array([0.0, 1.0]), np.array([3.0, 1.0]))
    >>> part.value, part.influence.tolist()
    (0.25, [-0.1875, 0.1875])
    """
    total = float(weights.sum())
    if total == 0:
        return Part(math.nan, np.full(len(values), np.nan))
    value = float(weights @ values) / total
    return Part(value, weights * (values - value) / total)


def weighted_r2_part(values: Floats, predictions: Floats, weights: Floats) -> Part:
    """R2 = 1 - mean squared error / variance, both weighted, by the delta method."""
    error = weighted_mean_part((values - predictions) ** 2, weights)
    centre = weighted_mean_part(values, weights).value
    spread = weighted_mean_part((values - centre) ** 2, weights)
    if not spread.value > 0:
        return Part(math.nan, np.full(len(values), np.nan))
    influence = -error.influence / spread.value + error.value / spread.value**2 * spread.influence
    return Part(1 - error.value / spread.value, influence)
