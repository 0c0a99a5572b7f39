"""What a model must beat: the answer that looks at no feature."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import numpy as np

from core.domain.features import Floats
from core.domain.metrics.measured import Measured


class Verdict(StrEnum):
    """Whether a model is worth having."""

    BETTER = "better than the baseline"
    NO_BETTER = "no better than the baseline"
    UNKNOWN = "too few rows to tell"


def constant_outputs(task: str, train_target: Floats, n_classes: int, n_rows: int) -> Floats:
    """The baseline's outputs, shape (n_rows, k): the training rows' class shares, or their mean.

    >>> constant_outputs("binary", np.array([0.0, 1.0, 0.0, 0.0]), 2, 2)
    array([[0.25],
           [0.25]])
    """
    if task == "multiclass":
        shares = np.bincount(train_target.astype(np.int64), minlength=n_classes) / len(train_target)
        return np.tile(shares, (n_rows, 1))
    return np.full((n_rows, 1), float(train_target.mean()))


def against_baseline(task: str, model: Mapping[str, Measured], baseline: Mapping[str, Measured]) -> Verdict:
    """Judge by the interval's lower bound: AUC above .5, accuracy above the majority's, or R2 above 0.

    Parameters
    ----------
    task : str
    model, baseline : mapping of str to Measured
        Figures on the same rows.
    """
    name, bar = {
        "binary": ("auc", 0.5),
        "multiclass": ("accuracy", baseline["accuracy"].value if "accuracy" in baseline else np.nan),
        "regression": ("r2", 0.0),
    }[task]
    measured = model[name]
    if not measured.enough or np.isnan(measured.low):
        return Verdict.UNKNOWN
    return Verdict.BETTER if measured.low > bar else Verdict.NO_BETTER
