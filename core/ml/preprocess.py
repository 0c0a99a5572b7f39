"""The preprocessor that a use case's four models share: impute, scale, pass through.

Fitted on training rows only; the reference population of every scaler and imputer is the training rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain.columns import Missing
from core.domain.features import Floats
from core.domain.usecase import UseCase


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
    one 0/1 column for each feature that was missing in some training row.

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

    names = use_case.feature_names
    scaled = list(scaled_features(use_case, matrix))
    others = [name for name in names if name not in set(scaled)]
    gaps = [name for name, column in zip(names, matrix.T, strict=True) if np.isnan(column).any()]
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
