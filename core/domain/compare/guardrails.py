"""What a challenger must not be worse in, measured against the champion on the same rows.

Each is a loss (positive is worse) with an interval that knows that the rows are the same; whether it is within its
margin is the verdict's business.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.fairness.cells import Rows, cells_of
from core.domain.fairness.gaps import KINDS, LEAST_GROUP, drawn_rates, wider_by
from core.domain.fairness.rates import spread
from core.domain.features import Floats
from core.domain.metrics.influence import standard_error
from core.domain.metrics.intervals import z_value
from core.domain.metrics.recalibration import fit_line

Codes = NDArray[np.int64]
_SMALLEST = 1e-12
_FARTHEST = 60.0  # log-odds between a probability of 1e-12 and a share of one row in a quadrillion


@dataclass(frozen=True)
class Loss:
    """How much worse a challenger is, with both arms' own figures."""

    champion: float
    challenger: float
    loss: float
    low: float
    high: float


def calibration_losses(
    outcomes: Floats, champion: Floats, challenger: Floats, clusters: Codes | None = None
) -> tuple[Loss, Loss]:
    """How much farther a challenger's calibration line is from the right one: intercept, and slope.

    Parameters
    ----------
    outcomes : array, shape (n_rows,), 0 or 1, both present
    champion, challenger : arrays, shape (n_rows,)
        Probabilities.
    clusters : array of int64, shape (n_rows,), optional

    Notes
    -----
    The intercept is that of a line of slope 1 (calibration in the large), the slope that of the full line; each
    distance is to 0 and 1. Influences are those of maximum likelihood, H^-1 x (y - p).
    """
    a, b = chance_line(outcomes, champion), chance_line(outcomes, challenger)
    return _farther(a[0], b[0], 0.0, clusters), _farther(a[1], b[1], 1.0, clusters)


def value_losses(
    values: Floats, champion: Floats, challenger: Floats, clusters: Codes | None = None
) -> tuple[Loss, Loss]:
    """The same for predicted values: mean error in sd of the target, and slope of the target on the prediction."""
    spread = float(values.std())
    a, b = value_line(values, champion, spread), value_line(values, challenger, spread)
    return _farther(a[0], b[0], 0.0, clusters), _farther(a[1], b[1], 1.0, clusters)


Estimate = tuple[float, Floats]  # a figure, and each row's influence on it


def chance_line(outcomes: Floats, p: Floats) -> tuple[Estimate, Estimate]:
    """Calibration of probabilities, shape (n_rows,): the intercept of a line of slope 1, and the full line's slope."""
    clipped = np.clip(p, _SMALLEST, 1 - _SMALLEST)
    margins = np.log(clipped / (1 - clipped))
    shift = _shift(margins, outcomes)
    fitted = 1 / (1 + np.exp(-(margins + shift)))
    in_large = (outcomes - fitted) / max(float((fitted * (1 - fitted)).sum()), _SMALLEST)
    line = fit_line(margins, outcomes)
    fitted = 1 / (1 + np.exp(-np.clip(line.slope * margins + line.intercept, -700, 700)))
    weights = fitted * (1 - fitted)
    centred = margins - float(weights @ margins / weights.sum())
    of_slope = centred * (outcomes - fitted) / max(float(weights @ centred**2), _SMALLEST)
    return (shift, in_large), (line.slope, of_slope)


def _shift(margins: Floats, outcomes: Floats) -> float:
    """The intercept of a line of slope 1: where the mean probability is the mean outcome.

    Newton's steps inside a bracket: where margins are extreme, a whole step would leave every probability at 0 or 1.
    """
    shift, low, high = 0.0, -_FARTHEST, _FARTHEST
    for _ in range(100):
        p = 1 / (1 + np.exp(-(margins + shift)))
        excess = float((outcomes - p).sum())
        low, high = (shift, high) if excess > 0 else (low, shift)
        step = excess / max(float((p * (1 - p)).sum()), _SMALLEST)
        following = shift + step if low < shift + step < high else (low + high) / 2
        if abs(following - shift) < 1e-12:
            break
        shift = following
    return shift


