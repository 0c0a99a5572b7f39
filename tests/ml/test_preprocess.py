"""The preprocessor learns from training rows only, and keeps what a missing value says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from core.domain.features import feature_matrix
from core.domain.usecase import Task
from core.ml.compiled import Compiled
from core.ml.fit import fit_models
from core.ml.preprocess import feature_frame, fit_preprocessor
from core.ml.train import Trained, train


def _numbers(compiled: Compiled) -> list[list[float]]:
    return [compiled.centre.tolist(), compiled.scale.tolist(), np.nan_to_num(compiled.impute, nan=-9).tolist()]


def test_held_out_rows_change_nothing_that_was_fitted(make_small: Callable[..., object], trained_small: dict) -> None:
    rows, before = trained_small[Task.BINARY]
    columns = {name: values.copy() for name, values in rows.columns.items()}
    for name in ("x", "gap", "quiet"):
        columns[name][before.reference] = 1e6
    after = train(rows.use_case, columns, rows.target)
    assert np.array_equal(before.reference, after.reference)
    assert _numbers(before.compiled) == _numbers(after.compiled)
    assert np.array_equal(before.compiled.members[0].coef, after.compiled.members[0].coef)  # type: ignore[union-attr]


def test_train_rows_do_change_it(trained_small: dict) -> None:
    rows, before = trained_small[Task.BINARY]
    columns = {name: values.copy() for name, values in rows.columns.items()}
    train_rows = np.setdiff1d(np.arange(len(rows.target)), before.reference)
    columns["x"][train_rows] *= 2
    assert _numbers(before.compiled) != _numbers(train(rows.use_case, columns, rows.target).compiled)


def test_missing_values_take_the_training_median_and_are_flagged(trained_small: dict) -> None:
    rows, trained = trained_small[Task.BINARY]
    compiled = trained.compiled
    assert compiled.feature_names == (
        "x",
        "gap",
        "quiet",
        "colour_<red>",
        "colour_green",
        "colour_blue",
        "missingindicator_gap",
    )
    assert compiled.indicator.tolist() == [False] * 6 + [True]
    alone = compiled.inputs(np.array([[0.0, np.nan, np.nan, 1.0, 0.0, 0.0]]))
    assert not np.isnan(alone).any()
    assert alone[0, 6] == 1.0
    assert alone[0, 1] == (compiled.impute[1] - compiled.centre[1]) / compiled.scale[1]


def test_a_column_that_may_be_missing_is_imputed_even_if_no_training_row_lacked_it(trained_small: dict) -> None:
    _, trained = trained_small[Task.BINARY]
    position = trained.compiled.feature_names.index("quiet")
    assert np.isfinite(trained.compiled.impute[position])


def test_scaled_training_rows_have_mean_zero_and_spread_one(leads: object) -> None:
    matrix = feature_matrix(leads.use_case.features, leads.columns, len(leads.target))  # type: ignore[attr-defined]
    fitted = fit_preprocessor(leads.use_case, matrix[:5000])  # type: ignore[attr-defined]
    table = fitted.transform(feature_frame(leads.use_case, matrix[:5000]))  # type: ignore[attr-defined]
    names = list(fitted.get_feature_names_out())
    scaled = [names.index(name) for name in ("hour_of_day", "page_views", "time_on_site", "company_size_encoded")]
    assert np.allclose(table[:, scaled].mean(axis=0), 0, atol=1e-9)
    assert np.allclose(table[:, scaled].std(axis=0), 1)
    assert set(np.unique(table[:, names.index("is_weekend")])) == {0.0, 1.0}


def test_a_column_without_a_single_training_value_stays(make_small: Callable[..., object]) -> None:
    rows = make_small(Task.BINARY)
    rows.columns["quiet"][:] = np.nan  # type: ignore[attr-defined]
    trained: Trained = train(rows.use_case, rows.columns, rows.target)  # type: ignore[attr-defined]
    assert trained.compile_difference <= 1e-12


@pytest.mark.parametrize("model", ["logistic", "lightgbm"])
def test_models_take_frames_by_name_in_any_order(model: str, trained_small: dict) -> None:
    import pandas as pd

    rows, trained = trained_small[Task.BINARY]
    matrix = feature_matrix(rows.use_case.features, rows.columns, len(rows.target))
    names = trained.preprocessor.get_feature_names_out()
    frame = pd.DataFrame(trained.preprocessor.transform(feature_frame(rows.use_case, matrix)), columns=names)
    fitted = trained.models[model]
    assert np.array_equal(fitted.predict_proba(frame), fitted.predict_proba(frame[names[::-1]]))
    assert list(fitted.feature_names_in_) == list(names)


def test_a_fit_needs_a_training_row_of_every_class(make_small: Callable[..., object]) -> None:
    rows = make_small(Task.MULTICLASS)
    matrix = feature_matrix(rows.use_case.features, rows.columns, len(rows.target))  # type: ignore[attr-defined]
    only = np.flatnonzero(rows.target != 2)  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="'high'"):
        fit_models(rows.use_case, matrix, rows.target, only, only, 1)  # type: ignore[attr-defined]
