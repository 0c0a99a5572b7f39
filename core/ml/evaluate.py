"""Every figure of a training: models, baseline and rules on the same rows, held out or cross-validated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.domain.columns import Array, Columns
from core.domain.features import Floats, feature_matrix
from core.domain.metrics.baseline import Verdict, against_baseline, constant_outputs
from core.domain.metrics.binary import binary_metrics, ranking_metrics
from core.domain.metrics.decisions import by_class_metrics, policy_metrics
from core.domain.metrics.measured import Measured
from core.domain.metrics.multiclass import class_metrics, multiclass_metrics
from core.domain.metrics.recalibration import fit_line
from core.domain.metrics.regression import regression_metrics
from core.domain.usecase import Task, UseCase
from core.errors import InputError
from core.ml.fit import Progress, fit_models
from core.ml.split import CALIBRATION_SHARE, N_FOLDS, TEST_SHARE, Rows, Splitter, group_codes

Figures = Mapping[str, Measured]
MIN_ROWS = 50
_BASELINE = {
    "binary": ("auc", "brier", "log_loss", "accuracy"),
    "multiclass": ("accuracy", "macro_f1", "weighted_f1", "macro_auc", "log_loss"),
    "regression": ("r2", "mae", "median_ae", "rmse"),
}


@dataclass(frozen=True)
class LabelledRows:
    """The rows of one training: raw columns, engineered features, target, and how they are split."""

    columns: Columns
    matrix: Floats  # (n_rows, n_features)
    target: Floats  # (n_rows,)
    splitter: Splitter

    def take(self, rows: Rows) -> LabelledRows:
        """Some of the rows, in the order given."""
        split = self.splitter
        part = replace(
            split,
            strata=split.strata[rows],
            times=None if split.times is None else split.times[rows],
            groups=None if split.groups is None else split.groups[rows],
        )
        columns = {name: values[rows] for name, values in self.columns.items()}
        return LabelledRows(columns, self.matrix[rows], self.target[rows], part)


def labelled_rows(
    use_case: UseCase, columns: Columns, target: Floats, times: Array | None, groups: Array | None, seed: int
) -> LabelledRows:
    """Rows of a training, checked: enough of them, each with an outcome of the task.

    Raises
    ------
    InputError
        Too few rows, an outcome that is missing or of no class, or rows that cannot be split.
    """
    n_rows = len(target)
    name = use_case.target.name
    if n_rows < MIN_ROWS:
        raise InputError(f"There are {n_rows} labelled rows.", f"Training takes at least {MIN_ROWS}.", n_rows=n_rows)
    if not np.isfinite(target).all():
        count = int((~np.isfinite(target)).sum())
        raise InputError(f"{count} rows have no usable {name}.", "Leave out rows without an outcome.", target=name)
    is_value = use_case.task is Task.REGRESSION
    if not is_value and not np.isin(target, np.arange(len(use_case.target.classes))).all():
        raise InputError(f"{name} holds codes outside its classes.", "Give positions in the target's classes.")
    strata = np.zeros(n_rows, dtype=np.int64) if is_value else target.astype(np.int64)
    splitter = Splitter(use_case.recipe.split, strata, times, group_codes(groups), seed)
    return LabelledRows(columns, feature_matrix(use_case.features, columns, n_rows), target, splitter)


@dataclass(frozen=True)
class Arms:
    """What was measured on one set of rows."""

    label: str
    n: int
    models: Mapping[str, Figures]
    baseline: Figures
    rules: Figures | None
    facts: Mapping[str, Any]

    def verdicts(self, task: str) -> dict[str, Verdict]:
        """Each model against the baseline."""
        return {name: against_baseline(task, figures, self.baseline) for name, figures in self.models.items()}

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the card."""
        return {
            "label": self.label,
            "n": self.n,
            "models": {name: _plain(figures) for name, figures in self.models.items()},
            "baseline": _plain(self.baseline),
            "rules": None if self.rules is None else _plain(self.rules),
            "facts": dict(self.facts),
        }


def measure(
    use_case: UseCase,
    rows: LabelledRows,
    outputs: Mapping[str, Floats],
    baseline: Floats,
    label: str,
    fold: Rows | None = None,
) -> Arms:
    """Figures of models, baseline and rules on the same rows.

    Parameters
    ----------
    use_case : UseCase
    rows : LabelledRows
    outputs : mapping of str to array, shape (n_rows, k)
    baseline : array, shape (n_rows, k)
    label : str
        What the rows are, for people.
    fold : array of int64, shape (n_rows,), optional
        The fold whose model scored each row.
    """
    clusters, seed = rows.splitter.groups, rows.splitter.seed
    task = str(use_case.task)
    common: dict[str, Any] = {"seed": seed, "clusters": clusters}
    if task == "binary":
        common["strata"] = fold
    models = {
        name: _figures(task, rows.target, output, common) | _decisions(use_case, rows, output)
        for name, output in outputs.items()
    }
    plain = _figures(task, rows.target, baseline, common)
    return Arms(
        label=label,
        n=len(rows.target),
        models=models,
        baseline={name: plain[name] for name in _BASELINE[task] if name in plain},
        rules=_rules_figures(use_case, rows, common),
        facts={"intervals": "95 %, rows drawn by entity" if clusters is not None else "95 %"},
    )


