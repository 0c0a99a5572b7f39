"""Every figure of a binary model: how well it ranks, and how good its probabilities are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.domain.features import Floats
from core.domain.metrics.auc import auc
from core.domain.metrics.intervals import bootstrap_intervals
from core.domain.metrics.measured import Measured
from core.domain.metrics.proportion import proportion
from core.domain.metrics.ranking import Ranking

BOOTSTRAP = "bootstrap, 500 draws"
CLUSTERED = "bootstrap by entity, 500 draws"
_SMALLEST = 1e-15  # log loss of a probability of exactly 0 or 1 stays finite, as in scikit-learn


def ranking_metrics(
    outcomes: Floats,
    scores: Floats,
    *,
    seed: int,
    clusters: NDArray[np.int64] | None = None,
    strata: NDArray[np.int64] | None = None,
) -> dict[str, Measured]:
    """AUC, Gini, average precision and KS.

    Parameters
    ----------
    outcomes : array, shape (n_rows,), 0 or 1
    scores : array, shape (n_rows,)
        Higher means more of what the outcome measures; any scale.
    seed : int
    clusters : array of int64, shape (n_rows,), optional
        Entity codes: intervals come from drawing whole entities, AUC's too.
    strata : array of int64, shape (n_rows,), optional
        Fold of each row, see `auc`.
    """
    ranking = Ranking(outcomes, scores)
    found = _bootstrapped(("auc", "pr_auc", "ks"), ranking.statistics, outcomes, seed, clusters)
    area = auc(outcomes, scores, strata)
    if clusters is not None:
        area = _by_entity(area, found["auc"])
    gini = Measured("gini", 2 * area.value - 1, 2 * area.low - 1, 2 * area.high - 1, area.n, area.n_events, area.method)
    return {"auc": area, "gini": gini, "pr_auc": found["pr_auc"], "ks": found["ks"]}


def binary_metrics(
    outcomes: Floats,
    probabilities: Floats,
    *,
    seed: int,
    clusters: NDArray[np.int64] | None = None,
    strata: NDArray[np.int64] | None = None,
) -> dict[str, Measured]:
    """`ranking_metrics`, and Brier score, log loss and accuracy at P >= .5.

    Parameters
    ----------
    outcomes : array, shape (n_rows,), 0 or 1
    probabilities : array, shape (n_rows,), in [0, 1]
    seed, clusters, strata : see `ranking_metrics`
    """
    clipped = np.clip(probabilities, _SMALLEST, 1 - _SMALLEST)
    correct = ((probabilities >= 0.5) == (outcomes == 1)).astype(np.float64)
    losses = np.column_stack(
        [
            (probabilities - outcomes) ** 2,
            -np.where(outcomes == 1, np.log(clipped), np.log1p(-clipped)),
            correct,
        ]
    )

    def means(weights: Floats) -> Floats:
        return np.asarray(weights @ losses / weights.sum(axis=1, keepdims=True))

    found = ranking_metrics(outcomes, probabilities, seed=seed, clusters=clusters, strata=strata)
    found |= _bootstrapped(("brier", "log_loss", "accuracy"), means, outcomes, seed, clusters)
    if clusters is None:
        found["accuracy"] = proportion("accuracy", int(correct.sum()), len(outcomes), int((outcomes == 1).sum()))
    return found


def _bootstrapped(
    names: tuple[str, ...],
    statistic: Callable[[Floats], Floats],
    outcomes: Floats,
    seed: int,
    clusters: NDArray[np.int64] | None,
) -> dict[str, Measured]:
    n, n_events = len(outcomes), int((outcomes == 1).sum())
    point = statistic(np.ones((1, n)))[0]
    low, high = point * np.nan, point * np.nan
    if 0 < n_events < n:
        low, high = bootstrap_intervals(statistic, n, seed, clusters)
    method = BOOTSTRAP if clusters is None else CLUSTERED
    values = zip(names, point.tolist(), low.tolist(), high.tolist(), strict=True)
    return {name: Measured(name, value, below, above, n, n_events, method) for name, value, below, above in values}


def _by_entity(area: Measured, pooled: Measured) -> Measured:
    """The AUC with the width that drawing whole entities gives; by fold and pooled points may differ a little."""
    shift = area.value - pooled.value
    low, high = max(0.0, pooled.low + shift), min(1.0, pooled.high + shift)
    return Measured("auc", area.value, low, high, area.n, area.n_events, CLUSTERED)
