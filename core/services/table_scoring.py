"""Score a table in memory, for programs that use the desk as a library; nothing is logged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from core.errors import InputError
from core.ml.scorer import Scorer
from core.services.comparison.assigning import Assigning
from core.services.records import Accepted, accept, output_columns
from core.services.reference import parsed_columns
from core.store.identity import prediction_ids


def score_table(
    scorer: Scorer, table: Any, logged_as: Callable[[Accepted], Accepted], experiment: Assigning | None = None
) -> pa.Table:
    """The columns that a scored file gains, one row per row given; see `Desk.score`.

    `logged_as` says under which ids the log would keep the rows: what follows from ids is the same on every face.
    """
    if not isinstance(table, pa.Table):
        table = pa.Table.from_pandas(table, preserve_index=False)
    use_case = scorer.use_case
    missing = [column.name for column in use_case.schema if column.required and column.name not in table.column_names]
    if missing:
        raise InputError(f"The table lacks {', '.join(missing)}.", "Columns are matched by name.", missing=missing)
    parsed = parsed_columns(use_case.schema, table)
    checked = use_case.schema.check(parsed, table.num_rows)
    accepted = logged_as(accept(checked, parsed, np.arange(1, table.num_rows + 1)))
    reasons = checked.why()
    why = pa.array([reasons.get(row) for row in range(table.num_rows)], pa.string())
    if accepted.n_rows == 0:
        return pa.table({"score": pa.nulls(table.num_rows, pa.float64()), "why": why})
    scores = scorer.score(accepted.columns, accepted.n_rows)
    facts = accepted.columns, accepted.other_texts, accepted.n_rows
    ids = prediction_ids(use_case, scorer.bundle.identity, *facts, row_numbers=accepted.row_numbers)
    assigned = experiment(accepted, scores, ids) if experiment else None
    scores, arms = (assigned.scores, assigned.columns) if assigned else (scores, {})
    scored = pa.table(output_columns(scorer, accepted, scores, ids) | arms)
    place = np.where(checked.ok, np.cumsum(checked.ok) - 1, 0)
    rows = scored.take(pa.array(place, mask=~checked.ok))
    return rows.append_column("why", why)