def cross_validate(
    use_case: UseCase, rows: LabelledRows, label: str, progress: Progress, n_folds: int = N_FOLDS
) -> Arms:
    """Figures from models that never saw the row they score, in the way the rows' splitter splits.

    Every fold fits its own preprocessor, models and probability maps on its own training rows. Folds whose
    training rows lack a class are left out, and said.
    """
    task, splitter = use_case.task, rows.splitter
    parts: dict[str, list[Floats]] = {name: [] for name in use_case.recipe.model_names}
    baseline, tested, fold_of, left_out = [], [], [], 0
    folds = splitter.folds(n_folds)
    for number, (train, test) in enumerate(folds):
        progress(f"{label}: fold {number + 1} of {len(folds)}", number / len(folds))
        try:
            fit_rows, calibration = splitter.hold_out(train, CALIBRATION_SHARE / (1 - TEST_SHARE))
            fitted = fit_models(use_case, rows.matrix, rows.target, fit_rows, calibration, splitter.seed)
        except InputError:
            left_out += 1
            continue
        for name, output in fitted.predict(rows.matrix[test]).items():
            parts[name].append(output)
        n_classes = len(use_case.target.classes)
        baseline.append(constant_outputs(str(task), rows.target[train], n_classes, len(test)))
        tested.append(test)
        fold_of.append(np.full(len(test), number))
    if not tested:
        raise InputError("No fold has rows of every class to train on.", "Give more rows.")
    outputs = {name: np.concatenate(scored) for name, scored in parts.items()}
    found = measure(
        use_case,
        rows.take(np.concatenate(tested)),
        outputs,
        np.concatenate(baseline),
        label,
        np.concatenate(fold_of),
    )
    return replace(found, facts={**found.facts, "folds": len(tested), "folds_left_out": left_out})


def calibration_line(task: Task, target: Floats, output: Floats) -> dict[str, float] | None:
    """Calibration slope and intercept of probabilities; None for regression or where a class is absent.

    Multiclass: of the probability given to each class, all classes together.
    """
    if task is Task.REGRESSION:
        return None
    hits = target if task is Task.BINARY else np.eye(output.shape[1])[target.astype(np.int64)].ravel()
    p = np.clip(output.ravel(), 1e-12, 1 - 1e-12)
    if hits.min() == hits.max():
        return None
    line = fit_line(np.log(p / (1 - p)), hits)
    return {
        "slope": line.slope,
        "slope_se": line.slope_se,
        "intercept": line.intercept,
        "intercept_se": line.intercept_se,
    }


def _figures(task: str, target: Floats, output: Floats, common: dict[str, Any]) -> dict[str, Measured]:
    if task == "binary":
        return binary_metrics(target, output[:, 0], **common)
    if task == "multiclass":
        return multiclass_metrics(target.astype(np.int64), output, **common)
    return regression_metrics(target, output[:, 0], **common)


def _decisions(use_case: UseCase, rows: LabelledRows, output: Floats) -> dict[str, Measured]:
    """Figures of what the policy would decide on a model's outputs."""
    how: dict[str, Any] = {"seed": rows.splitter.seed, "clusters": rows.splitter.groups}
    if use_case.task is Task.BINARY:
        return policy_metrics(use_case.policy, rows.target, output[:, 0], **how)
    if use_case.task is Task.MULTICLASS:
        return by_class_metrics(rows.target.astype(np.int64), output.argmax(axis=1), use_case.target.classes, **how)
    return {}


def _rules_figures(use_case: UseCase, rows: LabelledRows, common: dict[str, Any]) -> Figures | None:
    """The incumbent rules on the rows they can score; their score is no probability, so only ranks count."""
    if use_case.rules is None:
        return None
    score, band = use_case.rules.apply(rows.columns)
    told = ~np.isnan(score)
    if not told.any():
        return None
    kept: dict[str, Any] = {name: part[told] if isinstance(part, np.ndarray) else part for name, part in common.items()}
    if use_case.task is Task.BINARY:
        found = ranking_metrics(rows.target[told], score[told], **kept)
        kept.pop("strata")
        return found | policy_metrics(use_case.policy, rows.target[told], score[told], top_band=band[told] == 0, **kept)
    if use_case.task is Task.REGRESSION:
        return regression_metrics(rows.target[told], score[told], **kept)
    n_classes = len(use_case.target.classes)
    codes = n_classes - 1 - band[told].astype(np.int64)
    observed = rows.target[told].astype(np.int64)
    return class_metrics(observed, codes, n_classes, **kept) | by_class_metrics(
        observed, codes, use_case.target.classes, **kept
    )


def _plain(figures: Figures) -> dict[str, Any]:
    return {name: measured.as_json() for name, measured in figures.items()}
