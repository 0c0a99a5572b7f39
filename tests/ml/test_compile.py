"""The serving form says what scikit-learn says, for every preprocessor and model it claims to understand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    ElasticNet,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import LinearSVC

from core.errors import BundleProblem
from core.ml.calibrate import CalibratedModel, MeanClassifier
from core.ml.compile import TOLERANCE, compile_models, largest_difference
from core.ml.compiled import LinearMember, MeanMember, ObjectMember, TreeMember

NAMES = ("a", "b", "c", "d")


def frame(n_rows: int = 400, gaps: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(n_rows, 4)) * [1, 100, 1e4, 1] + [0, 50, -1e4, 3]
    if gaps:
        values[rng.random((n_rows, 4)) < 0.1] = np.nan
    return pd.DataFrame(values, columns=list(NAMES))


def labels(rows: pd.DataFrame, n_classes: int = 2) -> np.ndarray:
    index = rows["a"].fillna(0) + rows["b"].fillna(50) / 100 + np.random.default_rng(2).normal(size=len(rows))
    return np.digitize(index, np.quantile(index, np.arange(1, n_classes) / n_classes))


SCALE = ColumnTransformer([("scale", StandardScaler(), ["c", "a"])], remainder="passthrough")
PREPROCESSORS = {
    "scaled first, rest passed": (SCALE, False),
    "passthrough by name": (
        ColumnTransformer([("s", StandardScaler(), ["b"]), ("p", "passthrough", ["d", "a"])]),
        False,
    ),
    "columns by position": (ColumnTransformer([("s", StandardScaler(), [2, 0])], remainder="passthrough"), False),
    "columns by slice": (ColumnTransformer([("s", StandardScaler(), slice(1, 3))], remainder="passthrough"), False),
    "columns by mask": (
        ColumnTransformer([("s", StandardScaler(), [True, False, True, False])], remainder="drop"),
        False,
    ),
    "scaler without mean": (ColumnTransformer([("s", StandardScaler(with_mean=False), list(NAMES))]), False),
    "scaler without spread": (ColumnTransformer([("s", StandardScaler(with_std=False), list(NAMES))]), False),
    "a scaler alone": (StandardScaler(), False),
    "impute then scale": (
        ColumnTransformer([("n", Pipeline([("i", SimpleImputer()), ("s", StandardScaler())]), list(NAMES))]),
        True,
    ),
    "impute with indicator": (ColumnTransformer([("i", SimpleImputer(add_indicator=True), list(NAMES))]), True),
    "indicators scaled too": (
        Pipeline([("i", SimpleImputer(strategy="median", add_indicator=True)), ("s", StandardScaler())]),
        True,
    ),
    "a constant for missing": (
        ColumnTransformer([("i", SimpleImputer(strategy="constant", fill_value=-1.0), list(NAMES))]),
        True,
    ),
}


@pytest.mark.parametrize("name", PREPROCESSORS)
def test_preprocessors_compile(name: str) -> None:
    preprocessor, gaps = PREPROCESSORS[name]
    rows = frame(gaps=gaps)
    table = preprocessor.fit_transform(rows)
    model = LogisticRegression(max_iter=5000).fit(np.asarray(table), labels(rows))
    compiled = compile_models("binary", NAMES, preprocessor, {"m": model})
    assert np.allclose(compiled.inputs(np.asfortranarray(rows.to_numpy())), table, rtol=1e-14, atol=1e-14)
    assert largest_difference(compiled, preprocessor, {"m": model}, frame(50, gaps)) <= TOLERANCE


CLASSIFIERS = [
    LogisticRegression(max_iter=5000),
    LogisticRegression(C=0.01, fit_intercept=False, max_iter=5000),
    LGBMClassifier(n_estimators=20, verbosity=-1, n_jobs=1),
    LGBMClassifier(boosting_type="rf", n_estimators=20, subsample=0.6, subsample_freq=1, verbosity=-1, n_jobs=1),
]
REGRESSORS = [
    LinearRegression(),
    Ridge(),
    ElasticNet(),
    LGBMRegressor(n_estimators=20, verbosity=-1, n_jobs=1),
    LGBMRegressor(boosting_type="rf", n_estimators=20, subsample=0.6, subsample_freq=1, verbosity=-1, n_jobs=1),
]


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=["logistic", "strong", "boosted", "forest"])
def test_plain_classifiers_compile(task: str, estimator: Any) -> None:
    rows = frame()
    preprocessor = SCALE.fit(rows)
    model = estimator.fit(preprocessor.transform(rows), labels(rows, 2 if task == "binary" else 3))
    compiled = compile_models(task, NAMES, preprocessor, {"m": model})
    assert isinstance(compiled.members[0], LinearMember | TreeMember)
    assert largest_difference(compiled, preprocessor, {"m": ArrayOnly(model)}, rows) <= TOLERANCE


@pytest.mark.parametrize("estimator", REGRESSORS, ids=["least squares", "ridge", "elastic", "boosted", "forest"])
def test_plain_regressors_compile(estimator: Any) -> None:
    rows = frame()
    preprocessor = SCALE.fit(rows)
    model = estimator.fit(preprocessor.transform(rows), rows["b"] * 100 + rows["a"])
    compiled = compile_models("regression", NAMES, preprocessor, {"m": model})
    assert isinstance(compiled.members[0], LinearMember | TreeMember)
    assert largest_difference(compiled, preprocessor, {"m": ArrayOnly(model)}, rows) <= TOLERANCE


class ArrayOnly:
    """LightGBM invents feature names for arrays and then warns about arrays; predict through the booster."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __getattr__(self, name: str) -> Any:
        if name == "feature_names_in_":
            raise AttributeError(name)
        return getattr(self._model, name)

    def predict_proba(self, table: Any) -> Any:
        if not hasattr(self._model, "booster_"):
            return self._model.predict_proba(np.asarray(table))
        p = self._model.booster_.predict(np.asarray(table))
        return p if p.ndim == 2 else np.column_stack([1 - p, p])

    def predict(self, table: Any) -> Any:
        model = getattr(self._model, "booster_", self._model)
        return model.predict(np.asarray(table))


