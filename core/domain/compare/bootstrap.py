"""Figures of several arms under the same draws: rows of all arms are drawn together, so differences are paired.

For figures that are no sum over rows: average precision, KS, precision and lift at a coverage whose cut is found anew
in every draw, kappa. Whole entities are drawn where entities repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.compare.difference import Difference
from core.domain.features import Floats
from core.domain.metrics.catalogue import metric_of
from core.domain.metrics.intervals import draw_weights
from core.domain.metrics.measured import LEVEL, Measured
from core.domain.metrics.multiclass import confusion_statistics
from core.domain.metrics.ranking import Ranking

N_DRAWS = 2_000
FEW_DRAWS, MANY_ROWS = 500, 5_000  # above so many rows the draws' own noise is far below the interval's width

Statistic = Callable[[Floats], Floats]  # row weights (n_draws, n_rows) -> figures (n_draws, n_metrics)

AT_COVERAGE = ("precision_at_capacity", "recall_at_capacity", "f1_at_capacity", "lift_at_capacity")


@dataclass(frozen=True)
class Drawn:
    """Figures of every arm on the rows themselves and in every draw.

    Attributes
    ----------
    metrics : tuple of str
    points : mapping of str to array, shape (n_metrics,)
    draws : mapping of str to array, shape (n_draws, n_metrics)
    n, n_events : int
    method : str
    """

    metrics: tuple[str, ...]
    points: Mapping[str, Floats]
    draws: Mapping[str, Floats]
    n: int
    n_events: int | None
    method: str

    def figure(self, arm: str, metric: str, level: float = LEVEL) -> Measured:
        """One arm's figure with its percentile interval."""
        place = self.metrics.index(metric)
        low, high = _percentiles(self.draws[arm][:, place], level)
        return Measured(metric, float(self.points[arm][place]), low, high, self.n, self.n_events, self.method)

    def gain(self, challenger: str, champion: str, metric: str, level: float = LEVEL) -> Difference:
        """What one arm gains over another, in the draws that both have a figure in."""
        place = self.metrics.index(metric)
        sign = 1.0 if metric_of(metric).higher_is_better else -1.0
        gain = sign * float(self.points[challenger][place] - self.points[champion][place])
        drawn = sign * (self.draws[challenger][:, place] - self.draws[champion][:, place])
        drawn = drawn[~np.isnan(drawn)]
        low, high = _percentiles(drawn, level)
        below, above = float((drawn <= 0).sum()), float((drawn >= 0).sum())
        p = min(1.0, 2 * (min(below, above) + 1) / (len(drawn) + 1))
        se = float(drawn.std(ddof=1)) if len(drawn) > 1 else float("nan")
        return Difference(metric, gain, low, high, se, p, self.n, self.n_events, level, se * se * self.n, self.method)


def _percentiles(drawn: Floats, level: float) -> tuple[float, float]:
    known = drawn[~np.isnan(drawn)]
    if len(known) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def draw_together(
    metrics: Sequence[str],
    arms: Mapping[str, Statistic],
    n: int,
    seed: int,
    *,
    n_events: int | None = None,
    clusters: NDArray[np.int64] | None = None,
) -> Drawn:
    """Draw rows for all arms at once.

    Parameters
    ----------
    metrics : sequence of str
        Names of what the statistics return.
    arms : mapping of str to Statistic
    n : int
        Rows.
    seed : int
    n_events : int, optional
        Rows of the rarer side.
    clusters : array of int64, shape (n,), optional
        Entity codes from 0.
    """
    n_draws = N_DRAWS if n <= MANY_ROWS else FEW_DRAWS
    draws: dict[str, list[Floats]] = {name: [] for name in arms}
    for weights in draw_weights(n, seed, clusters, n_draws):
        for name, statistic in arms.items():
            draws[name].append(statistic(weights))
    once = np.ones((1, n))
    return Drawn(
        metrics=tuple(metrics),
        points={name: statistic(once)[0] for name, statistic in arms.items()},
        draws={name: np.vstack(parts) for name, parts in draws.items()},
        n=n,
        n_events=n_events,
        method=f"paired bootstrap{' by entity' if clusters is not None else ''}, {n_draws:,} draws",
    )


def ranking_statistic(outcomes: Floats, scores: Floats, coverage: float) -> tuple[tuple[str, ...], Statistic]:
    """Average precision, KS, and precision, recall, F1 and lift among the share of rows with the highest scores.

    Parameters
    ----------
    outcomes : array, shape (n_rows,), 0 or 1
    scores : array, shape (n_rows,)
    coverage : float
        Share of rows that is flagged; the cut is found anew in every draw.
    """
    ranking = Ranking(outcomes, scores)
    order = np.argsort(-scores, kind="stable")
    ordered = outcomes[order]

    def statistic(weights: Floats) -> Floats:
        ranks = ranking.statistics(weights)[:, 1:]
        drawn = weights[:, order]
        flagged = drawn.cumsum(axis=1)
        total, wanted = flagged[:, -1:], coverage * flagged[:, -1:]
        taken = np.clip(drawn - np.maximum(flagged - wanted, 0.0), 0.0, None)  # the row at the cut counts in part
        hits, positives = taken @ ordered, drawn @ ordered
        with np.errstate(divide="ignore", invalid="ignore"):
            precision, recall = hits / wanted[:, 0], hits / positives
            f1 = 2 * hits / (wanted[:, 0] + positives)
            lift = precision / (positives / total[:, 0])
        return np.column_stack([ranks, precision, recall, f1, lift])

    return ("pr_auc", "ks", *AT_COVERAGE), statistic


def class_statistic(
    codes: NDArray[np.int64], predicted: NDArray[np.int64], n_classes: int
) -> tuple[tuple[str, ...], Statistic]:
    """Accuracy, macro-F1, weighted F1 and kappa of predicted classes."""
    cells = np.eye(n_classes * n_classes)[codes * n_classes + predicted]

    def statistic(weights: Floats) -> Floats:
        return confusion_statistics((weights @ cells).reshape(-1, n_classes, n_classes))

    return ("accuracy", "macro_f1", "weighted_f1", "kappa"), statistic


def value_statistic(values: Floats, predictions: Floats) -> tuple[tuple[str, ...], Statistic]:
    """Root mean squared error, and decile lift: mean of the tenth predicted highest over the mean of all."""
    errors = (values - predictions) ** 2
    top = (predictions >= np.quantile(predictions, 0.9, method="higher")).astype(np.float64)
    moments = np.column_stack([errors, top, top * values, values])

    def statistic(weights: Floats) -> Floats:
        means = weights @ moments / weights.sum(axis=1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.column_stack([np.sqrt(means[:, 0]), means[:, 2] / means[:, 1] / means[:, 3]])

    return ("rmse", "decile_lift"), statistic
