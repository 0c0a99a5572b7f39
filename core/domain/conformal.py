"""Prediction intervals that hold without a model of the noise: split conformal prediction.

Residuals of rows that no model was trained on, each divided by the spread expected at its prediction, are
ranked once; the interval of a new row reaches as far as the quantile of these ratios, times its own spread.
If the rows are exchangeable, it holds the truth for at least the promised share of rows, on average over all
rows; it promises nothing for any one kind of row.

Source: Lei, G'Sell, Rinaldo, Tibshirani & Wasserman (2018), Distribution-Free Predictive Inference for
Regression, JASA 113; locally weighted as in their section 5.2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.domain.features import Floats
from core.domain.metrics.measured import Measured
from core.domain.metrics.proportion import proportion

LEVEL = 0.90
MIN_SPREAD_ROWS = 150  # fewer make the spread itself a guess: then every row gets the same width
ROWS_PER_BIN = 50
MOST_BINS = 20
_LEAST_SPREAD = 0.1  # of the mean residual: a bin of lucky rows must not promise certainty


@dataclass(frozen=True)
class Spread:
    """Expected absolute residual as a function of the prediction: straight lines between bin centres.

    Attributes
    ----------
    centres : tuple of float, shape (n_bins,), ascending
        Mean prediction of each bin; () where every row has the same spread.
    sizes : tuple of float, shape (n_bins,), above 0
        Mean absolute residual of each bin; the outermost ones go on beyond the ends.
    """

    centres: tuple[float, ...] = ()
    sizes: tuple[float, ...] = ()

    def at(self, predictions: Floats) -> Floats:
        """Spread of each row, shape (n_rows,); element by element, so that a row gets the same in any company.

        >>> Spread((0.0, 1.0), (1.0, 3.0)).at(np.array([-5.0, 0.5, 9.0]))
        array([1., 2., 3.])
        """
        if not self.centres:
            return np.ones(len(predictions))
        centres, sizes = np.asarray(self.centres), np.asarray(self.sizes)
        if len(centres) == 1:
            return np.full(len(predictions), sizes[0])
        inside = np.clip(predictions, centres[0], centres[-1])
        left = np.clip(np.searchsorted(centres, inside, side="right") - 1, 0, len(centres) - 2)
        share = (inside - centres[left]) / (centres[left + 1] - centres[left])
        return np.asarray(sizes[left] + share * (sizes[left + 1] - sizes[left]))


def fit_spread(predictions: Floats, values: Floats) -> Spread:
    """Learn how large residuals are at which prediction, from rows that no model was trained on.

    Parameters
    ----------
    predictions, values : arrays, shape (n_rows,)
        Other rows than those of `fit_intervals`.

    Returns
    -------
    Spread
        Bins of at least 50 rows by prediction; the same width for every row below 150 rows, or where every
        row is predicted the same, or exactly right.
    """
    n_rows = len(values)
    n_bins = min(MOST_BINS, n_rows // ROWS_PER_BIN)
    sizes = np.abs(values - predictions)
    if n_rows < MIN_SPREAD_ROWS or not sizes.any():
        return Spread()
    order = np.argsort(predictions, kind="stable")
    parts = np.array_split(order, n_bins)
    centres = np.array([predictions[part].mean() for part in parts])
    means = np.array([sizes[part].mean() for part in parts])
    keep = np.concatenate([[True], np.diff(centres) > 0])  # ties of prediction share a bin's place
    if keep.sum() < 2:
        return Spread()
    means = np.maximum(means, _LEAST_SPREAD * sizes.mean())
    return Spread(tuple(centres[keep].tolist()), tuple(means[keep].tolist()))


@dataclass(frozen=True)
class Intervals:
    """Everything a prediction interval needs: prediction -+ factor x spread.

    Attributes
    ----------
    level : float
        Promised share of rows inside.
    factor : float
        Quantile of |residual| / spread over the conformal rows.
    spread : Spread
    n_rows : int
        Conformal rows behind the factor.
    """

    level: float
    factor: float
    spread: Spread
    n_rows: int

    @property
    def same_width(self) -> bool:
        """Whether every row gets the same width."""
        return not self.spread.centres

    def bounds(self, predictions: Floats) -> tuple[Floats, Floats]:
        """Lower and upper bound of each row, each of shape (n_rows,).

        >>> low, high = Intervals(0.9, 2.0, Spread(), 99).bounds(np.array([10.0]))
        >>> low, high
        (array([8.]), array([12.]))
        """
        half = self.factor * self.spread.at(predictions)
        return predictions - half, predictions + half

    def coverage(self, predictions: Floats, values: Floats) -> Measured:
        """Share of rows whose value lies inside, with its Wilson interval; over all rows, not for each kind."""
        low, high = self.bounds(predictions)
        return proportion("coverage", int(((low <= values) & (values <= high)).sum()), len(values))

    def as_json(self) -> dict[str, Any]:
        """Plain values; floats survive JSON to the last bit."""
        return {
            "level": self.level,
            "factor": self.factor,
            "centres": list(self.spread.centres),
            "sizes": list(self.spread.sizes),
            "n_conformal": self.n_rows,
        }

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Intervals:
        """Read what `as_json` wrote; other facts beside it are left alone."""
        spread = Spread(tuple(facts["centres"]), tuple(facts["sizes"]))
        return cls(facts["level"], facts["factor"], spread, facts["n_conformal"])


def fit_intervals(predictions: Floats, values: Floats, spread: Spread, level: float = LEVEL) -> Intervals | None:
    """Split conformal intervals from rows that nothing else was fitted on.

    Parameters
    ----------
    predictions, values : arrays, shape (n_rows,)
    spread : Spread
    level : float

    Returns
    -------
    Intervals or None
        None below 1 / (1 - level) - 1 rows (9 at 90 %): no finite interval could keep the promise.

    Notes
    -----
    The factor is the ceil((n + 1) level)-th smallest of the n ratios, so that a new row, exchangeable with
    them, lies inside with probability at least `level`.
    """
    n_rows = len(values)
    rank = math.ceil((n_rows + 1) * level)
    if rank > n_rows:
        return None
    ratios = np.sort(np.abs(values - predictions) / spread.at(predictions))
    return Intervals(level, float(ratios[rank - 1]), spread, n_rows)
