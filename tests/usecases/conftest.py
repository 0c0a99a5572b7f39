"""Trainings that several tests of a use case look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from core.domain.columns import Array, Columns
from core.domain.features import Floats, feature_matrix
from core.domain.parsing import parse_row
from core.domain.usecase import UseCase
from core.ml.fit import FittedModels, fit_models
from core.ml.split import Partition, Splitter, group_codes


@dataclass(frozen=True)
class Fitted:
    """A use case's models on rows of its own generator, and which rows trained them."""

    use_case: UseCase
    columns: Columns
    target: Array
    matrix: Floats
    partition: Partition
    models: FittedModels

    def held_out(self) -> tuple[dict[str, Floats], Array]:
        """Outputs by model, and the outcomes, of the rows that nothing was fitted on."""
        test = self.partition.test
        return self.models.predict(self.matrix[test]), self.target[test]

    def take(self, rows: Any) -> Columns:
        return {name: values[rows] for name, values in self.columns.items()}


def typed(use_case: UseCase, rows: list[dict[str, Any]]) -> Columns:
    """Rows as scoring reads them; every one must pass the check."""
    parsed = [parse_row(use_case.schema, row) for row in rows]
    assert all(use_case.schema.check(row, 1).ok[0] for row in parsed)
    return {name: np.concatenate([row[name].values for row in parsed]) for name in use_case.schema.names}


@pytest.fixture(scope="session")
def collectors() -> Fitted:
    """The collectors' reference population: 955 of them, twelve months each."""
    from core.usecases.collector_performance import USE_CASE

    assert USE_CASE.synthesize is not None
    rows = USE_CASE.synthesize(955 * 12, 17).to_pylist()
    columns = typed(USE_CASE, rows)
    target = np.array([USE_CASE.target.classes.index(row["performance"]) for row in rows], dtype=np.float64)
    groups = group_codes(columns["collector_id"])
    splitter = Splitter(USE_CASE.recipe.split, target.astype(np.int64), columns["month"], groups, 5)
    matrix = feature_matrix(USE_CASE.features, columns, len(rows))
    partition = splitter.partition()
    models = fit_models(USE_CASE, matrix, target, partition.train, partition.calibration, 5)
    return Fitted(USE_CASE, columns, target, matrix, partition, models)
