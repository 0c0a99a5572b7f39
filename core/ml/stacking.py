"""Stacking: one linear model over the margins of the other models (Wolpert 1992; Breiman 1996).

It is fitted on margins of rows that the members' fold models never saw, inside the training rows: margins of
rows a member was fitted on would make the member that memorises most look best. It serves over the margins of
the members themselves, so that nothing is predicted twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from core.domain.features import Floats
from core.domain.recipe import ModelSpec, Split
from core.errors import InputError
from core.ml.calibrate import margins_of
from core.ml.families import Fit, Sample, fit_family
from core.ml.split import Splitter

N_FOLDS = 3


class StackClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Logistic regression over the calibrated margins of classifiers that are already fitted.

    Parameters
    ----------
    members : dict of str to CalibratedModel
    final : fitted LogisticRegression
        Takes the members' margins side by side, in the order of `members`, shape (n_rows, n_members x k).
    """

    def __init__(self, members: dict[str, Any], final: Any):
        self.members = members
        self.final = final

    @property
    def classes_(self) -> NDArray[np.int64]:
        return np.arange(len(self.final.classes_))

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def decision_function(self, X: Floats) -> Floats:
        """Log-odds, shape (n_rows,), or class margins, shape (n_rows, n_classes), before calibration."""
        return np.asarray(self.final.decision_function(stacked_margins(self.members, X)))

    def predict(self, X: Floats) -> NDArray[np.int64]:
        """The class code of each row."""
        return np.asarray(self.final.predict(stacked_margins(self.members, X)), dtype=np.int64)


class StackRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A linear model over the values of regressors that are already fitted; see `StackClassifier`."""

    def __init__(self, members: dict[str, Any], final: Any):
        self.members = members
        self.final = final

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, X: Floats) -> Floats:
        """Values, shape (n_rows,)."""
        return np.asarray(self.final.predict(stacked_margins(self.members, X)))


def stacked_margins(members: Mapping[str, Any], inputs: Floats) -> Floats:
    """Calibrated margins (or values) of the members side by side, shape (n_rows, n_members x k)."""
    return np.hstack([calibrated(model, margins_of(model.estimator, inputs)) for model in members.values()])


def calibrated(model: Any, margins: Floats) -> Floats:
    """Margins of shape (n_rows, k) under a model's own map; a regressor has none."""
    slope, intercept = getattr(model, "slope", 1.0), getattr(model, "intercept", (0.0,))
    return np.asarray(slope * margins + np.asarray(intercept))


def fit_stack(
    spec: ModelSpec, task: str, members: Mapping[str, Any], specs: Sequence[ModelSpec], sample: Sample, seed: int
) -> Fit:
    """Fit the linear model of a stack.

    Parameters
    ----------
    spec : ModelSpec
        `folds` in its parameters is the number of folds; the others go to the linear model.
    task : str
    members : mapping of str to CalibratedModel or ValueModel
        Fitted on the whole sample.
    specs : sequence of ModelSpec
        The members' own, in the order of `members`; each is fitted again on every fold.
    sample : Sample
    seed : int

    Raises
    ------
    InputError
        A class has fewer than two rows, so that one fold could not train on it.
    """
    given = dict(spec.params)
    n_folds = int(given.pop("folds", N_FOLDS))
    margins = out_of_fold(task, members, specs, sample, n_folds, seed)
    if task == "regression":
        from sklearn.linear_model import LinearRegression

        # members agree closely; weights below zero would only play one against the other
        params: dict[str, Any] = {"positive": True} | given
        final: Any = LinearRegression(**params).fit(margins, sample.target)
        return Fit(StackRegressor(dict(members), final), params | {"folds": n_folds})
    from sklearn.linear_model import LogisticRegression

    params = {"C": 1.0, "solver": "newton-cholesky", "max_iter": 200} | given
    final = LogisticRegression(**params).fit(margins, sample.target)
    return Fit(StackClassifier(dict(members), final), params | {"folds": n_folds})


def out_of_fold(
    task: str, members: Mapping[str, Any], specs: Sequence[ModelSpec], sample: Sample, n_folds: int, seed: int
) -> Floats:
    """Margins of every training row by models that never saw it, under the members' maps.

    Returns
    -------
    array, shape (n_train, n_members x k)
    """
    margins = None
    for train, test in _folds(task, sample.target, n_folds, seed):
        part = Sample(sample.inputs[train], sample.target[train], sample.early_inputs, sample.early_target)
        fits = [fit_family(spec, task, part, seed) for spec in specs]
        pairs = zip(members.values(), fits, strict=True)
        found = np.hstack([calibrated(model, margins_of(fit.estimator, sample.inputs[test])) for model, fit in pairs])
        if margins is None:
            margins = np.empty((len(sample.target), found.shape[1]))
        margins[test] = found
    assert margins is not None
    return margins


def _folds(task: str, target: Floats, n_folds: int, seed: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    strata = np.zeros(len(target), dtype=np.int64) if task == "regression" else target.astype(np.int64)
    if task != "regression":
        rarest = int(np.unique(strata, return_counts=True)[1].min())
        if rarest < 2:
            raise InputError("A class has one training row, and stacking needs two.", "Give more rows.")
    return Splitter(Split.RANDOM, strata, None, None, seed).folds(n_folds)
