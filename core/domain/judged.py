"""Predictions beside what happened, and the figures that follow, per arm: models and rules on the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain.features import Floats
from core.domain.maturity import Maturity
from core.domain.metrics.influence import Codes, auc_of, macro_auc_of, mean_of, r2_of
from core.domain.metrics.measured import Measured
from core.domain.usecase import Task, UseCase

RULES = "rules"
METRICS = {
    Task.BINARY: ("auc", "brier"),
    Task.MULTICLASS: ("macro_auc", "accuracy"),
    Task.REGRESSION: ("r2", "mae"),
}
Places = NDArray[np.int8]


@dataclass(frozen=True)
class Judged:
    """Rows in the order of time.

    Attributes
    ----------
    days : array of datetime64[D], shape (n_rows,)
    mature : array of bool, shape (n_rows,)
        Older than the horizon.
    outcome : array, shape (n_rows,)
        0/1, the class's position, or the value; NaN where it is not known.
    outputs : mapping of str to array, shape (n_rows, k)
        By model, as scored; NaN where a version had no such model.
    rules_score : array, shape (n_rows,)
    band, rules_band, decision : arrays of int8, shape (n_rows,)
        Places in the policy, -1 for none.
    version, decided_by : arrays of int64, shape (n_rows,)
        Places in `versions` and `deciders`.
    entity : array of int64, shape (n_rows,), or None
        Codes; None where no entity repeats.
    """

    days: NDArray[np.datetime64]
    mature: NDArray[np.bool_]
    outcome: Floats
    outputs: Mapping[str, Floats]
    rules_score: Floats
    band: Places
    rules_band: Places
    decision: Places
    version: Codes
    decided_by: Codes
    versions: tuple[str, ...]
    deciders: tuple[str, ...]
    entity: Codes | None = None

    def __len__(self) -> int:
        return len(self.days)

    @cached_property
    def counts(self) -> NDArray[np.bool_]:
        """Rows that may be judged: mature, and the outcome is known."""
        return self.mature & ~np.isnan(self.outcome)

    def part(self, rows: slice | NDArray[np.bool_] | NDArray[np.int64]) -> Judged:
        """Some of the rows."""
        arrays = {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        arrays.pop("counts", None)
        facts = {name: value[rows] for name, value in arrays.items()}
        outputs = {name: output[rows] for name, output in self.outputs.items()}
        return Judged(**facts, outputs=outputs, versions=self.versions, deciders=self.deciders)

    def maturity(self) -> Maturity:
        """How much of these rows can be judged."""
        known = ~np.isnan(self.outcome)
        return Maturity(len(self), int(self.mature.sum()), int(self.counts.sum()), int((known & ~self.mature).sum()))

    def clusters(self, rows: NDArray[np.bool_]) -> Codes | None:
        """Dense entity codes of some rows, None where none repeats among them."""
        if self.entity is None:
            return None
        return dense(self.entity[rows])


def dense(entities: NDArray[Any]) -> Codes | None:
    """Codes from 0 of some rows' entities, None where none repeats among them."""
    names, codes = np.unique(entities, return_inverse=True)
    return codes.astype(np.int64) if len(names) < len(codes) else None


def figure_of(use_case: UseCase, rows: Judged, arm: str, metric: str) -> Measured | None:
    """One figure of one arm on the rows that may be judged; None where the arm has no such figure.

    Rules have no probabilities: they rank (binary), put into a class (multiclass) or predict a value (regression).
    """
    told, scores = _scores(use_case, rows, arm, metric)
    if scores is None:
        return None
    kept = rows.counts & told
    outcome, scores, clusters = rows.outcome[kept], scores[kept], rows.clusters(kept)
    if use_case.task is Task.REGRESSION:
        if metric == "r2":
            return r2_of(outcome, scores, clusters)
        return mean_of(metric, np.abs(outcome - scores), None, clusters)
    if metric == "macro_auc":
        return macro_auc_of(outcome.astype(np.int64), scores, clusters)
    if metric == "accuracy":
        predicted = scores if scores.ndim == 1 else scores.argmax(axis=1)
        return mean_of(metric, (predicted == outcome).astype(np.float64), _rarest(use_case, outcome), clusters)
    if metric == "brier":
        return _with_events(mean_of(metric, (scores - outcome) ** 2, None, clusters), outcome)
    return auc_of(outcome, scores, clusters)


def _scores(use_case: UseCase, rows: Judged, arm: str, metric: str) -> tuple[NDArray[np.bool_], Floats | None]:
    """Which rows the arm has scored, and its scores; None where it has no figure of this kind."""
    if arm != RULES:
        output = rows.outputs[arm]
        told = np.asarray(~np.isnan(output).any(axis=1))
        return told, output if use_case.task is Task.MULTICLASS else output[:, 0]
    if metric in ("auc", "r2", "mae"):
        return np.asarray(~np.isnan(rows.rules_score)), rows.rules_score
    if metric == "accuracy":
        return np.asarray(rows.rules_band >= 0), (len(use_case.target.classes) - 1 - rows.rules_band).astype(np.float64)
    return np.zeros(len(rows), dtype=bool), None


def _rarest(use_case: UseCase, outcome: Floats) -> int:
    return int(np.bincount(outcome.astype(np.int64), minlength=len(use_case.target.classes)).min())


def _with_events(figure: Measured, outcome: Floats) -> Measured:
    return Measured(figure.name, figure.value, figure.low, figure.high, figure.n, int(outcome.sum()), figure.method)


def gain_of(use_case: UseCase, rows: Judged) -> NDArray[np.float64] | None:
    """What each row brought by its decision and outcome, shape (n_rows,), NaN where not known; None without costs."""
    money = use_case.policy.money
    if money is None or use_case.task is not Task.BINARY:
        return None
    costs = np.array([*money.costs, (np.nan, np.nan)])  # the last for a decision that is none of the policy's
    hit = np.nan_to_num(rows.outcome).astype(np.int64)
    gain = -costs[rows.decision.astype(np.int64), hit]
    return np.where(rows.counts, gain, np.nan)


def outcome_values(use_case: UseCase, outcome: Floats) -> Floats:
    """Outcomes as the number that the business counts: 0/1, the class's worth (or: in the highest class), the value."""
    if use_case.task is not Task.MULTICLASS:
        return outcome
    values = use_case.target.class_values or tuple(
        float(place == len(use_case.target.classes) - 1) for place in range(len(use_case.target.classes))
    )
    return np.array(values)[outcome.astype(np.int64)]
