"""Figures of any number of rows in O(n log n), with intervals that stay right where entities repeat.

Every figure comes with the influence of each row on it; influences sum to 0 and their squares to the figure's
variance. For the AUC that is DeLong's variance exactly; summed by entity first it is Obuchowski's (1997, Nonparametric
analysis of clustered ROC curve data). Means over classes keep the covariance between the classes.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from core.domain.features import Floats
from core.domain.metrics.intervals import logit_interval, wilson, z_value
from core.domain.metrics.measured import Measured

Codes = NDArray[np.int64]


def auc_parts(positive: Floats, scores: Floats) -> tuple[float, Floats, Floats]:
    """The AUC, and each row's influence on it were the row positive, and were it negative.

    Parameters
    ----------
    positive : array, shape (n_rows,), in [0, 1]
        0/1, or the probability that the row is positive: the AUC is then the one to be expected.
    scores : array, shape (n_rows,)

    Returns
    -------
    float, array (n_rows,), array (n_rows,)
        NaN throughout where a class has no weight.

    Notes
    -----
    With 0/1 the squares of `positive * up + (1 - positive) * down` sum to DeLong's variance.

    Examples
    --------
    >>> round(auc_parts(np.array([0, 0, 1, 1.0]), np.array([0.1, 0.4, 0.35, 0.8]))[0], 3)
    0.75
    """
    n_positives, n_negatives = float(positive.sum()), float((1 - positive).sum())
    if n_positives == 0 or n_negatives == 0:
        return math.nan, np.full(len(scores), np.nan), np.full(len(scores), np.nan)
    order = np.argsort(scores)  # ties share a step, so their order does not matter
    ordered, labels = scores[order], positive[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    hits, sizes = np.add.reduceat(labels, starts), np.diff(np.append(starts, len(scores)))
    misses = sizes - hits
    below = (np.cumsum(misses) - misses / 2) / n_negatives
    above = 1 - (np.cumsum(hits) - hits / 2) / n_positives
    value = float(hits @ below / n_positives)
    up, down = np.empty(len(scores)), np.empty(len(scores))
    up[order] = np.repeat((below - value) / math.sqrt(n_positives * max(n_positives - 1, 1.0)), sizes)
    down[order] = np.repeat((above - value) / math.sqrt(n_negatives * max(n_negatives - 1, 1.0)), sizes)
    return value, up, down


def auc_of(outcomes: Floats, scores: Floats, clusters: Codes | None = None) -> Measured:
    """AUC with DeLong's interval on the logit scale, by entity where clusters are given; equal to `auc`.

    Parameters
    ----------
    outcomes : array, shape (n_rows,), 0 or 1
    scores : array, shape (n_rows,)
    clusters : array of int64, shape (n_rows,), optional
        Entity codes from 0.
    """
    value, up, down = auc_parts(outcomes, scores)
    n_events = int(outcomes.sum())
    return _auc("auc", value, np.where(outcomes == 1, up, down), n_events, clusters)


def macro_auc_of(codes: Codes, probabilities: Floats, clusters: Codes | None = None) -> Measured:
    """Mean one-vs-rest AUC of the classes that occur.

    Parameters
    ----------
    codes : array of int64, shape (n_rows,)
    probabilities : array, shape (n_rows, n_classes)
    clusters : see `auc_of`
    """
    n_classes = probabilities.shape[1]
    counts = np.bincount(codes, minlength=n_classes)
    values, influence = [], np.zeros(len(codes))
    present = [code for code in range(n_classes) if 0 < counts[code] < len(codes)]
    for code in present:
        hit = (codes == code).astype(np.float64)
        value, up, down = auc_parts(hit, probabilities[:, code])
        values.append(value)
        influence += np.where(hit == 1, up, down) / len(present)
    value = float(np.mean(values)) if values else math.nan
    return _auc("macro_auc", value, influence, int(counts.min()), clusters)


def _auc(name: str, value: float, influence: Floats, rarer: int, clusters: Codes | None) -> Measured:
    n = len(influence)
    method = "DeLong, logit scale" if clusters is None else "DeLong by entity, logit scale"
    if math.isnan(value) or min(rarer, n - rarer) < 2:
        return Measured(name, value, math.nan, math.nan, n, rarer, "too few rows of a class")
    if value in (0.0, 1.0):
        low, high = wilson(value * min(rarer, n - rarer), min(rarer, n - rarer))
        return Measured(name, value, low, high, n, rarer, "Wilson on the smaller class: every pair is in order")
    low, high = logit_interval(value, standard_error(influence, clusters))
    return Measured(name, value, low, high, n, rarer, method)


def mean_of(name: str, values: Floats, n_events: int | None = None, clusters: Codes | None = None) -> Measured:
    """A mean with its normal interval; Wilson's where every value is 0 or 1, n shrunk by the design effect.

    Parameters
    ----------
    name : str
    values : array, shape (n_rows,)
    n_events : int, optional
        Rows of the rarer side, where there are sides.
    clusters : see `auc_of`

    Examples
    --------
    >>> found = mean_of("rate", np.array([1.0, 0.0, 0.0, 0.0]))
    >>> found.value, round(found.low, 3), round(found.high, 3)
    (0.25, 0.046, 0.699)
    """
    n = len(values)
    if n == 0:
        return Measured(name, math.nan, math.nan, math.nan, 0, n_events, "no rows")
    value = float(values.mean())
    influence = (values - value) / math.sqrt(n * max(n - 1, 1))
    if n_events is not None or bool(np.isin(values, (0.0, 1.0)).all()):
        plain, clustered = standard_error(influence), standard_error(influence, clusters)
        effect = max(1.0, (clustered / plain) ** 2) if plain > 0 else 1.0
        low, high = wilson(value * n / effect, n / effect)
        return Measured(name, value, low, high, n, n_events, "Wilson" if clusters is None else "Wilson by entity")
    half = z_value() * standard_error(influence, clusters) if n > 1 else math.nan
    return Measured(name, value, value - half, value + half, n, n_events, "normal")


def r2_of(values: Floats, predictions: Floats, clusters: Codes | None = None) -> Measured:
    """R2 = 1 - mean squared error / variance, by the delta method.

    Parameters
    ----------
    values, predictions : arrays, shape (n_rows,)
    clusters : see `auc_of`
    """
    n = len(values)
    errors, spread = (values - predictions) ** 2, (values - values.mean()) ** 2 if n else values
    error, variance = (float(errors.mean()), float(spread.mean())) if n else (math.nan, 0.0)
    if n < 2 or variance == 0:
        return Measured("r2", math.nan, math.nan, math.nan, n, None, "too few rows")
    influence = (-(errors - error) / variance + error / variance**2 * (spread - variance)) / n
    half = z_value() * standard_error(influence, clusters)
    value = 1 - error / variance
    return Measured("r2", value, value - half, value + half, n, None, "delta method")


def standard_error(influence: Floats, clusters: Codes | None = None) -> float:
    """Root of the sum of squared influences, summed by entity first where clusters are given."""
    if clusters is None:
        return math.sqrt(float(influence @ influence))
    total = np.bincount(clusters, weights=influence)
    return math.sqrt(float(total @ total) * len(total) / max(len(total) - 1, 1))
