"""What must never happen to a collector; one test each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.domain.features import feature_matrix
from core.domain.parsing import parse_row
from core.errors import RowProblem
from core.services.scoring import check_row
from core.store.typed import read_column
from core.usecases.collector_performance import USE_CASE
from core.usecases.collector_performance_truth import QUALITY

from .conftest import Fitted, typed

SCALES = ("communication_quality", "problem_solving", "debtor_feedback")


def row(**changed: Any) -> dict[str, Any]:
    assert USE_CASE.synthesize is not None
    return USE_CASE.synthesize(24, 2).to_pylist()[5] | changed


def features_of(*rows: dict[str, Any]) -> list[dict[str, float]]:
    matrix = feature_matrix(USE_CASE.features, typed(USE_CASE, list(rows)), len(rows))
    return [dict(zip(USE_CASE.feature_names, line.tolist(), strict=True)) for line in matrix]


@pytest.mark.parametrize("column", SCALES)
def test_never_unsatisfactory_above_fair(column: str) -> None:
    """The five points rise with the words, however they are written, alone and in a file."""
    import pyarrow as pa

    points = [features[f"{column}_points"] for features in features_of(*(row(**{column: level}) for level in QUALITY))]
    assert points == [1, 2, 3, 4, 5]
    assert QUALITY.index("unsatisfactory") < QUALITY.index("fair")
    shouted = [features_of(row(**{column: f" {level.upper()} "}))[0][f"{column}_points"] for level in QUALITY]
    assert shouted == points
    in_a_file = read_column(USE_CASE.schema[column], pa.array(QUALITY), "UTC").values
    assert (in_a_file + 1).tolist() == points


def test_never_ptp_and_recovery_swapped_between_training_and_serving(collectors: Fitted) -> None:
    """Each rate reads its own two columns, wherever they stand, and the models are fed by name."""
    before, promised, recovered = features_of(
        row(contacts_connected=30, total_contacts=50, promises_to_pay=3, total_debt=200, debt_recovered=100),
        row(contacts_connected=30, total_contacts=50, promises_to_pay=27, total_debt=200, debt_recovered=100),
        row(contacts_connected=30, total_contacts=50, promises_to_pay=3, total_debt=200, debt_recovered=180),
    )
    assert (before["ptp_rate"], before["recovery_rate"]) == (10, 50)
    assert {name for name in before if before[name] != promised[name]} == {"ptp_rate", "promises_to_pay"}
    assert {name for name in before if before[name] != recovered[name]} == {"recovery_rate", "debt_recovered"}
    trained = collectors.models.compiled
    names = collectors.models.preprocessor.get_feature_names_out().tolist()
    assert [USE_CASE.feature_names[place] for place in trained.source] == names == list(trained.feature_names)
    test = collectors.partition.test[:50]
    swapped_columns = dict(reversed(collectors.take(test).items()))
    served = feature_matrix(USE_CASE.features, swapped_columns, len(test))
    assert (served == collectors.matrix[test]).all()


def test_never_a_scaler_fitted_on_test_rows(collectors: Fitted) -> None:
    """Centres and scales are those of the training rows alone; no collector is on both sides."""
    scaler = collectors.models.preprocessor.named_transformers_["scaled"]
    names = list(collectors.models.preprocessor.get_feature_names_out())
    order = [USE_CASE.feature_names.index(name) for name in names]
    train = collectors.matrix[collectors.partition.train][:, order]
    assert scaler.mean_ == pytest.approx(train.mean(axis=0), rel=1e-12)
    assert scaler.scale_ == pytest.approx(train.std(axis=0), rel=1e-12)
    assert collectors.models.compiled.centre == pytest.approx(train.mean(axis=0), rel=1e-12)
    everyone = collectors.matrix[:, order]
    assert not np.allclose(scaler.mean_, everyone.mean(axis=0), rtol=1e-6)
    names_of = {
        part: set(collectors.columns["collector_id"][rows]) for part, rows in collectors.partition.parts().items()
    }
    assert not names_of["train"] & names_of["test"]
    assert not names_of["calibration"] & names_of["test"]
    assert not names_of["train"] & names_of["calibration"]


@pytest.mark.parametrize("model", USE_CASE.recipe.model_names)
def test_never_the_prior_of_an_oversampled_training_set(collectors: Fitted, model: str) -> None:
    """Mean probabilities are the classes' shares, 9 / 48 / 43, nowhere near a third each."""
    outputs, target = collectors.held_out()
    shares = np.bincount(target.astype(int)) / len(target)
    assert outputs[model].mean(axis=0) == pytest.approx(shares, abs=0.015)
    assert np.abs(outputs[model].mean(axis=0) - 1 / 3).max() > 0.2


def test_never_a_recovery_of_126_per_cent_in_one_row() -> None:
    with pytest.raises(RowProblem) as told:
        check_row(USE_CASE, row(total_debt=100_000_000, debt_recovered=126_000_000))
    (problem,) = told.value.data["problems"]
    assert (problem.column, problem.value) == ("debt_recovered", "126000000")
    assert problem.message == "debt_recovered is '126000000'; it cannot exceed total_debt, which is 100000000."
    check_row(USE_CASE, row(total_debt=100_000_000, debt_recovered=100_000_000))


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        ("debt_recovered", "total_debt"),
        ("contacts_connected", "total_contacts"),
        ("promises_to_pay", "contacts_connected"),
        ("cases_closed", "cases_total"),
    ],
)
def test_never_a_part_above_its_whole(part: str, whole: str) -> None:
    given = row()
    given |= {whole: 10, part: 11}
    problems = list(USE_CASE.schema.check(parse_row(USE_CASE.schema, given), 1).problems())
    assert (part, f"at most {whole}") in {(problem.column, problem.rule) for problem in problems}