def value_line(values: Floats, predictions: Floats, spread: float) -> tuple[Estimate, Estimate]:
    """Calibration of predicted values: the mean error in units of `spread`, and the slope of values on predictions."""
    n = len(values)
    errors = (values - predictions) / max(spread, _SMALLEST)
    bias = float(errors.mean())
    centred = predictions - predictions.mean()
    square = max(float(centred @ centred), _SMALLEST)
    slope = float(centred @ (values - values.mean())) / square
    residual = values - values.mean() - slope * centred
    return (bias, (errors - bias) / n), (slope, centred * residual / square)


def _farther(champion: Estimate, challenger: Estimate, right: float, clusters: Codes | None) -> Loss:
    (a, of_a), (b, of_b) = champion, challenger
    loss = abs(b - right) - abs(a - right)
    influence = math.copysign(1.0, b - right) * of_b - math.copysign(1.0, a - right) * of_a
    half = z_value() * standard_error(influence, clusters)
    return Loss(a, b, loss, loss - half, loss + half)


def coverage_loss(champion: NDArray[np.bool_], challenger: NDArray[np.bool_], clusters: Codes | None = None) -> Loss:
    """How far the share of flagged rows moves, either way, each arm at its own cutoff; arrays of shape (n_rows,)."""
    a, b = float(champion.mean()), float(challenger.mean())
    moved = challenger.astype(np.float64) - champion
    half = z_value() * standard_error((moved - moved.mean()) / len(moved), clusters)
    return Loss(a, b, abs(b - a), max(0.0, abs(b - a) - half), abs(b - a) + half)


def gap_loss(
    groups: Codes,
    champion: NDArray[np.bool_],
    challenger: NDArray[np.bool_],
    seed: int,
    clusters: Codes | None = None,
    among: NDArray[np.bool_] | None = None,
) -> Loss | None:
    """How much wider the gap between groups' selection rates is, highest minus lowest, by paired bootstrap.

    Parameters
    ----------
    groups : array of int64, shape (n_rows,), codes from 0; negative ones count nowhere
    champion, challenger : arrays of bool, shape (n_rows,)
        Rows each arm flags.
    seed : int
    among : array of bool, shape (n_rows,), optional
        Only these rows: positives give the gap in true positive rates, negatives that in false ones.

    Returns
    -------
    Loss or None
        None where fewer than two groups have 30 rows.
    """
    kind = "parity" if among is None else "tpr"
    outcome = np.full(len(groups), np.nan) if among is None else np.where(among, 1.0, np.nan)
    rows = Rows(np.stack([champion, challenger]), outcome, clusters)
    drawn = drawn_rates(cells_of(groups, int(groups.max(initial=-1)) + 1, rows), seed)
    wider = wider_by(drawn, 0, 1, kind)
    if wider is None:
        return None
    a, b = (float(spread(drawn[arm, KINDS[kind][0]].rates)) for arm in (0, 1))
    return Loss(a, b, wider.value, wider.low, wider.high)


def quantile_loss(champion: Floats, challenger: Floats, share: float = 0.95) -> Loss | None:
    """Relative change of a quantile of latencies, by order statistics; None where either was not measured."""
    a, b = champion[~np.isnan(champion)], challenger[~np.isnan(challenger)]
    if min(len(a), len(b)) < LEAST_GROUP:
        return None
    (low_a, at_a, high_a), (low_b, at_b, high_b) = _quantile(a, share), _quantile(b, share)
    if min(low_a, at_a, high_a) <= 0:
        return None
    return Loss(at_a, at_b, at_b / at_a - 1, low_b / high_a - 1, high_b / low_a - 1)


def _quantile(values: Floats, share: float) -> tuple[float, float, float]:
    from scipy.stats import binom

    ordered, n = np.sort(values), len(values)
    ranks = binom.ppf([0.025, 0.975], n, share).astype(int)
    low, high = np.clip(ranks, 0, n - 1)
    return float(ordered[low]), float(np.quantile(values, share)), float(ordered[high])
