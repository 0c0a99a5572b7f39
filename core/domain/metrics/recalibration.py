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


def fit_line(margins: Floats, outcomes: Floats, prior_sd: float | None = None) -> Line:
    """Maximum likelihood slope and intercept by Newton's method with step halving.

    Parameters
    ----------
    margins : array, shape (n_rows,)
        Log-odds.
    outcomes : array, shape (n_rows,), in [0, 1]
        0/1, or targets smoothed into (0, 1).
    prior_sd : float, optional
        Normal prior around "leave the margins alone": of the slope around 1, and of the shift of the mean
        margin around 0. Few rows then move the line little, many rows as far as they say.

    Examples
    --------
    >>> line = fit_line(np.array([-2.0, -2.0, -2.0, 2.0, 2.0, 2.0]), np.array([0, 0, 1, 0, 1, 1.0]))
    >>> round(line.slope, 4), round(line.intercept, 4) + 0.0
    (0.3466, 0.0)
    """
    centre = float(margins.mean())
    design = np.column_stack([margins - centre, np.ones(len(margins))])
    start = np.array([1.0, centre])
    precision = _RIDGE if prior_sd is None else prior_sd**-2
    weights, converged = _nearer(design, outcomes, start, precision), False
    loss = _loss(design, outcomes, weights, start, precision)
    information = np.eye(2)
    for _ in range(_STEPS):
        gradient, information = _derivatives(design, outcomes, weights)
        gradient, information = gradient + precision * (weights - start), information + precision * np.eye(2)
        step = np.linalg.solve(information, gradient)
        converged = bool(np.abs(step).max() < 1e-9)
        size = 1.0
        while size > 1e-6 and _loss(design, outcomes, weights - size * step, start, precision) > loss + 1e-9:
            size /= 2
        weights = weights - size * step
        loss = _loss(design, outcomes, weights, start, precision)
        if converged:
            break
    back = np.array([[1.0, 0.0], [-centre, 1.0]])  # from the centred line to slope and intercept
    slope, intercept = (back @ weights).tolist()
    errors = np.sqrt(np.diag(back @ np.linalg.inv(information) @ back.T))
    return Line(slope, intercept, float(errors[0]), float(errors[1]), converged)


def _nearer(design: Floats, outcomes: Floats, start: Floats, precision: float) -> Floats:
    """Where to begin: the margins as they are, or none of them where that fits better.

    From margins far off a step of Newton's leads nowhere; from a flat line it always leads down.
    """
    rate = float(np.clip(outcomes.mean(), 1e-12, 1 - 1e-12))
    flat = np.array([0.0, np.log(rate / (1 - rate))])
    both = [_loss(design, outcomes, weights, start, precision) for weights in (start, flat)]
    return flat if both[1] < both[0] else start.copy()


def _loss(design: Floats, outcomes: Floats, weights: Floats, start: Floats, precision: float) -> float:
    linear = design @ weights
    fit = np.sum(np.logaddexp(0.0, linear) - outcomes * linear)
    return float(fit + 0.5 * precision * np.sum((weights - start) ** 2))


def _derivatives(design: Floats, outcomes: Floats, weights: Floats) -> tuple[Floats, Floats]:
    p = 1.0 / (1.0 + np.exp(-np.clip(design @ weights, -700, 700)))
    curvature = np.maximum(p * (1 - p), 1e-12)
    return design.T @ (p - outcomes), (design.T * curvature) @ design
