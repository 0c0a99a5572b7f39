"""Many rows with what every column adds to their scores: held-out reference rows, or the latest days of the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from core.domain.columns import Array, Columns
from core.domain.features import Floats, feature_matrix
from core.domain.importance import Codes
from core.domain.judged import dense
from core.domain.policy import Codes as Bands
from core.domain.score import scalar_score
from core.domain.usecase import UseCase
from core.ml.scorer import Scorer
from core.services.desk import Desk
from core.services.kept import kept
from core.services.reasons.explainers import explainer, reference_columns
from core.services.reasons.logged_row import logged_columns
from core.store.log_schema import raw_names

MOST_ROWS = 1_500


@dataclass(frozen=True)
class ExplainedRows:
    """Rows of one source, explained by one version.

    Attributes
    ----------
    version : str
    days : int or None
        The latest days of the log; None for the version's reference rows.
    n, n_there : int
        Rows explained, evenly spaced over time, and rows there were.
    columns : mapping of str to array, shape (n, ...)
    outcome : array, shape (n,), or None
        0/1, class codes or values; None where none is known.
    points : mapping of model to array, shape (n, n_model_columns)
    scores : mapping of model to array, shape (n,)
    bands : mapping of model to array of int8, shape (n,)
    clusters : array of int64, shape (n,), or None
        Entity codes, None where none repeats.
    """

    version: str
    days: int | None
    n: int
    n_there: int
    first: date | None
    last: date | None
    columns: Columns
    outcome: Array | None
    points: Mapping[str, Floats]
    scores: Mapping[str, Floats]
    bands: Mapping[str, Bands]
    clusters: Codes | None


def explained_rows(desk: Desk, use_case: UseCase, days: int | None = None, version: str | None = None) -> ExplainedRows:
    """Reference rows, or the latest days of the log, explained by a version: by the acting one unless it is named."""
    version = desk.scorer(use_case.key, version).card.version
    mark = () if days is None else desk.log.water_mark(use_case)
    return kept(desk, use_case, ("rows", version, days, *mark), lambda: _explain(desk, use_case, days, version))


def outputs_of(scorer: Scorer, columns: Columns, n_rows: int) -> dict[str, Floats]:
    """Every model's outputs for typed columns, shape (n_rows, k) each; the rules are not asked."""
    matrix = feature_matrix(scorer.use_case.features, columns, n_rows)
    compiled = scorer.bundle.compiled
    return compiled.predict(compiled.inputs(matrix))


def scores_of(scorer: Scorer, columns: Columns, n_rows: int) -> dict[str, Floats]:
    """Every model's scores for typed columns, shape (n_rows,) each."""
    values = scorer.use_case.target.class_values
    return {name: scalar_score(out, values) for name, out in outputs_of(scorer, columns, n_rows).items()}


@dataclass(frozen=True)
class _Source:
    """Rows to be explained, at most `MOST_ROWS`, in the order of time."""

    columns: Columns
    outcome: Array | None
    n: int
    n_there: int
    entity: Array | None


def _explain(desk: Desk, use_case: UseCase, days: int | None, version: str) -> ExplainedRows:
    scorer = desk.scorer(use_case.key, version)
    source = _reference(desk, use_case, version) if days is None else _logged(desk, use_case, days)
    n, columns = source.n, source.columns
    found = explainer(desk, use_case.key, version).explain(columns, n) if n else {}
    outputs = outputs_of(scorer, columns, n) if n else {}
    scores = {name: scalar_score(output, use_case.target.class_values) for name, output in outputs.items()}
    first, last = _span(use_case, columns)
    return ExplainedRows(
        version=version,
        days=days,
        n=n,
        n_there=source.n_there,
        first=first,
        last=last,
        columns=columns,
        outcome=source.outcome,
        points={name: item.points for name, item in found.items()},
        scores=scores,
        bands={name: scorer.bands(name, outputs[name], score) for name, score in scores.items()},
        clusters=None if source.entity is None or n == 0 else dense(source.entity),
    )


def _spaced(n_rows: int) -> Array:
    """Places of at most `MOST_ROWS` rows, evenly spaced."""
    return np.linspace(0, n_rows - 1, min(n_rows, MOST_ROWS)).round().astype(np.int64)


def _reference(desk: Desk, use_case: UseCase, version: str) -> _Source:
    columns, outcome, n_rows = reference_columns(desk, use_case.key, version)
    time = use_case.schema.time
    order = np.arange(n_rows)
    if time is not None and time.name in columns:
        order = np.argsort(columns[time.name], kind="stable")
    picked = order[_spaced(n_rows)]
    columns = {name: values[picked] for name, values in columns.items()}
    who = use_case.group or use_case.entity
    entity = columns.get(who) if who else None
    known = None if outcome is None or np.isnan(outcome).all() else outcome[picked]
    return _Source(columns, known, len(picked), n_rows, None if entity is None else entity.astype(str))


def _logged(desk: Desk, use_case: UseCase, days: int) -> _Source:
    newest = _newest(desk, use_case)
    if newest is None:
        return _Source({}, None, 0, 0, None)
    stored = raw_names(use_case)
    table = desk.log.scan(use_case, ["entity", "as_of", *stored.values()], since=newest - timedelta(days=days))
    order = np.argsort(table["as_of"].to_numpy(), kind="stable")
    picked = table.take(pa.array(order[_spaced(table.num_rows)]))
    entity = np.array(picked["entity"].to_pylist(), dtype=object).astype(str)
    return _Source(logged_columns(use_case, picked), None, picked.num_rows, table.num_rows, entity)


def _newest(desk: Desk, use_case: UseCase) -> datetime | None:
    """The time of the newest logged row."""

    def read() -> datetime | None:
        times = desk.log.scan(use_case, ["as_of"])["as_of"].to_numpy()
        found: datetime | None = times.max().astype("datetime64[us]").item() if len(times) else None
        return found

    return kept(desk, use_case, ("newest", *desk.log.water_mark(use_case)), read)


def _span(use_case: UseCase, columns: Mapping[str, Any]) -> tuple[date | None, date | None]:
    time = use_case.schema.time
    if time is None or time.name not in columns or len(columns[time.name]) == 0:
        return None, None
    days = columns[time.name].astype("datetime64[D]")
    return days.min().item(), days.max().item()
