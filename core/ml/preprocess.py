"""The preprocessor that a use case's four models share: impute, scale, pass through.

Fitted on training rows only; the reference population of every scaler and imputer is the training rows.
`FeatureTransformer` makes scikit-learn transformers of a use case's features, for pipelines outside the desk.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from core.domain.columns import Columns, Missing
from core.domain.features import Feature, Floats, feature_matrix
from core.domain.usecase import UseCase
from core.errors import InputError, UnknownName


class FeatureTransformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Engineered features as a scikit-learn transformer: raw columns in, one column per feature out.

    It learns nothing: `fit` only remembers the columns, which are matched by name, in whatever order they come.

    Parameters
    ----------
    features : sequence of Feature

    Attributes
    ----------
    feature_names_in_ : array of str
        The columns seen by `fit`.
    n_features_in_ : int

    Examples
    --------
    >>> import pandas as pd
    >>> from core.domain.features import Feature, percentage
    >>> rate = Feature("rate", ("part", "whole"), percentage, "100 part / whole")
    >>> frame = pd.DataFrame({"whole": [4.0, 0.0], "part": [1.0, 0.0]})
    >>> FeatureTransformer([rate]).fit_transform(frame).tolist()
    [[25.0], [0.0]]
    """

    def __init__(self, features: Sequence[Feature]):
        self.features = features

    def fit(self, X: Any, y: Any = None) -> FeatureTransformer:
        """Remember the columns of a frame of typed raw columns (see `core.domain.columns`).

        Parameters
        ----------
        X : DataFrame, n_rows rows
        y : ignored

        Raises
        ------
        InputError
            X has no named columns, or lacks one that a feature reads.
        """
        self._require(X)
        self.feature_names_in_ = np.array([str(name) for name in X.columns], dtype=object)
        self.n_features_in_ = len(self.feature_names_in_)
        return self

    def transform(self, X: Any) -> Floats:
        """The features, shape (n_rows, n_features), in the order of `features`.

        Raises
        ------
        InputError
            As for `fit`.
        """
        check_is_fitted(self)
        self._require(X)
        return feature_matrix(self.features, self._columns(X), len(X))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Names of the features, shape (n_features,); `input_features` is there for scikit-learn only."""
        return np.array([feature.name for feature in self.features], dtype=object)

    def _columns(self, X: Any) -> Columns:
        read = {name for feature in self.features for name in feature.inputs}
        return {name: np.asarray(X[name]) for name in read}

    def _require(self, X: Any) -> None:
        if not hasattr(X, "columns"):
            raise InputError(f"Features cannot be read from a {type(X).__name__}.", "Give a frame with named columns.")
        missing = [name for feature in self.features for name in feature.inputs if name not in X.columns]
        if missing:
            raise InputError(f"The frame lacks {', '.join(dict.fromkeys(missing))}.", "Columns are matched by name.")


def transformer(use_case: UseCase, *names: str) -> FeatureTransformer:
    """A scikit-learn transformer of some of a use case's features, in the order named; without names of all.

    Raises
    ------
    UnknownName
        There is no such feature.
    """
    known = {feature.name: feature for feature in use_case.features}
    for name in names:
        if name not in known:
            raise UnknownName("feature", name, known)
    return FeatureTransformer([known[name] for name in names or known])


def feature_frame(use_case: UseCase, matrix: Floats) -> Any:
    """Engineered features as a pandas DataFrame, columns named as in the use case.

    Parameters
    ----------
    use_case : UseCase
    matrix : array, shape (n_rows, n_features)
    """
    import pandas as pd

    return pd.DataFrame(matrix, columns=list(use_case.feature_names))


def fit_preprocessor(use_case: UseCase, matrix: Floats) -> Any:
    """A fitted scikit-learn ColumnTransformer over the frame of engineered features.

    Output order: the scaled features (in the recipe's order), the others (in the use case's order), then
    one 0/1 column for each feature that was missing in some training row. Features the recipe drops are not in it.

    Parameters
    ----------
    use_case : UseCase
    matrix : array, shape (n_rows, n_features)
        Engineered features of the *training rows*; NaN where missing.

    Returns
    -------
    sklearn.compose.ColumnTransformer
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import MissingIndicator

    dropped = set(use_case.recipe.dropped)
    names = [name for name in use_case.feature_names if name not in dropped]
    scaled = [name for name in scaled_features(use_case, matrix) if name not in dropped]
    others = [name for name in names if name not in set(scaled)]
    columns = zip(use_case.feature_names, matrix.T, strict=True)
    gaps = [name for name, column in columns if name not in dropped and np.isnan(column).any()]
    open_names = set(gaps) | _may_be_missing(use_case)
    steps: list[tuple[str, Any, list[str]]] = []
    if scaled:
        steps.append(("scaled", _step(bool(open_names.intersection(scaled)), scale=True), scaled))
    if others:
        steps.append(("others", _step(bool(open_names.intersection(others)), scale=False), others))
    if gaps:
        steps.append(("missing", MissingIndicator(features="all"), gaps))
    transformer = ColumnTransformer(steps, verbose_feature_names_out=False)
    return transformer.fit(feature_frame(use_case, matrix))


def scaled_features(use_case: UseCase, matrix: Floats) -> tuple[str, ...]:
    """The features that are standardised: the recipe's list, or all that are not 0/1 in these rows."""
    if use_case.recipe.scaled is not None:
        return use_case.recipe.scaled
    return tuple(name for name, column in zip(use_case.feature_names, matrix.T, strict=True) if not _is_flag(column))


def _is_flag(values: NDArray[np.float64]) -> bool:
    return bool(np.isin(values[~np.isnan(values)], (0.0, 1.0)).all())


def _may_be_missing(use_case: UseCase) -> set[str]:
    """Features over a column that a file may leave empty, even if no training row did."""
    optional = {column.name for column in use_case.schema if column.missing is not Missing.REJECT}
    return {feature.name for feature in use_case.features if optional.intersection(feature.inputs)}


def _step(impute: bool, scale: bool) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    # keep_empty_features: a column without one training value becomes 0 and stays, so that names hold
    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    if impute and scale:
        return Pipeline([("impute", imputer), ("scale", StandardScaler())])
    if impute:
        return imputer
    return StandardScaler() if scale else "passthrough"
