"""What tuning aims at: how well a model ranks, and what its decisions bring.  Higher is better in both."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.domain.compare.exchange import flag_top
from core.domain.features import Floats
from core.domain.judged import outcome_values
from core.domain.metrics.catalogue import METRICS, PRIMARY
from core.domain.metrics.influence import auc_parts
from core.domain.metrics.multiclass import confusion_statistics
from core.domain.policy import band_codes
from core.domain.score import scalar_score
from core.domain.usecase import Task, UseCase

_BY_CLASS = ("accuracy", "macro_f1", "weighted_f1", "kappa")
_TINY = 1e-15


def ranking_metric(use_case: UseCase) -> str:
    """The metric that ranking is judged by: the policy's primary one, where tuning can use it, else the task's."""
    wanted = use_case.policy.primary_metric
    return wanted if wanted in _KNOWN[use_case.task] else PRIMARY[str(use_case.task)]


def ranking_of(use_case: UseCase, target: Floats, output: Floats) -> float:
    """The ranking objective on some rows; a metric where less is better is negated.

    Parameters
    ----------
    target : array, shape (n_rows,)
        0/1, class codes, or values.
    output : array, shape (n_rows, k)
    """
    name = ranking_metric(use_case)
    value = _KNOWN[use_case.task][name](target, output)
    return float(value if METRICS[name].higher_is_better else -value)


def money_meaning(use_case: UseCase) -> str:
    """What the second objective counts, in words."""
    policy = use_case.policy
    if policy.money is not None and use_case.task is Task.BINARY:
        return f"gain per {use_case.noun} at the policy's cutoffs and costs, in {policy.money.currency}"
    share = f"the {_coverage(use_case):.0%} of {use_case.noun}s scored highest"
    if use_case.task is Task.BINARY:
        return f"share of {use_case.target.classes[1]} among {share}"
    if use_case.task is Task.MULTICLASS and not use_case.target.class_values:
        return f"share of {use_case.target.classes[-1]} among {share}"
    return f"mean outcome among {share}"


def money_of(use_case: UseCase, target: Floats, output: Floats) -> float:
    """The second objective on some rows: gain per row where the policy knows costs, else what capacity brings."""
    scores = scalar_score(output, use_case.target.class_values)
    policy = use_case.policy
    if policy.money is not None and use_case.task is Task.BINARY:
        costs = np.array(policy.money.costs)
        bands = band_codes(scores, policy.cutoffs(scores)).astype(np.int64)
        return float(-costs[bands, target.astype(np.int64)].mean())
    n_taken = max(round(_coverage(use_case) * len(scores)), 1)
    return float(outcome_values(use_case, target)[flag_top(scores, n_taken)].mean())


def log_loss_of(target: Floats, output: Floats) -> float:
    """Mean surprise at the outcome in nats, of probabilities of shape (n_rows, k)."""
    if output.shape[1] == 1:
        p = np.where(target == 1, output[:, 0], 1 - output[:, 0])
    else:
        p = output[np.arange(len(target)), target.astype(np.int64)]
    return float(-np.log(np.clip(p, _TINY, 1)).mean())


def _coverage(use_case: UseCase) -> float:
    """Share of rows that is acted on: the capacity, else the highest band's, else a tenth."""
    return use_case.policy.capacity or use_case.policy.bands[0].share or 0.1


def _auc(target: Floats, output: Floats) -> float:
    return auc_parts(target, output[:, 0])[0]


def _brier(target: Floats, output: Floats) -> float:
    return float(((output[:, 0] - target) ** 2).mean())


def _macro_auc(target: Floats, output: Floats) -> float:
    parts = [auc_parts((target == code).astype(np.float64), p)[0] for code, p in enumerate(output.T)]
    return float(np.mean(parts))


def _by_class(place: int) -> Any:
    def value(target: Floats, output: Floats) -> float:
        k = output.shape[1]
        cells = target.astype(np.int64) * k + output.argmax(axis=1)
        confusion = np.bincount(cells, minlength=k * k).reshape(1, k, k).astype(np.float64)
        return float(confusion_statistics(confusion)[0, place])

    return value


def _r2(target: Floats, output: Floats) -> float:
    return float(1 - ((target - output[:, 0]) ** 2).mean() / target.var())


def _mae(target: Floats, output: Floats) -> float:
    return float(np.abs(target - output[:, 0]).mean())


def _rmse(target: Floats, output: Floats) -> float:
    return float(np.sqrt(((target - output[:, 0]) ** 2).mean()))


_KNOWN: dict[Task, dict[str, Any]] = {
    Task.BINARY: {"auc": _auc, "brier": _brier, "log_loss": log_loss_of},
    Task.MULTICLASS: {"macro_auc": _macro_auc, "log_loss": log_loss_of}
    | {name: _by_class(place) for place, name in enumerate(_BY_CLASS)},
    Task.REGRESSION: {"r2": _r2, "mae": _mae, "rmse": _rmse},
}
