"""Leakage screen: which columns may know the outcome because they were filled in after it.

Five signs per column, each with its number:

a. *alone*: cross-fitted AUC (macro one-vs-rest for classes) or R2 of the column by itself;
b. *adds*: what a cross-validated model of all columns loses without it (for the strongest ones only);
c. *missing gap*: the largest difference of its missing share between classes;
d. *one-class values*: values with 20 rows or more that occur in one class only, beyond chance;
e. *name*: words that sound later than the prediction (`core.ml.leakage_words`).

A flag is a question, never a verdict: honest columns can be strong too. Flagged columns stay, the score
without them stands beside, and a person who knows them says which came after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from core.domain.columns import Array, Column, Columns, missing_mask
from core.domain.features import Floats
from core.domain.recipe import Split
from core.domain.usecase import Task
from core.ml.leakage_signs import OneClass, later_words, missing_gap, one_class_values
from core.ml.split import Rows, Splitter, group_codes

Progress = Callable[[str, float], None]

MOST_ROWS = 30_000  # more rows sharpen no judgement of this kind
STRONGEST = 12
N_FOLDS = 5
_SMOOTHING = 10.0  # rows of the average that are mixed into a level's mean
_ROUNDS = 80

# What raises a flag, by metric. Set on public data sets with known leaks: all of those are flagged, and few others.
TOO_GOOD_ALONE = {"auc": 0.85, "r2": 0.85}
STRONG_ALONE = {"auc": 0.8, "r2": 0.6}  # and it adds much to all others
ADDS_MUCH = {"auc": 0.03, "r2": 0.1}
NAMED_ALONE = {"auc": 0.6, "r2": 0.1}  # and its name sounds later
WIDE_GAP = 0.2


@dataclass(frozen=True)
class Finding:
    """The signs of one column.

    Attributes
    ----------
    column : str
    alone : float
        Cross-fitted AUC or R2 of the column by itself.
    adds : float or None
        Score of all columns minus score of all others; None where it was not computed.
    missing_gap : float
        In [0, 1].
    one_class : tuple of OneClass
    words : tuple of str
        Words of its name that sound later than the prediction.
    reasons : tuple of str
        Why it is flagged; empty when it is not.
    """

    column: str
    alone: float
    adds: float | None
    missing_gap: float
    one_class: tuple[OneClass, ...]
    words: tuple[str, ...]
    reasons: tuple[str, ...] = ()

    @property
    def flagged(self) -> bool:
        return bool(self.reasons)


@dataclass(frozen=True)
class Screen:
    """The signs of every column, the most suspicious first.

    `score_all` and `score_unflagged` are cross-validated scores of one fast model of all columns, and of
    those that are not flagged (None when none is flagged, or all are).
    """

    metric: str  # auc | r2
    findings: tuple[Finding, ...]
    score_all: float
    score_unflagged: float | None
    n_rows: int
    n_folds: int

    @property
    def flagged(self) -> tuple[str, ...]:
        """Names of the flagged columns, the most suspicious first."""
        return tuple(finding.column for finding in self.findings if finding.flagged)


@dataclass(frozen=True)
class _Sample:
    """The rows the screen works on."""

    task: Task
    columns: Columns
    schema: Mapping[str, Column]
    target: Floats
    n_classes: int
    folds: list[tuple[Rows, Rows]] = field(repr=False)

    @property
    def metric(self) -> str:
        return "r2" if self.task is Task.REGRESSION else "auc"


def screen(
    task: Task,
    schema: Sequence[Column],
    columns: Columns,
    target: Floats,
    *,
    groups: Array | None = None,
    seed: int = 20260101,
    progress: Progress = lambda message, fraction: None,
) -> Screen:
    """Look for leaks in every column.

    Parameters
    ----------
    task : Task
    schema : sequence of Column
        The columns to be screened.
    columns : mapping of str to array, shape (n_rows,)
        Typed values of these columns.
    target : array, shape (n_rows,)
        0/1, class codes, or values; no NaN.
    groups : array, shape (n_rows,), or None
        Entities that must not stand on both sides of a fold.
    seed : int
    """
    sample = _draw(task, schema, columns, target, groups, seed)
    first = []
    for place, column in enumerate(schema):
        progress(f"screening {column.name}", 0.4 * place / len(schema))
        first.append(_signs(sample, column))
    names = [column.name for column in schema]
    whole = _joint(sample, names)
    adds: dict[str, float] = {}
    strongest = sorted(first, key=_strength, reverse=True)[:STRONGEST]
    for place, finding in enumerate(strongest):
        progress(f"screening without {finding.column}", 0.4 + 0.6 * place / len(strongest))
        others = [name for name in names if name != finding.column]
        adds[finding.column] = whole - (_joint(sample, others) if others else _nothing(sample))
    findings = sorted((_judged(finding, adds, sample) for finding in first), key=_rank, reverse=True)
    kept = [finding.column for finding in findings if not finding.flagged]
    without = _joint(sample, kept) if 0 < len(kept) < len(findings) else None
    return Screen(sample.metric, tuple(findings), whole, without, len(sample.target), N_FOLDS)


def _nothing(sample: _Sample) -> float:
    """The score of no column at all."""
    return 0.0 if sample.task is Task.REGRESSION else 0.5


def _draw(
    task: Task, schema: Sequence[Column], columns: Columns, target: Floats, groups: Array | None, seed: int
) -> _Sample:
    n_rows = len(target)
    if n_rows > MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(n_rows, MOST_ROWS, replace=False))
    else:
        rows = np.arange(n_rows)
    target = target[rows]
    strata = np.zeros(len(rows), np.int64) if task is Task.REGRESSION else target.astype(np.int64)
    codes = group_codes(None if groups is None else groups[rows])
    kind = Split.RANDOM if codes is None else Split.GROUP
    folds = Splitter(kind, strata, None, codes, seed).folds(N_FOLDS)
    n_classes = 0 if task is Task.REGRESSION else int(strata.max()) + 1
    taken = {column.name: columns[column.name][rows] for column in schema}
    return _Sample(task, taken, {column.name: column for column in schema}, target, n_classes, folds)


def _signs(sample: _Sample, column: Column) -> Finding:
    values = sample.columns[column.name]
    classes = _classes(sample)
    return Finding(
        column.name,
        alone=_alone(sample, column),
        adds=None,
        missing_gap=missing_gap(missing_mask(column, values), classes),
        one_class=one_class_values(column, values, classes) if sample.n_classes else (),
        words=later_words(column.name),
    )


def _classes(sample: _Sample) -> NDArray[np.int64]:
    """Classes; for regression the upper and the lower half."""
    if sample.n_classes:
        return sample.target.astype(np.int64)
    return (sample.target > np.median(sample.target)).astype(np.int64)


def _alone(sample: _Sample, column: Column) -> float:
    """Cross-fitted score of one column: level means for categories, a small tree for numbers."""
    values = sample.columns[column.name]
    predict = _by_level if column.kind.is_coded else _by_tree
    scores = []
    for train, test in sample.folds:
        guess = predict(sample, values[train], sample.target[train], values[test])
        scores.append(_score(sample, sample.target[test], guess))
    return float(np.mean(scores))


def _indicators(sample: _Sample, target: Floats) -> Floats:
    """What is averaged: 1.0 per class, shape (n_rows, k), or the value, shape (n_rows, 1)."""
    if sample.n_classes == 0:
        return target[:, None]
    wanted = np.arange(1, 2) if sample.n_classes == 2 else np.arange(sample.n_classes)
    return np.asarray(target[:, None] == wanted, dtype=np.float64)


def _by_level(sample: _Sample, train: Array, target: Floats, test: Array) -> Floats:
    outcome: Floats = _indicators(sample, target)
    codes, n_codes = train.astype(np.int64) + 2, int(max(train.max(), test.max())) + 3
    rows = np.bincount(codes, minlength=n_codes).astype(np.float64)[:, None]
    sums = np.stack([np.bincount(codes, weights=column, minlength=n_codes) for column in outcome.T], axis=1)
    means = (sums + _SMOOTHING * outcome.mean(axis=0)) / (rows + _SMOOTHING)
    return np.asarray(means[test.astype(np.int64) + 2], dtype=np.float64)


def _by_tree(sample: _Sample, train: Array, target: Floats, test: Array) -> Floats:
    from sklearn.tree import DecisionTreeRegressor

    tree = DecisionTreeRegressor(max_leaf_nodes=32, min_samples_leaf=max(10, len(train) // 200), random_state=0)
    tree.fit(train[:, None], _indicators(sample, target))  # on 0/1 outcomes a leaf's mean is its share
    return np.asarray(tree.predict(test[:, None])).reshape(len(test), -1)


def _joint(sample: _Sample, names: Sequence[str]) -> float:
    """Cross-validated score of one fast boosted model of these columns."""
    import lightgbm

    matrix = np.column_stack([sample.columns[name].astype(np.float64) for name in names])
    coded = [place for place, name in enumerate(names) if sample.schema[name].kind.is_coded]
    matrix[:, coded] += 2  # categories are counted from zero
    objective = {0: "regression", 2: "binary"}.get(sample.n_classes, "multiclass")
    params = {"objective": objective, "num_threads": 1, "verbosity": -1, "seed": 1, "deterministic": True}
    params |= {"num_class": sample.n_classes} if objective == "multiclass" else {}
    scores = []
    for train, test in sample.folds:
        data = lightgbm.Dataset(matrix[train], sample.target[train], categorical_feature=coded or "auto")
        booster = lightgbm.train(params | {"force_row_wise": True}, data, num_boost_round=_ROUNDS)
        guess = np.asarray(booster.predict(matrix[test])).reshape(len(test), -1)
        scores.append(_score(sample, sample.target[test], guess))
    return float(np.mean(scores))


def _score(sample: _Sample, target: Floats, guess: Floats) -> float:
    """AUC, macro one-vs-rest AUC over the classes present, or R2."""
    from sklearn.metrics import r2_score, roc_auc_score

    if sample.n_classes == 0:
        return float(r2_score(target, guess[:, 0]))
    if sample.n_classes == 2:
        return float(roc_auc_score(target == 1, guess[:, 0])) if len(np.unique(target)) == 2 else 0.5
    present = [code for code in range(sample.n_classes) if 0 < (target == code).sum() < len(target)]
    return float(np.mean([roc_auc_score(target == code, guess[:, code]) for code in present]))


def _strength(finding: Finding) -> float:
    """How much the cheap signs speak for a closer look."""
    bonus = 0.1 * bool(finding.one_class) + 0.1 * bool(finding.words)
    return finding.alone + finding.missing_gap / 2 + bonus


def _judged(finding: Finding, adds: Mapping[str, float], sample: _Sample) -> Finding:
    """The finding with what the column adds, and the reasons for a flag."""
    added, metric, alone = adds.get(finding.column), sample.metric, finding.alone
    much = added is not None and added >= ADDS_MUCH[metric] and alone >= STRONG_ALONE[metric]
    named = bool(finding.words) and alone >= NAMED_ALONE[metric]
    reasons = {
        f"alone it reaches {'AUC' if metric == 'auc' else 'R2'} {alone:.3f}": alone >= TOO_GOOD_ALONE[metric],
        f"strong alone, and adds {added or 0.0:.3f} to all others together": much,
        f"its missing share differs by {finding.missing_gap:.0%} between outcomes": finding.missing_gap >= WIDE_GAP,
        f"values of one outcome only: {', '.join(map(str, finding.one_class[:3]))}": bool(finding.one_class),
        f"named like something later ({', '.join(finding.words)})": named,
    }
    return replace(finding, adds=added, reasons=tuple(text for text, holds in reasons.items() if holds))


def _rank(finding: Finding) -> tuple[bool, float]:
    return finding.flagged, finding.alone + max(finding.adds or 0.0, 0.0)
