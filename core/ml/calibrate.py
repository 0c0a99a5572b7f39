"""From margins to probabilities: one monotone map per model, and the estimators that carry it.

Binary: Platt's line on the log-odds (Platt 1999, with his smoothed targets). Multiclass: one temperature
and a bias per class (Guo et al. 2017, vector form). Regression: none. A map never turns a ranking round.

A model that already gives probabilities is only nudged: its map is shrunk to the identity by a normal prior
of standard deviation .2. On small calibration parts a free line does harm (bnpl_default, 2,550 rows with 120
events: free slopes .34 to .56 where .6 to .9 was right); on large ones the prior is outweighed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from core.domain.features import Floats
from core.domain.metrics.recalibration import fit_line
from core.errors import InputError
from core.ml.compiled import link, mean_of

PRIOR_SD = 0.2  # of the slope (or log temperature) around 1 (0), and of a shift in log-odds around 0
MIN_EVENTS = 10  # per class among the calibration rows; below it the map would be noise


@dataclass(frozen=True)
class Map:
    """A fitted map and how it came about: platt | temperature (each also "shrunk") | identity."""

    slope: float
    intercept: tuple[float, ...]
    method: str
    note: str = ""


def identity(k: int, note: str = "") -> Map:
    """The map that leaves margins alone."""
    return Map(1.0, (0.0,) * k, "identity", note)


def fit_map(task: str, margins: Floats, target: Floats, *, shrink: bool = False) -> Map:
    """Fit the map of one model on its calibration rows.

    Parameters
    ----------
    task : str
    margins : array, shape (n_rows, k)
    target : array, shape (n_rows,)
        0/1, class codes, or values.
    shrink : bool
        True for a model whose own probabilities are the best first guess; False for one that only ranks.
    """
    k = margins.shape[1]
    if task == "regression":
        return identity(k)
    counts = np.bincount(target.astype(np.int64), minlength=max(2, k))
    if counts.min() < MIN_EVENTS:
        note = f"left uncalibrated: a class has {counts.min()} calibration rows, {MIN_EVENTS} are needed"
        return identity(k, note)
    if task == "binary":
        return _platt(margins[:, 0], target, shrink)
    return _temperature(margins, target.astype(np.int64), shrink)


def _platt(margins: Floats, target: Floats, shrink: bool) -> Map:
    n_events = target.sum()
    high, low = (n_events + 1) / (n_events + 2), 1 / (len(target) - n_events + 2)
    line = fit_line(margins, np.where(target == 1, high, low), PRIOR_SD if shrink else None)
    if not line.converged or line.slope <= 0:
        return identity(1, f"left uncalibrated: the fitted slope {line.slope:.3g} would not keep the ranking")
    return Map(line.slope, (line.intercept,), "platt, shrunk" if shrink else "platt")


def _temperature(margins: Floats, codes: NDArray[np.int64], shrink: bool) -> Map:
    from scipy.optimize import minimize

    k = margins.shape[1]
    hit = np.eye(k)[codes]
    # unshrunk, a weak prior still pins the biases, which softmax leaves free up to a constant
    precision = np.full(k + 1, PRIOR_SD**-2) if shrink else np.array([0.0] + [1.0] * k)
    precision = precision / len(codes)

    def loss(theta: Floats) -> tuple[float, Floats]:
        slope = np.exp(theta[0])
        linear = slope * margins + theta[1:]
        top = linear.max(axis=1, keepdims=True)
        powers = np.exp(linear - top)
        total = powers.sum(axis=1, keepdims=True)
        log_p = linear - top - np.log(total)
        gap = (powers / total - hit) / len(codes)
        gradient = np.concatenate([[slope * (gap * margins).sum()], gap.sum(axis=0)]) + precision * theta
        return float(-(log_p * hit).sum() / len(codes) + 0.5 * (precision * theta**2).sum()), gradient

    found = minimize(loss, np.zeros(k + 1), jac=True, method="L-BFGS-B")
    return Map(
        float(np.exp(found.x[0])),
        tuple(float(bias) for bias in found.x[1:]),
        "temperature, shrunk" if shrink else "temperature",
    )


def margins_of(estimator: Any, inputs: Floats) -> Floats:
    """Uncalibrated margins (log-odds, class margins or values), shape (n_rows, k), of a fitted estimator."""
    names = getattr(estimator, "feature_names_in_", None)
    booster = getattr(estimator, "booster_", None) if type(estimator).__name__.startswith("LGBM") else None
    if booster is not None:
        raw = booster.predict(inputs, raw_score=True, num_threads=1) / trees_averaged(estimator)
    else:
        score = getattr(estimator, "decision_function", estimator.predict)
        raw = score(inputs if names is None else _framed(inputs, names))
    return np.asarray(raw, dtype=np.float64).reshape(len(inputs), -1)


def trees_averaged(estimator: Any) -> int:
    """By how much LightGBM's raw sum must be divided: a random forest averages its trees, boosting adds them."""
    params = estimator.get_params()
    kind = params.get("boosting", params.get("boosting_type"))
    return int(estimator.booster_.current_iteration()) if kind in ("rf", "random_forest") else 1


