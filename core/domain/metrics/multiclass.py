"""Every figure of a model over several classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.domain.features import Floats
from core.domain.metrics.binary import BOOTSTRAP, CLUSTERED
from core.domain.metrics.intervals import bootstrap_intervals
from core.domain.metrics.measured import Measured
from core.domain.metrics.proportion import proportion
from core.domain.metrics.ranking import Ranking

Codes = NDArray[np.int64]
_SMALLEST = 1e-15


def confusion_statistics(confusion: Floats) -> Floats:
    """Accuracy, macro-F1, weighted F1 and Cohen's kappa, shape (n_draws, 4).

    Parameters
    ----------
    confusion : array, shape (n_draws, n_classes, n_classes)
        Weights by (true class, predicted class). A class that is neither observed nor predicted leaves
        the macro mean; one that is only one of both has F1 0.
    """
    total = confusion.sum(axis=(1, 2))
    observed, predicted = confusion.sum(axis=2), confusion.sum(axis=1)
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        f1 = 2 * hits / (observed + predicted)  # NaN where the class does not occur
        accuracy = hits.sum(axis=1) / total
        chance = (observed * predicted).sum(axis=1) / total**2
        kappa = (accuracy - chance) / (1 - chance)
    weighted = (np.nan_to_num(f1) * observed).sum(axis=1) / total
    return np.column_stack([accuracy, np.nanmean(f1, axis=1), weighted, kappa])


def class_metrics(
    codes: Codes, predicted: Codes, n_classes: int, *, seed: int, clusters: Codes | None = None
) -> dict[str, Measured]:
    """Accuracy, macro-F1, weighted F1 and kappa of predicted classes.

    Parameters
    ----------
    codes, predicted : arrays of int64, shape (n_rows,), in [0, n_classes)
    n_classes : int
    seed : int
    clusters : array of int64, shape (n_rows,), optional
    """
    cells = np.eye(n_classes * n_classes)[codes * n_classes + predicted]

    def statistic(weights: Floats) -> Floats:
        return confusion_statistics((weights @ cells).reshape(-1, n_classes, n_classes))

    names = ("accuracy", "macro_f1", "weighted_f1", "kappa")
    found = _bootstrapped(names, statistic, codes, n_classes, seed, clusters)
    if clusters is None:
        hits = int((codes == predicted).sum())
        found["accuracy"] = proportion("accuracy", hits, len(codes), _rarest(codes, n_classes))
    return found


def multiclass_metrics(
    codes: Codes, probabilities: Floats, *, seed: int, clusters: Codes | None = None
) -> dict[str, Measured]:
    """`class_metrics` of the most probable class, log loss and macro one-vs-rest AUC.

    Parameters
    ----------
    codes : array of int64, shape (n_rows,)
    probabilities : array, shape (n_rows, n_classes)
    seed, clusters : see `class_metrics`
    """
    n_classes = probabilities.shape[1]
    losses = -np.log(np.maximum(probabilities[np.arange(len(codes)), codes], _SMALLEST))
    classes = [k for k in range(n_classes) if 0 < (codes == k).sum() < len(codes)]
    rankings = [Ranking((codes == k).astype(np.float64), probabilities[:, k]) for k in classes]

    def statistic(weights: Floats) -> Floats:
        areas = np.column_stack([ranking.statistics(weights)[:, 0] for ranking in rankings])
        return np.column_stack([areas.mean(axis=1), weights @ losses / weights.sum(axis=1)])

    found = class_metrics(codes, probabilities.argmax(axis=1), n_classes, seed=seed, clusters=clusters)
    if rankings:
        found |= _bootstrapped(("macro_auc", "log_loss"), statistic, codes, n_classes, seed, clusters)
    return found


def _bootstrapped(
    names: tuple[str, ...], statistic: object, codes: Codes, n_classes: int, seed: int, clusters: Codes | None
) -> dict[str, Measured]:
    assert callable(statistic)
    n = len(codes)
    point = statistic(np.ones((1, n)))[0]
    low, high = bootstrap_intervals(statistic, n, seed, clusters)
    method, rarest = (BOOTSTRAP if clusters is None else CLUSTERED), _rarest(codes, n_classes)
    values = zip(names, point.tolist(), low.tolist(), high.tolist(), strict=True)
    return {name: Measured(name, value, below, above, n, rarest, method) for name, value, below, above in values}


def _rarest(codes: Codes, n_classes: int) -> int:
    return int(np.bincount(codes, minlength=n_classes).min())
