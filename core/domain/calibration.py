"""Whether probabilities mean what they say: reliability by isotonic regression (CORP), slope, intercept, ECE.

CORP needs no bins to be chosen: the isotonic fit of the outcomes on the probabilities is the best monotone
recalibration, and the Brier score falls apart into miscalibration - discrimination + uncertainty, exactly.
Source: Dimitriadis, Gneiting & Jordan (2021), Stable reliability diagrams for probabilistic classifiers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.domain.features import Floats
from core.domain.metrics.intervals import z_value
from core.domain.metrics.recalibration import Line, fit_line

N_BINS = 10
N_DRAWS = 400
_EXACT_ROWS = 5_000  # above, sums of outcomes are drawn as normal
_SMALLEST = 1e-12


@dataclass(frozen=True)
class Reliability:
    """The CORP diagram and its decomposition: brier = miscalibration - discrimination + uncertainty.

    Attributes
    ----------
    forecast, observed, weight : arrays, shape (n_levels,)
        The probabilities that were given, ascending; the isotonic rate at each; how many rows gave it.
    brier, miscalibration, discrimination, uncertainty : float
    """

    forecast: Floats
    observed: Floats
    weight: Floats
    brier: float
    miscalibration: float
    discrimination: float
    uncertainty: float

    def steps(self) -> tuple[Floats, Floats, Floats, Floats]:
        """The flat pieces: lowest and highest forecast, rate, rows; each of shape (n_pieces,)."""
        starts = np.flatnonzero(np.concatenate([[True], np.diff(self.observed) > 0]))
        ends = np.append(starts[1:], len(self.observed)) - 1
        rows = np.add.reduceat(self.weight, starts)
        return self.forecast[starts], self.forecast[ends], self.observed[starts], rows


def reliability(outcomes: Floats, probabilities: Floats) -> Reliability:
    """CORP reliability by pool-adjacent-violators.

    Parameters
    ----------
    outcomes : array, shape (n_rows,), 0 or 1
    probabilities : array, shape (n_rows,), in [0, 1]

    Examples
    --------
    >>> found = reliability(np.array([0, 1, 0, 1.0]), np.array([0.1, 0.2, 0.3, 0.9]))
    >>> found.observed.tolist()
    [0.0, 0.5, 0.5, 1.0]
    >>> round(found.miscalibration - found.discrimination + found.uncertainty - found.brier, 12)
    0.0
    """
    from scipy.optimize import isotonic_regression

    forecast, places, counts = np.unique(probabilities, return_inverse=True, return_counts=True)
    rates = np.bincount(places, weights=outcomes) / counts
    observed = np.asarray(isotonic_regression(rates, weights=counts).x)
    share, base = counts / len(outcomes), float(outcomes.mean())
    brier = float(np.mean((probabilities - outcomes) ** 2))
    recalibrated = float(np.mean((observed[places] - outcomes) ** 2))
    uncertainty = base * (1 - base)
    return Reliability(
        forecast=forecast,
        observed=observed,
        weight=share * len(outcomes),
        brier=brier,
        miscalibration=brier - recalibrated,
        discrimination=uncertainty - recalibrated,
        uncertainty=uncertainty,
    )


def calibration_fit(outcomes: Floats, probabilities: Floats) -> Line | None:
    """Slope and intercept of the outcomes on the log-odds; None where a class is absent."""
    if outcomes.min() == outcomes.max():
        return None
    p = np.clip(probabilities, _SMALLEST, 1 - _SMALLEST)
    return fit_line(np.log(p / (1 - p)), outcomes)


def bounds(value: float, error: float) -> tuple[float, float]:
    """Normal 95 % interval."""
    half = z_value() * error
    return value - half, value + half


@dataclass(frozen=True)
class CalibrationError:
    """ECE beside what a perfect model of these rows would read: its mean, and the limit it exceeds in 5 %."""

    value: float
    expected: float
    limit: float
    n_bins: int


def expected_calibration_error(
    outcomes: Floats, probabilities: Floats, *, seed: int, n_bins: int = N_BINS, n_draws: int = N_DRAWS
) -> CalibrationError:
    """Mean gap between mean probability and outcome rate over equal-mass bins, and its own noise.

    Parameters
    ----------
    outcomes : array, shape (n_rows,), 0 or 1
    probabilities : array, shape (n_rows,), in [0, 1]
    seed : int
    n_bins, n_draws : int

    Notes
    -----
    The noise: outcomes are drawn from the probabilities themselves, so that every gap that is read is chance.
    """
    order = np.argsort(probabilities, kind="stable")
    p, n = probabilities[order], len(probabilities)
    starts = np.unique(np.linspace(0, n, n_bins, endpoint=False).astype(np.int64))
    promised, spread = np.add.reduceat(p, starts), np.add.reduceat(p * (1 - p), starts)
    rng = np.random.default_rng(seed)
    if n <= _EXACT_ROWS:
        drawn = np.add.reduceat((rng.random((n_draws, n)) < p).astype(np.float64), starts, axis=1)
    else:
        drawn = promised + np.sqrt(spread) * rng.standard_normal((n_draws, len(starts)))
    noise = np.abs(drawn - promised).sum(axis=1) / n
    value = float(np.abs(np.add.reduceat(outcomes[order], starts) - promised).sum() / n)
    return CalibrationError(value, float(noise.mean()), float(np.quantile(noise, 0.95)), len(starts))
