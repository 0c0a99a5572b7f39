"""Rows like the one that is complained about, and how they turned out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.domain.case_measures import distances
from core.domain.judged import outcome_values
from core.domain.metrics.influence import mean_of
from core.domain.usecase import Task, UseCase
from core.services.complaints.case_rows import CaseRows, run_columns, typed
from core.services.complaints.case_sections import Similar, SimilarRow
from core.store.log_schema import raw_names

K = 30


def similar(rows: CaseRows, k: int = K) -> Similar | None:
    """The nearest mature rows of the log, by scaled distance over what the models read; None for a period."""
    if rows.case.prediction_id is None:
        return None
    case, names = rows.use_case, run_columns(rows.use_case)
    stored = raw_names(case)
    columns = [*(stored[name] for name in names), "score"]
    table = rows.desk.log.with_outcomes(case, rows.window.known_on, columns)
    table = table.filter(pc.is_valid(table["outcome"]))
    own = rows.desk.log.prediction(case, rows.case.prediction_id)
    mine = pc.equal(table["prediction_id"], rows.case.prediction_id)
    actual = table.filter(mine)["outcome"].to_pylist()
    table = table.filter(pc.invert(mine))
    score = own["score"][0].as_py()
    said = _words(case, actual[0]) if actual else None
    if not len(table):
        return Similar(0, 0, mean_of("outcome", np.zeros(0)), score, said, ())
    row = {name: float(values[0]) for name, values in typed(case, own, names).items()}
    coded = frozenset(name for name in names if case.schema[name].kind.is_coded)
    apart = distances(row, typed(case, table, names), coded)
    nearest = np.argsort(apart, kind="stable")[:k]
    picked = table.take(pa.array(nearest))
    figures = mean_of("outcome", outcome_values(case, _codes(case, picked["outcome"].to_pylist())))
    found = zip(picked.to_pylist(), apart[nearest].tolist(), strict=True)
    return Similar(len(nearest), len(table), figures, score, said, tuple(_row(case, item, far) for item, far in found))


def _row(use_case: UseCase, item: dict[str, Any], distance: float) -> SimilarRow:
    stored = raw_names(use_case)
    return SimilarRow(
        prediction_id=item["prediction_id"],
        entity=item["entity"],
        as_of=item["as_of"],
        distance=distance,
        score=item["score"],
        outcome=_words(use_case, item["outcome"]),
        values={name: item[stored[name]] for name in run_columns(use_case)},
    )


def _codes(use_case: UseCase, outcomes: list[Any]) -> Any:
    if use_case.task is Task.MULTICLASS:
        places = {label: place for place, label in enumerate(use_case.target.classes)}
        return np.array([places.get(label, math.nan) for label in outcomes], dtype=np.float64)
    return np.array(outcomes, dtype=np.float64)


def _words(use_case: UseCase, outcome: Any) -> str:
    """An outcome as files write it."""
    if use_case.task is Task.BINARY:
        return use_case.target.classes[int(outcome)]
    return str(outcome) if use_case.task is Task.MULTICLASS else f"{outcome:,.4g}"
