"""Turn fitted scikit-learn objects into their serving form, and prove that both say the same.

Understood: ColumnTransformer and Pipeline of StandardScaler, SimpleImputer (with indicator),
MissingIndicator and passthrough; linear models, LightGBM, the desk's own calibrated, mean and stacked models, and a
VotingClassifier whose members are the bundle's own models. Any other estimator runs through scikit-learn
and is listed by name (`Compiled.uncompiled`); any other preprocessor is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.domain.features import Floats
from core.errors import BundleProblem
from core.ml.calibrate import CalibratedModel, MeanClassifier, MeanRegressor, ValueModel, outputs_of, trees_averaged
from core.ml.compiled import (
    Calibration,
    Compiled,
    LinearMember,
    MeanMember,
    Member,
    ObjectMember,
    StackMember,
    TreeMember,
)
from core.ml.stacking import StackClassifier, StackRegressor

TOLERANCE = 1e-12
_REGRESSORS = {"LinearRegression", "Ridge", "ElasticNet", "Lasso"}
_RANKERS = {"RidgeClassifier", "LinearSVC", "SGDClassifier", "LinearDiscriminantAnalysis"}


@dataclass(frozen=True)
class _Input:
    """One column on its way through the preprocessor."""

    source: int
    impute: float = np.nan
    indicator: bool = False
    centre: float = 0.0
    scale: float = 1.0


def compile_models(task: str, names: Sequence[str], preprocessor: Any, models: Mapping[str, Any]) -> Compiled:
    """The serving form of a preprocessor and its models.

    Parameters
    ----------
    task : str
    names : sequence of str, length n_features
        The use case's features, in order.
    preprocessor : fitted ColumnTransformer, Pipeline or transformer
    models : mapping of str to fitted estimator, in recipe order

    Raises
    ------
    BundleProblem
        The preprocessor holds a step that has no compiled form.
    """
    inputs = _through(preprocessor, [_Input(position) for position in range(len(names))], list(names))
    return Compiled(
        task=task,
        feature_names=tuple(_input_name(item, names) for item in inputs),
        source=np.array([item.source for item in inputs], dtype=np.int64),
        impute=np.array([item.impute for item in inputs]),
        indicator=np.array([item.indicator for item in inputs]),
        centre=np.array([item.centre for item in inputs]),
        scale=np.array([item.scale for item in inputs]),
        members=tuple(_member(task, name, model, models) for name, model in models.items()),
    )


def largest_difference(compiled: Compiled, preprocessor: Any, models: Mapping[str, Any], frame: Any) -> float:
    """The largest gap between the serving form and scikit-learn, over all models and rows.

    Values of a regression are compared relative to their largest magnitude, where that is above 1.

    Parameters
    ----------
    compiled : Compiled
    preprocessor, models : the fitted objects it was compiled from
    frame : pandas.DataFrame, shape (n_rows, n_features)

    Raises
    ------
    BundleProblem
        A model differs by more than 1e-12; `data["model"]` names it.
    """
    mine = compiled.predict(compiled.inputs(np.asarray(frame.to_numpy(dtype=np.float64), order="F")))
    transformed = _with_names(preprocessor, frame)
    largest = 0.0
    for name, model in models.items():
        theirs = outputs_of(model, compiled.task, _as_fitted(model, transformed))
        gap = np.abs(mine[name] - theirs).max() / max(1.0, float(np.abs(theirs).max()))
        if not gap <= TOLERANCE:  # so that NaN is refused too
            raise BundleProblem(
                f"The compiled form of {name} differs from scikit-learn by {gap:.3g}.",
                f"At most {TOLERANCE:g} is allowed. Report the model's type and library versions.",
                model=name,
                difference=float(gap),
            )
        largest = max(largest, float(gap))
    return largest


def _with_names(preprocessor: Any, frame: Any) -> Any:
    import pandas as pd

    transformed = preprocessor.transform(frame)
    if hasattr(transformed, "columns"):
        return transformed
    return pd.DataFrame(np.asarray(transformed), columns=list(preprocessor.get_feature_names_out()))


def _as_fitted(model: Any, transformed: Any) -> Any:
    """A frame for a model fitted with names, an array for one without: scikit-learn warns about a mismatch."""
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        return transformed.to_numpy()
    return transformed if set(names) <= set(transformed.columns) else transformed.set_axis(list(names), axis=1)


def _input_name(item: _Input, names: Sequence[str]) -> str:
    name = names[item.source]
    return f"missingindicator_{name}" if item.indicator else name


# --- preprocessors: each step maps a list of columns to a list of columns ---


def _through(step: Any, inputs: list[_Input], names: list[str]) -> list[_Input]:
    kind = type(step).__name__
    if isinstance(step, str) and step == "passthrough":
        return inputs
    if kind == "FunctionTransformer" and step.func is None:
        return inputs
    if kind == "Pipeline":
        for _, inner in step.steps:
            inputs = _through(inner, inputs, names)
        return inputs
    if kind == "ColumnTransformer":
        return _column_transformer(step, inputs, names)
    walk = {"StandardScaler": _scaler, "SimpleImputer": _imputer, "MissingIndicator": _indicator}.get(kind)
    if walk is None:
        raise BundleProblem(
            f"The preprocessor holds a {kind}, which the desk cannot compile.",
            "It takes ColumnTransformer, Pipeline, StandardScaler, SimpleImputer, MissingIndicator and passthrough.",
            step=kind,
        )
    return walk(step, inputs)


def _column_transformer(step: Any, inputs: list[_Input], names: list[str]) -> list[_Input]:
    known = [str(name) for name in getattr(step, "feature_names_in_", names)]
    if len(known) != len(inputs) or set(known) != set(names[: len(inputs)]):
        raise BundleProblem(
            "The preprocessor was fitted on other features than the use case has.",
            "Names must agree; see the data.",
            missing=sorted(set(names) - set(known)),
            extra=sorted(set(known) - set(names)),
        )
    by_name = dict(zip(names, inputs, strict=True))
    result: list[_Input] = []
    for _, inner, chosen in step.transformers_:
        columns = _chosen(chosen, known)
        if columns and not (isinstance(inner, str) and inner == "drop"):
            result += _through(inner, [by_name[name] for name in columns], columns)
    return result


def _chosen(chosen: Any, known: list[str]) -> list[str]:
    """A ColumnTransformer's column list, as names."""
    if isinstance(chosen, str):
        return [chosen]
    if isinstance(chosen, int | np.integer):
        return [known[chosen]]
    if isinstance(chosen, slice):
        return known[chosen]
    items = list(chosen)
    if items and all(isinstance(item, bool | np.bool_) for item in items):
        return [name for name, take in zip(known, items, strict=True) if take]
    return [item if isinstance(item, str) else known[item] for item in items]


