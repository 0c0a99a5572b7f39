"""The log's predictions beside their outcomes as typed arrays in the order of time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.domain.judged import Judged
from core.domain.usecase import Task, UseCase
from core.store.log_schema import score_names

NOBODY = "not noted"


def judged_rows(use_case: UseCase, table: pa.Table) -> Judged:
    """What `PredictionLog.judged` returned, as arrays.

    Parameters
    ----------
    use_case : UseCase
    table : pyarrow.Table, n_rows rows
    """
    times = numbers(table["as_of"])
    order = np.argsort(times.astype(np.int64), kind="stable")
    whole = bool((np.diff(order) == 1).all())  # already in order: nothing to move

    def placed(name: str) -> Any:
        values = numbers(table[name])
        return values if whole else values[order]

    stored = score_names(use_case)
    versions, version = coded(table["version"])
    deciders, decided_by = coded(table["decided_by"])
    outputs = {
        model: np.column_stack([placed(stored[name]) for name in _outputs(use_case, model)])
        for model in use_case.recipe.model_names
    }
    return Judged(
        days=placed("as_of").astype("datetime64[D]"),
        mature=placed("mature").astype(bool),
        outcome=outcomes(use_case, table["outcome"])[order],
        outputs=outputs,
        rules_score=placed("rules_score"),
        band=placed("band"),
        rules_band=placed("rules_band"),
        decision=placed("decision"),
        version=version[order],
        decided_by=decided_by[order],
        versions=versions,
        deciders=deciders,
        entity=None if table["entity"].null_count else placed("entity"),
    )


def _outputs(use_case: UseCase, model: str) -> list[str]:
    if use_case.task is Task.MULTICLASS:
        return [f"{model}:{label}" for label in use_case.target.classes]
    return [model]


def numbers(column: pa.ChunkedArray) -> Any:
    """Numbers, NaN where null."""
    if column.null_count and pa.types.is_floating(column.type):
        column = pc.fill_null(column, float("nan"))
    return column.to_numpy()


def outcomes(use_case: UseCase, column: pa.ChunkedArray) -> Any:
    """Outcomes as numbers: 0/1, the place of the class, or the value; NaN where null."""
    if use_case.task is not Task.MULTICLASS:
        return numbers(column.cast(pa.float64()))
    places = pc.index_in(column, pa.array(use_case.target.classes))
    return numbers(places.cast(pa.float64()))


def coded(column: pa.ChunkedArray) -> tuple[tuple[str, ...], Any]:
    """The distinct texts of a column, and every row's place among them."""
    filled = pc.fill_null(column.cast(pa.string()), NOBODY)
    encoded = filled.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    return tuple(encoded.dictionary.to_pylist()), encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