def _framed(inputs: Floats, names: Sequence[str]) -> Any:
    """An array under the names an imported estimator was fitted with; scikit-learn warns without them."""
    import pandas as pd

    return pd.DataFrame(inputs, columns=list(names))


def _named_inputs(table: Any, names: Sequence[str]) -> Floats:
    """The matrix of a model: a table's columns by name, an array as it is."""
    if not hasattr(table, "columns"):
        return np.ascontiguousarray(table, dtype=np.float64)
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise InputError(f"The model's inputs lack {', '.join(missing[:5])}.", "Give the preprocessor's whole output.")
    return np.ascontiguousarray(table[list(names)].to_numpy(dtype=np.float64))


class CalibratedModel(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """A fitted classifier with its probability map; understands frames by column name and plain arrays.

    Parameters
    ----------
    estimator : fitted classifier
    slope : float, > 0
    intercept : tuple of float, length 1 (binary) or n_classes
    feature_names : tuple of str
    """

    def __init__(self, estimator: Any, slope: float, intercept: tuple[float, ...], feature_names: tuple[str, ...]):
        self.estimator = estimator
        self.slope = slope
        self.intercept = intercept
        self.feature_names = feature_names

    @property
    def classes_(self) -> NDArray[np.int64]:
        return np.arange(max(2, len(self.intercept)))

    @property
    def feature_names_in_(self) -> NDArray[Any]:
        return np.array(self.feature_names, dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict_proba(self, X: Any) -> Floats:
        """Calibrated probabilities, shape (n_rows, n_classes)."""
        margins = margins_of(self.estimator, _named_inputs(X, self.feature_names))
        margins = self.slope * margins + np.asarray(self.intercept)
        if len(self.intercept) > 1:
            return link("multiclass", margins.T)
        positive = link("binary", margins.T)
        return np.hstack([1 - positive, positive])

    def predict(self, X: Any) -> NDArray[np.int64]:
        """The most probable class code of each row."""
        return np.asarray(self.predict_proba(X).argmax(axis=1))


class ValueModel(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A fitted regressor that understands frames by column name and plain arrays."""

    def __init__(self, estimator: Any, feature_names: tuple[str, ...]):
        self.estimator = estimator
        self.feature_names = feature_names

    @property
    def feature_names_in_(self) -> NDArray[Any]:
        return np.array(self.feature_names, dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, X: Any) -> Floats:
        """Values, shape (n_rows,)."""
        return margins_of(self.estimator, _named_inputs(X, self.feature_names))[:, 0]


class MeanClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The soft vote of models that are already fitted; it fits nothing."""

    def __init__(self, models: dict[str, Any]):
        self.models = models

    @property
    def classes_(self) -> NDArray[np.int64]:
        return np.asarray(next(iter(self.models.values())).classes_)

    @property
    def feature_names_in_(self) -> NDArray[Any]:
        return np.asarray(next(iter(self.models.values())).feature_names_in_)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict_proba(self, X: Any) -> Floats:
        """Mean probabilities, shape (n_rows, n_classes)."""
        outputs = {name: model.predict_proba(X) for name, model in self.models.items()}
        return mean_of(outputs, tuple(outputs))

    def predict(self, X: Any) -> NDArray[np.int64]:
        """The most probable class code of each row."""
        return np.asarray(self.predict_proba(X).argmax(axis=1))


class MeanRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """The mean of regressors that are already fitted; it fits nothing."""

    def __init__(self, models: dict[str, Any]):
        self.models = models

    @property
    def feature_names_in_(self) -> NDArray[Any]:
        return np.asarray(next(iter(self.models.values())).feature_names_in_)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, X: Any) -> Floats:
        """Mean values, shape (n_rows,)."""
        outputs = {name: model.predict(X) for name, model in self.models.items()}
        return mean_of(outputs, tuple(outputs))


def outputs_of(model: Any, task: str, table: Any) -> Floats:
    """What a fitted model says, shape (n_rows, k): P(positive), P(class) or the value."""
    if task == "regression":
        return np.asarray(model.predict(table), dtype=np.float64).reshape(len(table), 1)
    probabilities = np.asarray(model.predict_proba(table), dtype=np.float64)
    return probabilities[:, 1:] if task == "binary" else probabilities