def _scaler(step: Any, inputs: list[_Input]) -> list[_Input]:
    centres = step.mean_ if step.with_mean else np.zeros(len(inputs))
    scales = step.scale_ if step.with_std else np.ones(len(inputs))
    if any(item.centre != 0 or item.scale != 1 for item in inputs):
        raise BundleProblem("The preprocessor scales a column twice.", "Scale each column once.")
    triples = zip(inputs, centres, scales, strict=True)
    return [replace(item, centre=float(centre), scale=float(scale)) for item, centre, scale in triples]


def _imputer(step: Any, inputs: list[_Input]) -> list[_Input]:
    _only_nan(step)
    if any(item.centre != 0 or item.scale != 1 for item in inputs):
        raise BundleProblem("The preprocessor imputes after scaling.", "Impute first, then scale.")
    pairs = zip(inputs, step.statistics_, strict=True)
    # a column that was empty throughout is dropped, unless keep_empty_features
    kept = [replace(item, impute=float(value)) for item, value in pairs if not np.isnan(float(value))]
    return kept + (_indicator(step.indicator_, inputs) if step.add_indicator else [])


def _indicator(step: Any, inputs: list[_Input]) -> list[_Input]:
    _only_nan(step)
    return [_Input(inputs[position].source, indicator=True) for position in step.features_]


