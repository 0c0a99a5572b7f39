"""A metric of one arm on judged rows, with each row's influence on it: what differences are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.domain.compare.difference import (
    Difference,
    Part,
    auc_part,
    difference,
    macro_auc_part,
    macro_f1_part,
    mean_part,
    r2_part,
)
from core.domain.features import Floats
from core.domain.judged import RULES, Judged
from core.domain.metrics.measured import LEVEL
from core.domain.usecase import Task, UseCase

PAIRED = {
    Task.BINARY: ("auc", "brier"),
    Task.MULTICLASS: ("macro_auc", "macro_f1", "accuracy"),
    Task.REGRESSION: ("r2", "mae"),
}


def gain_over(
    use_case: UseCase, rows: Judged, challenger: str, champion: str, metric: str, level: float = LEVEL
) -> Difference | None:
    """What one arm gains over another on the rows that both have scored and that may be judged.

    Parameters
    ----------
    use_case : UseCase
    rows : Judged
    challenger, champion : str
        Names in `rows.outputs`, or "rules".
    metric : str
        One of `PAIRED[task]`.
    level : float
        Of the interval.

    Returns
    -------
    Difference or None
        None where an arm has no such figure, or no row can be judged.
    """
    told = rows.counts & _told(rows, challenger) & _told(rows, champion)
    if not told.any():
        return None
    outcome = rows.outcome[told]
    parts = [_part(use_case, rows, arm, metric, told, outcome) for arm in (challenger, champion)]
    if parts[0] is None or parts[1] is None:
        return None
    return difference(
        metric,
        parts[0],
        parts[1],
        n_events=_rarer(use_case, outcome),
        clusters=rows.clusters(told),
        level=level,
    )


def _told(rows: Judged, arm: str) -> NDArray[np.bool_]:
    """Which rows an arm has said something of."""
    if arm == RULES:
        return np.asarray(~np.isnan(rows.rules_score) | (rows.rules_band >= 0))
    return np.asarray(~np.isnan(rows.outputs[arm]).any(axis=1))


def _part(
    use_case: UseCase, rows: Judged, arm: str, metric: str, told: NDArray[np.bool_], outcome: Floats
) -> Part | None:
    if use_case.task is Task.MULTICLASS:
        return _of_classes(use_case, rows, arm, metric, told, outcome.astype(np.int64))
    scores = rows.rules_score[told] if arm == RULES else rows.outputs[arm][told, 0]
    if np.isnan(scores).any():
        return None
    if metric == "auc":
        return auc_part(outcome, scores)
    if metric == "r2":
        return r2_part(outcome, scores)
    if metric == "mae":
        return mean_part(np.abs(outcome - scores))
    if metric == "brier" and arm != RULES:  # rules rank, they have no probability
        return mean_part((scores - outcome) ** 2)
    return None


def _of_classes(
    use_case: UseCase, rows: Judged, arm: str, metric: str, told: NDArray[np.bool_], codes: NDArray[np.int64]
) -> Part | None:
    n_classes = len(use_case.target.classes)
    if arm == RULES:
        predicted = n_classes - 1 - rows.rules_band[told].astype(np.int64)
    else:
        predicted = rows.outputs[arm][told].argmax(axis=1)
    if metric == "macro_f1":
        return macro_f1_part(codes, predicted, n_classes)
    if metric == "accuracy":
        return mean_part((predicted == codes).astype(np.float64))
    if metric == "macro_auc" and arm != RULES:
        return macro_auc_part(codes, rows.outputs[arm][told])
    return None


def _rarer(use_case: UseCase, outcome: Floats) -> int | None:
    if use_case.task is Task.REGRESSION:
        return None
    return int(np.bincount(outcome.astype(np.int64), minlength=len(use_case.target.classes)).min())
