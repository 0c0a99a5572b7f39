"""Features as scikit-learn transformers: cloned, named, piped and pickled like any other."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from core.domain.features import feature_matrix
from core.errors import InputError, UnknownName
from core.ml.preprocess import FeatureTransformer, transformer
from core.usecases.collector_performance import USE_CASE

RATES = ("rpc_rate", "ptp_rate", "recovery_rate")
INPUTS = (
    "total_contacts",
    "contacts_connected",
    "promises_to_pay",
    "total_debt",
    "debt_recovered",
)


@pytest.fixture(scope="module")
def months() -> pd.DataFrame:
    return USE_CASE.synthesize(600, 5).to_pandas()


def test_rates_follow_their_formulas_and_are_named(months: pd.DataFrame) -> None:
    rates = transformer(USE_CASE, *RATES)
    values = rates.fit_transform(months)
    expected = np.column_stack(
        [
            100 * months["contacts_connected"] / months["total_contacts"],
            100 * months["promises_to_pay"] / months["contacts_connected"].replace(0, 1),
            100 * months["debt_recovered"] / months["total_debt"],
        ]
    )
    assert values == pytest.approx(expected, rel=1e-12)
    assert rates.get_feature_names_out().tolist() == list(RATES)
    assert rates.n_features_in_ == months.shape[1]


def test_a_denominator_of_zero_gives_zero_and_no_warning() -> None:
    nothing = pd.DataFrame({name: [0.0, 0.0] for name in INPUTS})
    values = transformer(USE_CASE, *RATES).fit_transform(nothing)  # warnings are errors here
    assert values.tolist() == [[0.0, 0.0, 0.0]] * 2


def test_columns_are_matched_by_name_in_any_order(months: pd.DataFrame) -> None:
    rates = transformer(USE_CASE, *RATES).fit(months)
    assert (rates.transform(months[list(reversed(INPUTS))]) == rates.transform(months)).all()


def test_clone_keeps_the_features_and_forgets_the_fit(months: pd.DataFrame) -> None:
    fitted = transformer(USE_CASE, *RATES).fit(months)
    again = clone(fitted)
    assert [feature.name for feature in again.features] == list(RATES)
    with pytest.raises(NotFittedError):
        again.transform(months)
    assert (again.fit_transform(months) == fitted.transform(months)).all()


def test_set_output_gives_a_frame_with_the_features_names_and_the_rows_index(months: pd.DataFrame) -> None:
    shuffled = months.sample(50, random_state=1)
    frame = transformer(USE_CASE, *RATES).set_output(transform="pandas").fit_transform(shuffled)
    assert list(frame.columns) == list(RATES)
    assert (frame.index == shuffled.index).all()


def test_it_works_in_pipelines_and_column_transformers_and_survives_pickling(months: pd.DataFrame) -> None:
    target = (months["performance"] == "High").to_numpy()
    side_by_side = make_column_transformer(
        (transformer(USE_CASE, *RATES), list(INPUTS)), (StandardScaler(), ["cases_closed"])
    )
    model = make_pipeline(side_by_side, StandardScaler(), LogisticRegression()).fit(months, target)
    assert model.score(months, target) > 0.75
    assert [name.split("__")[1] for name in side_by_side.get_feature_names_out()] == [*RATES, "cases_closed"]
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict(months) == model.predict(months)).all()


def test_all_features_are_the_matrix_the_models_take() -> None:
    from core.domain.parsing import parse_row

    parsed = [parse_row(USE_CASE.schema, row) for row in USE_CASE.synthesize(60, 3).to_pylist()]
    columns = {name: np.concatenate([row[name].values for row in parsed]) for name in USE_CASE.model_columns}
    values = transformer(USE_CASE).fit_transform(pd.DataFrame(columns))
    assert (values == feature_matrix(USE_CASE.features, columns, 60)).all()


def test_what_cannot_be_used_is_said(months: pd.DataFrame) -> None:
    with pytest.raises(UnknownName, match="rpc_rat"):
        transformer(USE_CASE, "rpc_rat")
    with pytest.raises(InputError, match="lacks total_debt"):
        transformer(USE_CASE, *RATES).fit(months.drop(columns="total_debt"))
    with pytest.raises(InputError, match="ndarray"):
        FeatureTransformer(USE_CASE.features).fit(np.zeros((3, 14)))
