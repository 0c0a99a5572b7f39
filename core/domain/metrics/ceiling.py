"""The best that any model could reach where the truth behind the rows is known: a claim above it is a mistake.

Nothing here draws an outcome: a row counts as positive with its true probability and as negative with the rest, so
that only the choice of the rows is left to chance. Intervals come from the spread over equal parts of the rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from core.domain.columns import Array
from core.domain.features import Floats
from core.domain.metrics.intervals import z_value
from core.domain.metrics.measured import Measured

N_PARTS = 20
METHOD = f"Monte-Carlo over {N_PARTS} parts"


def expected_auc(scores: Floats, p: Floats) -> float:
    """AUC of scores where a row is positive with probability p; ties count half, a row is not paired with itself.

    Parameters
    ----------
    scores, p : arrays, shape (n_rows,)

    Returns
    -------
    float
        sum over i != j of p_i (1 - p_j) (s_i > s_j) / sum over i != j of p_i (1 - p_j).

    Examples
    --------
    >>> expected_auc(np.array([1.0, 2.0]), np.array([0.0, 1.0]))
    1.0
    """
    levels, inverse = np.unique(scores, return_inverse=True)
    positive = np.bincount(inverse, p, len(levels))
    negative = np.bincount(inverse, 1 - p, len(levels))
    alone = np.bincount(inverse, p * (1 - p), len(levels))
    below = np.cumsum(negative) - negative
    won = float(positive @ below + 0.5 * (positive @ negative - alone.sum()))
    pairs = float(p.sum() * (1 - p).sum() - alone.sum())
    return won / pairs if pairs > 0 else math.nan


def ceilings(task: str, truth: Array, observed: Array | None = None) -> dict[str, Measured]:
    """The highest figures that rows of this truth allow.

    Parameters
    ----------
    task : str
        "binary", "multiclass" or "regression".
    truth : array
        See `core.domain.usecase.UseCase.truth`.
    observed : array, shape (n_rows,), optional
        Observed values; needed by regression, whose truth says the mean and not the noise.

    Returns
    -------
    dict of str to Measured
        `auc` and `f1` (at the best of all cutoffs); or `accuracy`, `macro_auc` and `weighted_f1` (of the truly
        likeliest class); or `r2`.
    """
    n_rows = len(truth)
    parts = [part for part in np.array_split(np.arange(n_rows), N_PARTS) if len(part)]
    found = [_figures(task, truth[part], None if observed is None else observed[part]) for part in parts]
    whole = _figures(task, truth, observed)
    return {name: _measured(name, value, [part[name] for part in found], n_rows) for name, value in whole.items()}


def _figures(task: str, truth: Array, observed: Array | None) -> Mapping[str, float]:
    if task == "binary":
        return {"auc": expected_auc(truth, truth), "f1": _best_f1(truth)}
    if task == "multiclass":
        areas = [expected_auc(truth[:, place], truth[:, place]) for place in range(truth.shape[1])]
        accuracy, f1 = _of_likeliest(truth)
        return {"accuracy": accuracy, "macro_auc": float(np.mean(areas)), "weighted_f1": f1}
    assert observed is not None
    noise, spread = float(((observed - truth) ** 2).mean()), float(observed.var())
    return {"r2": 1 - noise / spread if spread > 0 else math.nan}


def _best_f1(p: Floats) -> float:
    """2 x sum p of the chosen / (number chosen + sum p of all), at the number that makes it largest."""
    hits = np.cumsum(np.sort(p)[::-1])
    total = float(hits[-1])
    return float((2 * hits / (np.arange(1, len(p) + 1) + total)).max()) if total > 0 else math.nan


def _of_likeliest(truth: Floats) -> tuple[float, float]:
    """Accuracy and weighted F1 of naming the truly likeliest class."""
    chosen = truth.argmax(axis=1)
    n_classes = truth.shape[1]
    hits = np.bincount(chosen, truth.max(axis=1), n_classes)
    observed, named = truth.sum(axis=0), np.bincount(chosen, minlength=n_classes)
    f1 = np.divide(2 * hits, observed + named, out=np.zeros(n_classes), where=observed + named > 0)
    return float(hits.sum() / len(truth)), float(f1 @ observed / len(truth))


def _measured(name: str, value: float, parts: list[float], n_rows: int) -> Measured:
    se = float(np.std(parts, ddof=1)) / math.sqrt(len(parts)) if len(parts) > 1 else math.nan
    half = z_value() * se
    return Measured(name, value, value - half, value + half, n_rows, None, METHOD)
