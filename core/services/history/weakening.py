"""Concept drift of a chosen size: weaken the link between inputs and outcomes until a figure has fallen so far."""

from __future__ import annotations

import numpy as np

from core.domain.features import Floats
from core.domain.usecase import Task

_STEPS = 40


def weakened(task: Task, truth: Floats, outputs: Floats, spread: float, drop: float) -> Floats:
    """A truth in which the expected figure of these outputs is lower by `drop`.

    Parameters
    ----------
    task : Task
        The figure is the AUC (binary), the mean one-versus-rest AUC (classes) or R2 (values).
    truth : array, shape (n_rows,), or (n_rows, n_classes)
        Probabilities, or means.
    outputs : array, shape (n_rows, k)
        The champion's.
    spread : float
        Variance of an outcome around its mean; read for values only.
    drop : float

    Returns
    -------
    array of the shape of `truth`
        mean + strength (truth - mean), the strength found by bisection; the mean of the outcomes stays.
    """
    mean = truth.mean(axis=0)
    wanted = expected_figure(task, truth, outputs, spread) - drop
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if expected_figure(task, mean + middle * (truth - mean), outputs, spread) < wanted:
            low = middle
        else:
            high = middle
    return np.asarray(mean + high * (truth - mean))


def expected_figure(task: Task, truth: Floats, outputs: Floats, spread: float) -> float:
    """The figure that outcomes drawn from a truth are expected to give, see `weakened`."""
    if task is Task.REGRESSION:
        error = np.mean((truth - outputs[:, 0]) ** 2) + spread
        return float(1 - error / (truth.var() + spread))
    if task is Task.BINARY:
        return expected_auc(truth, outputs[:, 0])
    return float(np.mean([expected_auc(truth[:, k], outputs[:, k]) for k in range(truth.shape[1])]))


def expected_auc(probability: Floats, scores: Floats) -> float:
    """Share of (positive, negative) pairs in order, each row positive with its own probability; ties count half.

    >>> round(expected_auc(np.array([0.0, 1.0]), np.array([0.2, 0.7])), 6)
    1.0
    """
    _, place = np.unique(scores, return_inverse=True)
    positive = np.bincount(place, weights=probability)
    negative = np.bincount(place, weights=1 - probability)
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / (positive.sum() * negative.sum()))