def _only_nan(step: Any) -> None:
    if not (isinstance(step.missing_values, float) and np.isnan(step.missing_values)):
        raise BundleProblem(
            f"The preprocessor takes {step.missing_values!r} for missing.", "Only NaN stands for missing here."
        )


# --- models ---


def _member(task: str, name: str, model: Any, models: Mapping[str, Any]) -> Member:
    if isinstance(model, MeanClassifier | MeanRegressor):
        return MeanMember(name, tuple(model.models))
    if type(model).__name__ == "VotingClassifier":
        of = _voters(model, models)
        return MeanMember(name, of) if of else _object(task, name, model)
    if isinstance(model, CalibratedModel):
        calibration = Calibration(float(model.slope), tuple(float(bias) for bias in model.intercept))
        return _plain(task, name, model.estimator, calibration) or _object(task, name, model)
    inner = model.estimator if isinstance(model, ValueModel) else model
    return _plain(task, name, inner, None) or _object(task, name, model)


def _plain(task: str, name: str, estimator: Any, calibration: Calibration | None) -> Member | None:
    """A linear, tree or stacked model as numbers or text; None if it is none of them."""
    kind = type(estimator).__name__
    if isinstance(estimator, StackClassifier | StackRegressor):
        final = _linear(name, estimator.final, calibration)
        return StackMember(name, tuple(estimator.members), final.coef, final.intercept, final.calibration)
    if kind in ("LGBMClassifier", "LGBMRegressor"):
        k = int(getattr(estimator, "n_classes_", 1))
        found = calibration or Calibration(1.0, (0.0,) * (k if k > 2 else 1))
        averaged = replace(found, slope=found.slope / trees_averaged(estimator))
        return TreeMember(name, estimator.booster_.model_to_string(), averaged)
    wanted = _REGRESSORS if task == "regression" else {"LogisticRegression"}
    if calibration is not None and task == "binary":
        wanted = wanted | _RANKERS  # the map gives them their probabilities
    return _linear(name, estimator, calibration) if kind in wanted else None


def _linear(name: str, estimator: Any, calibration: Calibration | None) -> LinearMember:
    coef = np.atleast_2d(np.asarray(estimator.coef_, dtype=np.float64)).T
    intercept = np.broadcast_to(np.asarray(estimator.intercept_, dtype=np.float64), (coef.shape[1],)).copy()
    return LinearMember(
        name, np.ascontiguousarray(coef), intercept, calibration or Calibration(1.0, (0.0,) * coef.shape[1])
    )


def _object(task: str, name: str, model: Any) -> ObjectMember:
    def predict(inputs: Floats) -> Floats:
        import pandas as pd

        names = getattr(model, "feature_names_in_", None)
        return outputs_of(model, task, inputs if names is None else pd.DataFrame(inputs, columns=list(names)))

    return ObjectMember(name, predict)


def _voters(voting: Any, models: Mapping[str, Any]) -> tuple[str, ...]:
    """The bundle's models that an unweighted soft vote is the mean of; () if it holds any other."""
    if voting.voting != "soft" or voting.weights is not None:
        return ()
    found = []
    for voter in voting.estimators_:
        same = [name for name, model in models.items() if model is not voting and _same_linear(model, voter)]
        if not same:
            return ()
        found.append(same[0])
    return tuple(found)


def _same_linear(one: Any, other: Any) -> bool:
    if type(one) is not type(other) or not hasattr(one, "coef_"):
        return False
    return np.array_equal(one.coef_, other.coef_) and np.array_equal(one.intercept_, other.intercept_)
