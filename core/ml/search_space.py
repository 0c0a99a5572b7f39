"""Which parameters of each model family are searched, and between which ends.

Ends are wide around the families' own values (`core.ml.families`). Class weights are searched for every classifier;
the probability map undoes them (`core.ml.fit.calibrated`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.domain.recipe import ModelSpec

WEIGHT = {"logistic": 1, "ridge": 1, "elastic": 2, "lightgbm": 4, "forest": 2}  # share of the trials of each family


def searched(spec: ModelSpec, task: str) -> bool:
    """Whether a model has something to search: means and stacks are made of others, least squares has nothing."""
    return spec.family in WEIGHT and not (spec.family == "logistic" and task == "regression")


def suggest(trial: Any, spec: ModelSpec, task: str, spread: float) -> dict[str, Any]:
    """Parameters for one trial of a model.

    Parameters
    ----------
    trial : optuna.trial.Trial
    spec : ModelSpec
    task : str
        binary | multiclass | regression
    spread : float
        Standard deviation of a regression's target, which sets the scale of an L1 penalty.
    """
    if task == "regression":
        return dict(spec.params) | _VALUE[spec.family](trial, spread)
    found = dict(spec.params) | _CLASSES[spec.family](trial, spread)
    if trial.suggest_categorical("weighted", [False, True]):
        found["class_weight"] = "balanced"
    return found


def _logistic(trial: Any, spread: float) -> dict[str, Any]:
    return {"C": trial.suggest_float("C", 1e-3, 30.0, log=True)}


def _strong(trial: Any, spread: float) -> dict[str, Any]:
    return {"C": trial.suggest_float("C", 1e-4, 1.0, log=True)}


def _elastic(trial: Any, spread: float) -> dict[str, Any]:
    return {
        "C": trial.suggest_float("C", 1e-3, 3.0, log=True),
        "l1_ratio": trial.suggest_float("l1_ratio", 0.05, 0.95),
    }


def _ridge_value(trial: Any, spread: float) -> dict[str, Any]:
    return {"alpha": trial.suggest_float("alpha", 1e-2, 1e4, log=True)}


def _elastic_value(trial: Any, spread: float) -> dict[str, Any]:
    """Penalties of the standardised target: its L1 part scales with the spread, its L2 part does not."""
    l1 = trial.suggest_float("l1", 1e-4, 0.3, log=True) * spread
    l2 = trial.suggest_float("l2", 1e-4, 1.0, log=True)
    return {"alpha": l1 + l2, "l1_ratio": l1 / (l1 + l2)}


def _boosted(trial: Any, spread: float) -> dict[str, Any]:
    """The number of trees is not searched: early stopping finds it, on rows before the ones that judge."""
    return {
        "n_estimators": 600,
        "learning_rate": trial.suggest_float("learning_rate", 0.03, 0.2, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 4, 63, log=True),
        "max_depth": trial.suggest_int("max_depth", 2, 8),
        "min_child_samples": trial.suggest_int("min_child_samples", 10, 200, log=True),
        "reg_lambda": trial.suggest_float("reg_lambda", 1e-3, 30.0, log=True),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.4, 1.0),
    }


def _forest(trial: Any, spread: float) -> dict[str, Any]:
    return {
        "num_leaves": trial.suggest_int("num_leaves", 8, 127, log=True),
        "max_depth": trial.suggest_int("max_depth", 4, 12),
        "min_child_samples": trial.suggest_int("min_child_samples", 10, 200, log=True),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.3, 0.9),
    }


_Suggest = Callable[[Any, float], dict[str, Any]]
_CLASSES: Mapping[str, _Suggest] = {
    "logistic": _logistic,
    "ridge": _strong,
    "elastic": _elastic,
    "lightgbm": _boosted,
    "forest": _forest,
}
_VALUE: Mapping[str, _Suggest] = {
    "ridge": _ridge_value,
    "elastic": _elastic_value,
    "lightgbm": _boosted,
    "forest": _forest,
}
