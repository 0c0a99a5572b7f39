"""Permutation importance: how much worse a metric gets when one raw column is dealt out anew.

Breiman (2001), Random forests; the loss is told per repeat, and its interval is that of the mean over the repeats:
it says how sure the shuffling is, not how sure the rows are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.columns import Columns
from core.domain.features import Floats
from core.domain.metrics.catalogue import METRICS
from core.domain.metrics.influence import auc_parts, macro_auc_of
from core.domain.metrics.multiclass import confusion_statistics
from core.domain.metrics.ranking import Ranking

Predict = Callable[[Columns, int], Mapping[str, Floats]]  # (columns, n_rows) -> model -> (n_rows, k)
Orders = NDArray[np.int64]
_SMALLEST = 1e-15


@dataclass(frozen=True)
class Loss:
    """What dealing out each column anew costs one model, in units of the metric; above 0 is worse."""

    metric: str
    whole: float  # the metric on the rows as they are
    value: Floats  # (n_columns,) mean over the repeats
    low: Floats
    high: Floats
    n: int
    n_repeats: int


def orders(n_rows: int, n_repeats: int, seed: int) -> Orders:
    """Random orders of the rows, shape (n_repeats, n_rows)."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(n_rows) for _ in range(n_repeats)])


def permutation_losses(
    predict: Predict, columns: Columns, names: Sequence[str], target: Floats, metric: str, dealt: Orders
) -> dict[str, Loss]:
    """Loss of the metric by model and column.

    Parameters
    ----------
    predict : callable
    columns : mapping of str to array, shape (n_rows, ...)
    names : sequence of str, length n_columns
        The raw columns to deal out, one at a time.
    target : array, shape (n_rows,)
        0/1, class codes or values.
    metric : str
        One of `FIGURES`.
    dealt : array of int64, shape (n_repeats, n_rows)
        Row i takes the value of row dealt[r, i].

    Examples
    --------
    >>> said = {"x": np.array([0.0, 1.0, 2.0, 3.0])}
    >>> same = lambda columns, n: {"m": columns["x"][:, None]}
    >>> found = permutation_losses(same, said, ("x",), said["x"], "mae", np.array([[1, 0, 3, 2], [0, 1, 2, 3]]))
    >>> found["m"].value
    array([0.5])
    """
    figure, sign = FIGURES[metric], 1.0 if METRICS[metric].higher_is_better else -1.0
    n_repeats, n = dealt.shape
    whole = {model: figure(target, output) for model, output in predict(columns, n).items()}
    losses = {model: np.empty((n_repeats, len(names))) for model in whole}
    for place, name in enumerate(names):
        for repeat, order in enumerate(dealt):
            shuffled = columns | {name: columns[name][order]}
            for model, output in predict(shuffled, n).items():
                losses[model][repeat, place] = sign * (whole[model] - figure(target, output))
    return {model: _loss(metric, whole[model], drawn, n) for model, drawn in losses.items()}


def _loss(metric: str, whole: float, drawn: Floats, n: int) -> Loss:
    from scipy.special import stdtrit

    n_repeats = len(drawn)
    value = drawn.mean(axis=0)
    half = np.full(drawn.shape[1], math.nan)
    if n_repeats > 1:
        half = stdtrit(n_repeats - 1, 0.975) * drawn.std(axis=0, ddof=1) / math.sqrt(n_repeats)
    return Loss(metric, whole, value, value - half, value + half, n, n_repeats)


def _confusion(place: int) -> Callable[[Floats, Floats], float]:
    def figure(target: Floats, output: Floats) -> float:
        n_classes, predicted = output.shape[1], output.argmax(axis=1)
        cells = np.bincount(target.astype(np.int64) * n_classes + predicted, minlength=n_classes**2)
        return float(confusion_statistics(cells.reshape(1, n_classes, n_classes).astype(np.float64))[0, place])

    return figure


def _r2(target: Floats, output: Floats) -> float:
    spread = float(((target - target.mean()) ** 2).sum())
    return 1 - float(((target - output[:, 0]) ** 2).sum()) / spread if spread else math.nan


def _ranking(place: int) -> Callable[[Floats, Floats], float]:
    def figure(target: Floats, output: Floats) -> float:
        return float(Ranking(target, output[:, 0]).statistics(np.ones((1, len(target))))[0, place])

    return figure


def _log_loss(target: Floats, output: Floats) -> float:
    full = output if output.shape[1] > 1 else np.column_stack([1 - output[:, 0], output[:, 0]])
    return float(-np.log(np.maximum(full[np.arange(len(target)), target.astype(np.int64)], _SMALLEST)).mean())


FIGURES: Mapping[str, Callable[[Floats, Floats], float]] = {
    "auc": lambda target, output: auc_parts(target, output[:, 0])[0],
    "gini": lambda target, output: 2 * auc_parts(target, output[:, 0])[0] - 1,
    "pr_auc": _ranking(1),
    "ks": _ranking(2),
    "brier": lambda target, output: float(((target - output[:, 0]) ** 2).mean()),
    "log_loss": _log_loss,
    "macro_auc": lambda target, output: macro_auc_of(target.astype(np.int64), output).value,
    "accuracy": _confusion(0),
    "macro_f1": _confusion(1),
    "weighted_f1": _confusion(2),
    "kappa": _confusion(3),
    "r2": _r2,
    "mae": lambda target, output: float(np.abs(target - output[:, 0]).mean()),
    "rmse": lambda target, output: math.sqrt(float(((target - output[:, 0]) ** 2).mean())),
    "median_ae": lambda target, output: float(np.median(np.abs(target - output[:, 0]))),
}
