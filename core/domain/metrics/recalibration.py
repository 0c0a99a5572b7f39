"""Logistic recalibration: the straight line through log-odds that fits the outcomes best.

Slope 1 and intercept 0 mean calibrated; slope below 1 means the scores are too extreme.
Source: Cox (1958), Two further applications of a model for binary regression.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.domain.features import Floats

_STEPS = 50
_RIDGE = 1e-9  # keeps the Newton step defined for constant margins


@dataclass(frozen=True)
class Line:
    """margin -> slope x margin + intercept, with standard errors."""

    slope: float
    intercept: float
    slope_se: float
    intercept_se: float
    converged: bool


def fit_line(margins: Floats, outcomes: Floats) -> Line:
    """Maximum likelihood slope and intercept by Newton's method with step halving.

    Parameters
    ----------
    margins : array, shape (n_rows,)
        Log-odds.
    outcomes : array, shape (n_rows,), in [0, 1]
        0/1, or targets smoothed into (0, 1).

    Examples
    --------
    >>> line = fit_line(np.array([-2.0, -2.0, -2.0, 2.0, 2.0, 2.0]), np.array([0, 0, 1, 0, 1, 1.0]))
    >>> round(line.slope, 4), round(line.intercept, 4) + 0.0
    (0.3466, 0.0)
    """
    design = np.column_stack([margins, np.ones(len(margins))])
    weights = np.array([1.0, 0.0])
    loss, converged = _loss(design, outcomes, weights), False
    information = np.eye(2)
    for _ in range(_STEPS):
        gradient, information = _derivatives(design, outcomes, weights)
        step = np.linalg.solve(information, gradient)
        converged = bool(np.abs(step).max() < 1e-9)
        size = 1.0
        while size > 1e-6 and _loss(design, outcomes, weights - size * step) > loss + 1e-12:
            size /= 2
        weights = weights - size * step
        loss = _loss(design, outcomes, weights)
        if converged:
            break
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    return Line(float(weights[0]), float(weights[1]), float(errors[0]), float(errors[1]), converged)


def _loss(design: Floats, outcomes: Floats, weights: Floats) -> float:
    linear = design @ weights
    return float(np.mean(np.logaddexp(0.0, linear) - outcomes * linear))


def _derivatives(design: Floats, outcomes: Floats, weights: Floats) -> tuple[Floats, Floats]:
    p = 1.0 / (1.0 + np.exp(-np.clip(design @ weights, -700, 700)))
    curvature = np.maximum(p * (1 - p), 1e-12)
    return design.T @ (p - outcomes), (design.T * curvature) @ design + _RIDGE * np.eye(2)
