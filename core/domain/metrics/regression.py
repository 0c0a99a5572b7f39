"""Every figure of a model that predicts a value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.domain.features import Floats
from core.domain.metrics.binary import BOOTSTRAP, CLUSTERED
from core.domain.metrics.intervals import bootstrap_intervals, median_interval
from core.domain.metrics.measured import Measured


def regression_metrics(
    values: Floats, predictions: Floats, *, seed: int, clusters: NDArray[np.int64] | None = None
) -> dict[str, Measured]:
    """R2, MAE, RMSE, median absolute error and decile lift.

    Parameters
    ----------
    values, predictions : arrays, shape (n_rows,), in the target's unit
    seed : int
    clusters : array of int64, shape (n_rows,), optional

    Notes
    -----
    R2 = 1 - sum (y - f)^2 / sum (y - mean y)^2, the mean taken over the same rows; NaN when the target is
    constant on them. Decile lift = mean y of the tenth of the rows with the highest f / mean y; left out
    where mean y is within two standard errors of 0 or below: a ratio to it would mean nothing. The tenth is
    taken as given.
    """
    errors = values - predictions
    centred = values - values.mean()  # sums of squares of large values keep their digits
    top = (predictions >= np.quantile(predictions, 0.9, method="higher")).astype(np.float64)
    moments = np.column_stack([errors**2, np.abs(errors), centred, centred**2, top, top * values, values])

    def statistic(weights: Floats) -> Floats:
        means = weights @ moments / weights.sum(axis=1, keepdims=True)
        spread = means[:, 3] - means[:, 2] ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            r2 = np.where(spread > 0, 1 - means[:, 0] / spread, np.nan)
            lift = means[:, 5] / means[:, 4] / means[:, 6]
        figures = [r2, means[:, 1], np.sqrt(means[:, 0])]
        return np.column_stack([*figures, lift] if has_lift else figures)

    n = len(values)
    has_lift = values.mean() > 2 * values.std() / np.sqrt(n)
    point = statistic(np.ones((1, n)))[0]
    low, high = point * np.nan, point * np.nan
    if centred.any():
        low, high = bootstrap_intervals(statistic, n, seed, clusters)
    names = ("r2", "mae", "rmse", "decile_lift")[: len(point)]
    method = BOOTSTRAP if clusters is None else CLUSTERED
    numbers = zip(names, point.tolist(), low.tolist(), high.tolist(), strict=True)
    found = {name: Measured(name, value, below, above, n, None, method) for name, value, below, above in numbers}
    sizes = np.abs(errors)
    found["median_ae"] = Measured(
        "median_ae", float(np.median(sizes)), *median_interval(sizes), n, None, "order statistics"
    )
    return found