def test_a_soft_vote_of_the_bundles_own_models_is_their_mean() -> None:
    rows = frame()
    preprocessor = SCALE.fit(rows)
    table, y = preprocessor.transform(rows), labels(rows)
    one, two = LogisticRegression(C=0.01, max_iter=5000), LogisticRegression(C=1.0, max_iter=5000)
    vote = VotingClassifier([("one", one), ("two", two)], voting="soft").fit(table, y)
    models = {"one": one.fit(table, y), "two": two.fit(table, y), "vote": vote}
    compiled = compile_models("binary", NAMES, preprocessor, models)
    assert compiled.members[2] == MeanMember("vote", ("one", "two"))
    assert largest_difference(compiled, preprocessor, models, rows) <= TOLERANCE
    strangers = {"one": models["one"], "vote": vote}
    compiled = compile_models("binary", NAMES, preprocessor, strangers)
    assert compiled.uncompiled == ("vote",)
    assert largest_difference(compiled, preprocessor, strangers, rows) <= TOLERANCE


@pytest.mark.parametrize("with_names", [False, True])
@pytest.mark.parametrize("estimator", [GaussianNB(), RandomForestClassifier(n_estimators=5, random_state=1)])
def test_other_estimators_run_through_scikit_learn_and_are_named(estimator: Any, with_names: bool) -> None:
    rows = frame()
    preprocessor = SCALE.fit(rows)
    table = preprocessor.transform(rows)
    if with_names:
        table = pd.DataFrame(table, columns=preprocessor.get_feature_names_out())
    models = {"nb": estimator.fit(table, labels(rows))}
    compiled = compile_models("binary", NAMES, preprocessor, models)
    assert isinstance(compiled.members[0], ObjectMember)
    assert compiled.uncompiled == ("nb",)
    assert largest_difference(compiled, preprocessor, models, rows) == 0.0


@pytest.mark.parametrize("estimator", [RidgeClassifier(), LinearSVC(), SGDClassifier(random_state=1)], ids=repr)
def test_linear_models_without_probabilities_compile_with_their_map(estimator: Any) -> None:
    rows = frame()
    preprocessor = SCALE.fit(rows)
    fitted = estimator.fit(preprocessor.transform(rows), labels(rows))
    names = tuple(preprocessor.get_feature_names_out())
    models = {"m": CalibratedModel(fitted, 1.7, (-0.3,), names)}
    compiled = compile_models("binary", NAMES, preprocessor, models)
    assert isinstance(compiled.members[0], LinearMember)
    assert largest_difference(compiled, preprocessor, models, rows) <= TOLERANCE


def test_a_mean_takes_no_second_prediction() -> None:
    rows = frame()
    preprocessor = SCALE.fit(rows)
    model = LogisticRegression(max_iter=5000).fit(preprocessor.transform(rows), labels(rows))
    models = {"m": model, "mean": MeanClassifier({"m": model})}
    compiled = compile_models("binary", NAMES, preprocessor, models)
    assert compiled.members[1] == MeanMember("mean", ("m",))


def test_a_difference_is_refused_with_the_models_name() -> None:
    rows = frame()
    preprocessor = SCALE.fit(rows)
    model = LogisticRegression(max_iter=5000).fit(preprocessor.transform(rows), labels(rows))
    compiled = compile_models("binary", NAMES, preprocessor, {"m": model})
    member = compiled.members[0]
    assert isinstance(member, LinearMember)
    bent = replace(compiled, members=(replace(member, coef=member.coef * (1 + 1e-9)),))
    with pytest.raises(BundleProblem, match="compiled form of m differs") as caught:
        largest_difference(bent, preprocessor, {"m": model}, rows)
    assert caught.value.data["model"] == "m"


@pytest.mark.parametrize(
    ("preprocessor", "words"),
    [
        (ColumnTransformer([("p", PolynomialFeatures(), list(NAMES))]), "PolynomialFeatures"),
        (Pipeline([("one", StandardScaler()), ("two", StandardScaler())]), "twice"),
        (Pipeline([("one", StandardScaler()), ("two", SimpleImputer())]), "imputes after scaling"),
        (SimpleImputer(missing_values=-1), "takes -1 for missing"),
    ],
)
def test_preprocessors_that_cannot_be_compiled_are_refused(preprocessor: Any, words: str) -> None:
    with pytest.raises(BundleProblem, match=words):
        compile_models("binary", NAMES, preprocessor.fit(frame()), {})


def test_other_features_than_the_use_cases_are_refused_by_name() -> None:
    preprocessor = SCALE.fit(frame())
    with pytest.raises(BundleProblem) as caught:
        compile_models("binary", ("a", "b", "c", "e"), preprocessor, {})
    assert (caught.value.data["missing"], caught.value.data["extra"]) == (["e"], ["d"])


def test_names_in_another_order_are_matched_by_name() -> None:
    rows = frame()
    preprocessor = SCALE.fit(rows)
    model = LogisticRegression(max_iter=5000).fit(preprocessor.transform(rows), labels(rows))
    swapped = ("d", "c", "b", "a")
    compiled = compile_models("binary", swapped, preprocessor, {"m": model})
    assert largest_difference(compiled, preprocessor, {"m": model}, rows[list(swapped)]) <= TOLERANCE
