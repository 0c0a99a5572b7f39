"""Fit one bundle's preprocessor and models on given rows, and compile them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.domain.features import Floats
from core.domain.recipe import ModelSpec
from core.domain.usecase import Task, UseCase
from core.errors import InputError
from core.ml.calibrate import (
    CalibratedModel,
    Map,
    MeanClassifier,
    MeanRegressor,
    ValueModel,
    fit_map,
    identity,
    margins_of,
)
from core.ml.compile import compile_models
from core.ml.compiled import Compiled, link
from core.ml.families import MEAN, STACK, Fit, Sample, fit_family
from core.ml.preprocess import feature_frame, fit_preprocessor
from core.ml.split import Rows
from core.ml.stacking import fit_stack

Progress = Callable[[str, float], None]
_STEPS, _STILL = 200, 1e-10


@dataclass(frozen=True)
class FittedModels:
    """What one fit leaves behind; `models` and `maps` are in recipe order."""

    preprocessor: Any
    models: Mapping[str, Any]
    maps: Mapping[str, Map]
    params: Mapping[str, Mapping[str, Any]]
    notes: Mapping[str, tuple[str, ...]]
    compiled: Compiled

    def predict(self, matrix: Floats) -> dict[str, Floats]:
        """Outputs by model, each (n_rows, k), from engineered features."""
        return self.compiled.predict(self.compiled.inputs(matrix))


def fit_models(
    use_case: UseCase,
    matrix: Floats,
    target: Floats,
    train: Rows,
    calibration: Rows,
    seed: int,
    progress: Progress | None = None,
) -> FittedModels:
    """Fit the preprocessor and every model on `train`; stop early and calibrate on `calibration`.

    Parameters
    ----------
    use_case : UseCase
    matrix : array, shape (n_rows, n_features)
    target : array, shape (n_rows,)
        0/1, class codes, or values.
    train, calibration : arrays of row positions
    seed : int
    progress : callable, optional
        Told the model being fitted and the share done.

    Raises
    ------
    InputError
        A class has no row to train on.
    """
    task = str(use_case.task)
    _require_classes(use_case, target[train])
    preprocessor = fit_preprocessor(use_case, matrix[train])
    names = tuple(str(name) for name in preprocessor.get_feature_names_out())
    sample = Sample(
        np.ascontiguousarray(preprocessor.transform(feature_frame(use_case, matrix[train]))),
        target[train],
        np.ascontiguousarray(preprocessor.transform(feature_frame(use_case, matrix[calibration]))),
        target[calibration],
    )
    fits, maps, models = _fitted(use_case.recipe.models, task, sample, names, seed, progress)
    models = _in_recipe_order(use_case, models)
    return FittedModels(
        preprocessor=preprocessor,
        models=models,
        maps={name: maps[name] for name in models if name in maps},
        params={name: fit.params for name, fit in fits.items()},
        notes={name: fit.notes for name, fit in fits.items() if fit.notes},
        compiled=compile_models(task, use_case.feature_names, preprocessor, models),
    )


def _fitted(
    specs: Sequence[ModelSpec], task: str, sample: Sample, names: tuple[str, ...], seed: int, progress: Progress | None
) -> tuple[dict[str, Fit], dict[str, Map], dict[str, Any]]:
    """Every model that is fitted, the stacks last: they are fitted over the others."""
    fits: dict[str, Fit] = {}
    maps: dict[str, Map] = {}
    models: dict[str, Any] = {}
    plain = [spec for spec in specs if spec.family not in (MEAN, STACK)]
    ordered = [*plain, *(spec for spec in specs if spec.family == STACK)]
    for position, spec in enumerate(ordered):
        if progress:
            progress(f"fitting {spec.name}", position / len(ordered))
        if spec.family == STACK:
            members = {member.name: models[member.name] for member in plain}
            fits[spec.name] = fit_stack(spec, task, members, plain, sample, seed)
        else:
            fits[spec.name] = fit_family(spec, task, sample, seed)
        maps[spec.name], models[spec.name] = calibrated(task, fits[spec.name], sample, names)
    return fits, maps, models


def calibrated(task: str, fit: Fit, sample: Sample, names: tuple[str, ...]) -> tuple[Map, Any]:
    """A fit with its probability map; where classes were weighted, the map undoes the weights first.

    Weights shift the margins of whole classes (King & Zeng 2001); what is left to correct once that shift is taken off
    is as little as of any other model.
    """
    if task == "regression":
        return identity(1), ValueModel(fit.estimator, names)
    margins = margins_of(fit.estimator, sample.early_inputs)
    undone = _undone(fit, task, margins, sample.target)
    found = fit_map(task, margins - undone, sample.early_target, shrink=True)
    if undone.any():
        shifts = zip(found.intercept, found.slope * undone, strict=True)
        found = replace(found, intercept=tuple(float(shift - weight) for shift, weight in shifts))
    return found, CalibratedModel(fit.estimator, found.slope, found.intercept, names)


def _undone(fit: Fit, task: str, margins: Floats, target: Floats) -> Floats:
    """What class weights have added to the margins, shape (k,): without it mean probabilities are the classes' rates.

    Parameters
    ----------
    margins : array, shape (n_rows, k)
        Of rows the model was not fitted on; their outcomes are not looked at, so that few of a class do not matter.
    target : array, shape (n_train,)
        What the model was fitted on.
    """
    added = np.zeros(margins.shape[1])
    if fit.params.get("class_weight") is None:
        return added
    rates = np.bincount(target.astype(np.int64), minlength=max(2, len(added))) / len(target)
    wanted = np.log(rates[1:] / rates[:1]) if task == "binary" else np.log(rates)
    for _ in range(_STEPS):
        mean = link(task, (margins - added).T).mean(axis=0)
        step = (np.log(mean / (1 - mean)) if task == "binary" else np.log(mean)) - wanted
        added = added + step
        if np.abs(step).max() < _STILL:
            break
    return np.asarray(added)


def _in_recipe_order(use_case: UseCase, fitted: Mapping[str, Any]) -> dict[str, Any]:
    kind = MeanRegressor if use_case.task is Task.REGRESSION else MeanClassifier
    voters = [spec.name for spec in use_case.recipe.models if spec.family not in (MEAN, STACK)]

    def model(spec: ModelSpec) -> Any:
        return kind({name: fitted[name] for name in voters}) if spec.family == MEAN else fitted[spec.name]

    return {spec.name: model(spec) for spec in use_case.recipe.models}


def _require_classes(use_case: UseCase, target: Floats) -> None:
    for code, label in enumerate(use_case.target.classes):
        if not (target == code).any():
            raise InputError(
                f"No training row has {use_case.target.name} = '{label}'.",
                "Every class needs rows in the earliest part of the data: give more rows, or split otherwise.",
                target=use_case.target.name,
                label=label,
            )
