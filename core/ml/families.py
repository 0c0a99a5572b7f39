"""The model families a recipe may name, and how one model of each is fitted.

============  =======================================  =============================================
family        binary and multiclass                    regression
============  =======================================  =============================================
logistic      logistic regression, L2, C = 1           least squares
ridge         the same with a strong penalty, C = .01  ridge, alpha = 10
elastic       elastic net logistic, half L1            elastic net, half L1 on the standardised target
lightgbm      boosted trees, depth at most 6, early stopping on the calibration rows
forest        LightGBM's random-forest mode
mean          the mean of the other models' outputs; nothing is fitted
stack         logistic regression over the other models' out-of-fold margins, see `core.ml.stacking`; least
              squares with weights of at least 0 over their values for regression
============  =======================================  =============================================
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.domain.features import Floats
from core.domain.recipe import ModelSpec
from core.errors import UnknownName

MEAN = "mean"
STACK = "stack"
_ROUNDS, _PATIENCE = 600, 30


@dataclass(frozen=True)
class Sample:
    """Rows a model is fitted on, and rows it may stop early on."""

    inputs: Floats  # (n_train, n_inputs)
    target: Floats  # (n_train,)
    early_inputs: Floats  # (n_calibration, n_inputs)
    early_target: Floats  # (n_calibration,)


@dataclass(frozen=True)
class Fit:
    """A fitted estimator, the parameters it was fitted with, and what must be said about the fit."""

    estimator: Any
    params: Mapping[str, Any]
    notes: tuple[str, ...] = field(default=())


def fit_family(spec: ModelSpec, task: str, sample: Sample, seed: int) -> Fit:
    """Fit one model; the same sample, parameters and seed give the same model, bit for bit.

    Parameters
    ----------
    spec : ModelSpec
        `spec.params` override the family's own.
    task : str
        binary | multiclass | regression
    sample : Sample
    seed : int

    Raises
    ------
    UnknownName
        There is no such family.
    """
    fit = _FAMILIES.get(spec.family)
    if fit is None:
        raise UnknownName("model family", spec.family, [*_FAMILIES, MEAN, STACK])
    return fit(task, sample, seed, dict(spec.params))


def _linear(task: str, sample: Sample, seed: int, given: dict[str, Any]) -> Fit:
    if task == "regression":
        from sklearn.linear_model import LinearRegression

        return _fit(LinearRegression, given, sample)
    return _penalised(1.0, sample, given)


def _ridge(task: str, sample: Sample, seed: int, given: dict[str, Any]) -> Fit:
    if task == "regression":
        from sklearn.linear_model import Ridge

        return _fit(Ridge, {"alpha": 10.0, "solver": "cholesky"} | given, sample)
    return _penalised(0.01, sample, given)


def _penalised(strength: float, sample: Sample, given: dict[str, Any]) -> Fit:
    from sklearn.linear_model import LogisticRegression

    # Newton's method: few passes, no tolerance to tune, and indifferent to features on unlike scales
    return _fit(LogisticRegression, {"C": strength, "solver": "newton-cholesky", "max_iter": 200} | given, sample)


def _elastic(task: str, sample: Sample, seed: int, given: dict[str, Any]) -> Fit:
    if task == "regression":
        from sklearn.linear_model import ElasticNet

        # On a target of standard deviation s the L1 part scales with s and the L2 part does not, so these two
        # numbers are alpha = .02, l1_ratio = .5 on the standardised target, whatever unit the target has.
        spread = float(sample.target.std()) or 1.0
        params: dict[str, Any] = {"alpha": 0.01 * (1 + spread), "l1_ratio": spread / (1 + spread), "max_iter": 5000}
        return _fit(ElasticNet, params | given, sample)
    from sklearn.linear_model import LogisticRegression

    params = {"C": 0.1, "l1_ratio": 0.5, "solver": "saga", "tol": 1e-3, "max_iter": 1000, "random_state": seed}
    return _fit(LogisticRegression, params | given, sample)


def _fit(kind: Callable[..., Any], params: dict[str, Any], sample: Sample) -> Fit:
    from sklearn.exceptions import ConvergenceWarning

    estimator = kind(**params)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        estimator.fit(sample.inputs, sample.target)
    notes = [f"stopped before it converged, after {params.get('max_iter')} passes" for _ in caught[:1]]
    return Fit(estimator, params, tuple(notes))


def _boosted(task: str, sample: Sample, seed: int, given: dict[str, Any]) -> Fit:
    import lightgbm

    params = _tree_params(seed) | {"n_estimators": _ROUNDS, "learning_rate": 0.05, "num_leaves": 31, "max_depth": 6}
    params |= given
    estimator = _tree_class(task)(**params)
    stop = lightgbm.early_stopping(_PATIENCE, verbose=False)
    early: dict[str, Any] = {"eval_X": sample.early_inputs, "eval_y": _labels(task, sample.early_target)}
    if params.get("class_weight") is not None:  # stop by the loss that is fitted
        early["eval_class_weight"] = [params["class_weight"]]
    estimator.fit(sample.inputs, _labels(task, sample.target), **early, callbacks=[stop])
    rounds = int(estimator.best_iteration_ or params["n_estimators"])
    return Fit(estimator, params | {"rounds_kept": rounds})


def _forest(task: str, sample: Sample, seed: int, given: dict[str, Any]) -> Fit:
    params = _tree_params(seed) | {
        "boosting_type": "rf",
        "n_estimators": 200,
        "num_leaves": 63,
        "max_depth": 8,
        "subsample": 0.632,
        "subsample_freq": 1,
        "colsample_bytree": 0.6,
    }
    params |= given
    estimator = _tree_class(task)(**params)
    estimator.fit(sample.inputs, _labels(task, sample.target))
    return Fit(estimator, params)


def _tree_class(task: str) -> Any:
    import lightgbm

    return lightgbm.LGBMRegressor if task == "regression" else lightgbm.LGBMClassifier


def _tree_params(seed: int) -> dict[str, Any]:
    """One thread, whatever the machine has: sums in another order give other last bits."""
    return {
        "random_state": seed,
        "deterministic": True,
        "force_row_wise": True,
        "n_jobs": 1,
        "verbosity": -1,
        "min_child_samples": 20,
    }


def _labels(task: str, target: Floats) -> Any:
    return target if task == "regression" else target.astype(np.int64)


_FAMILIES: Mapping[str, Callable[[str, Sample, int, dict[str, Any]], Fit]] = {
    "logistic": _linear,
    "ridge": _ridge,
    "elastic": _elastic,
    "lightgbm": _boosted,
    "forest": _forest,
}
