"""What a figure is to be expected before the outcomes are known: CBPE for classes, DLE for values.

CBPE (confidence-based performance estimation): a calibrated probability says how often a row is positive, so the
expected figure follows from the probabilities alone. DLE (direct loss estimation): a model of the absolute error, made
on held-out rows, is asked for the new rows. Both are right while the relation between inputs and outcome stays as it
was, and blind when it changes: never an input to a verdict.

Source: NannyML, "Estimation of Performance of the Monitored Model"
(https://nannyml.readthedocs.io/en/stable/how_it_works/performance_estimation.html).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.domain.features import Floats
from core.domain.metrics.influence import auc_parts
from core.domain.metrics.intervals import logit_interval, z_value
from core.domain.metrics.measured import Measured

CBPE, DLE = "CBPE", "DLE"
N_BINS = 10
_LEAST_PER_BIN = 20


def expected_binary(probabilities: Floats) -> dict[str, Measured]:
    """Expected AUC, accuracy at P >= .5 and Brier score of calibrated probabilities.

    The band holds the figure that n such rows would realise in 95 % of cases, were the probabilities right.

    Parameters
    ----------
    probabilities : array, shape (n_rows,), in [0, 1]

    Notes
    -----
    Each row counts as p of a positive and 1 - p of a negative row; E accuracy = mean max(p, 1 - p);
    E Brier = mean p (1 - p).

    Examples
    --------
    >>> found = expected_binary(np.array([0.2, 0.8]))
    >>> {name: round(figure.value, 3) for name, figure in found.items()}
    {'auc': 0.8, 'accuracy': 0.8, 'brier': 0.16}
    """
    p = probabilities
    sure = np.maximum(p, 1 - p)
    return {
        "auc": expected_auc("auc", p[:, None], p[:, None]),
        "accuracy": _expected_mean("accuracy", sure, sure * (1 - sure)),
        "brier": _expected_mean("brier", p * (1 - p), p * (1 - p) * (1 - 2 * p) ** 2),
    }


def expected_multiclass(probabilities: Floats) -> dict[str, Measured]:
    """Expected macro one-vs-rest AUC and accuracy.

    Parameters
    ----------
    probabilities : array, shape (n_rows, n_classes), rows sum to 1
    """
    best = probabilities.max(axis=1)
    area = expected_auc("macro_auc", probabilities, probabilities)
    return {"macro_auc": area, "accuracy": _expected_mean("accuracy", best, best * (1 - best))}


def expected_auc(name: str, chances: Floats, scores: Floats) -> Measured:
    """Expected mean AUC of scores, were each row of a class with its chance; the band is as in `expected_binary`.

    Means over classes: their errors are taken as going together, so the band is too wide, if anything.

    Parameters
    ----------
    name : str
    chances, scores : arrays, shape (n_rows, n_classes)
        One class for the AUC of two classes: the positive one.
    """
    values, errors = [], []
    for p, own in zip(chances.T, scores.T, strict=True):
        value, up, down = auc_parts(p, own)
        values.append(value)
        errors.append(math.sqrt(float(p @ up**2 + (1 - p) @ down**2)))
    n, value, error = len(chances), float(np.mean(values)), float(np.mean(errors))
    if math.isnan(value):
        return Measured(name, value, value, value, n, None, CBPE)
    low, high = logit_interval(value, error)
    rarest = min(float(np.minimum(p.sum(), n - p.sum())) for p in chances.T)
    return Measured(name, value, low, high, n, round(rarest), CBPE)


def _expected_mean(name: str, means: Floats, variances: Floats, method: str = CBPE, extra: float = 0.0) -> Measured:
    """A mean whose rows have these means and variances; rows are drawn anew as well."""
    n = len(means)
    if n == 0:
        return Measured(name, math.nan, math.nan, math.nan, 0, None, method)
    value = float(means.mean())
    half = z_value() * math.sqrt((float(variances.mean()) + float(means.var())) / n + extra)
    return Measured(name, value, value - half, value + half, n, None, method)


@dataclass(frozen=True)
class ErrorModel:
    """Mean absolute error by where the prediction lies, from held-out rows.

    Attributes
    ----------
    edges : array, shape (n_bins - 1,)
        Inner edges of the predictions' bins, ascending.
    means, variances : arrays, shape (n_bins,)
        Of the absolute errors in each bin.
    counts : array, shape (n_bins,)
    """

    edges: Floats
    means: Floats
    variances: Floats
    counts: Floats

    @classmethod
    def fit(cls, predictions: Floats, values: Floats, n_bins: int = N_BINS) -> ErrorModel:
        """Equal-mass bins of the predictions, fewer where there are few rows.

        Parameters
        ----------
        predictions, values : arrays, shape (n_rows,), held-out rows
        n_bins : int
        """
        n_bins = max(1, min(n_bins, len(predictions) // _LEAST_PER_BIN))
        edges = np.unique(np.quantile(predictions, np.arange(1, n_bins) / n_bins))
        places = np.searchsorted(edges, predictions, side="right")
        places = np.unique(places, return_inverse=True)[1]
        kept = np.unique(np.searchsorted(edges, predictions, side="right"))
        errors = np.abs(values - predictions)
        counts = np.bincount(places).astype(np.float64)
        means = np.bincount(places, weights=errors) / counts
        variances = np.bincount(places, weights=(errors - means[places]) ** 2) / np.maximum(counts - 1, 1)
        return cls(edges[kept[1:] - 1], means, variances, counts)

    def expected(self, predictions: Floats) -> Measured:
        """Expected mean absolute error of new rows; a prediction beyond the bins takes the nearest one.

        Parameters
        ----------
        predictions : array, shape (n_rows,)
        """
        places = np.searchsorted(self.edges, predictions, side="right")
        shares = np.bincount(places, minlength=len(self.means)) / max(len(predictions), 1)
        own = float(shares**2 @ (self.variances / self.counts))  # the model of the error is an estimate itself
        return _expected_mean("mae", self.means[places], self.variances[places], DLE, own)


def expected_r2(held_predictions: Floats, held_values: Floats, predictions: Floats) -> Measured:
    """Expected R2 of new predictions, from the squared errors of held-out rows by where the prediction lies.

    Were the predictions right on average everywhere, values would vary by the predictions' variance plus the mean
    squared error: R2 = 1 - E / (var(predictions) + E). The band is that of so many rows, by the delta method.

    Parameters
    ----------
    held_predictions, held_values : arrays, shape (n_held,)
    predictions : array, shape (n_rows,)

    Examples
    --------
    >>> held = np.repeat([0.0, 10.0], 50)
    >>> found = expected_r2(held, held + np.tile([-1.0, 1.0], 50), held)
    >>> round(found.value, 3)
    0.962
    """
    n = len(predictions)
    if n < 2 or len(held_predictions) < 2:
        return Measured("r2", math.nan, math.nan, math.nan, n, None, DLE)
    squared = (held_values - held_predictions) ** 2
    n_bins = max(1, min(N_BINS, len(held_predictions) // _LEAST_PER_BIN))
    edges = np.unique(np.quantile(held_predictions, np.arange(1, n_bins) / n_bins))
    bins = np.searchsorted(edges, held_predictions, side="right")
    counts = np.maximum(np.bincount(bins, minlength=len(edges) + 1), 1)
    means = np.bincount(bins, weights=squared, minlength=len(edges) + 1) / counts
    fourth = np.bincount(bins, weights=squared**2, minlength=len(edges) + 1) / counts
    taken = np.searchsorted(edges, predictions, side="right")
    error, centred = float(means[taken].mean()), (predictions - predictions.mean()) ** 2
    explained = float(centred.mean())
    total = explained + error
    if total == 0:
        return Measured("r2", math.nan, math.nan, math.nan, n, None, DLE)
    # a row's squared error moves E, its place and its error's product with the place move the variance of the values
    of_error, of_place = -explained / total**2, error / total**2
    squares = float((fourth[taken] - means[taken] ** 2).mean() + means[taken].var())
    places = float(centred.var() + 4 * (centred * means[taken]).mean())
    half = z_value() * math.sqrt((of_error**2 * squares + of_place**2 * places) / n)
    value = 1 - error / total
    return Measured("r2", value, value - half, value + half, n, None, DLE)
