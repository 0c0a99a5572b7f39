"""Reasons in columns: what a scored file gains when every row is to say why its score is what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from core.domain.columns import Array, Columns
from core.domain.reason_texts import point_texts, reason_texts, strongest, value_texts
from core.services.records import Accepted

if TYPE_CHECKING:
    from core.domain.usecase import UseCase
    from core.ml.explain import Attributions, Explainer

N_REASONS = 3
BLOCK_ROWS = 2_048  # attributions of one block per worker are in memory at a time, whatever the chunk
WORKERS = 2  # blocks at a time: trees take most of it, and they let another thread run
NAMES = {True: "helps", False: "hurts"}

Step = Callable[[int], None]  # told how many rows of the chunk have their reasons


def names() -> tuple[str, ...]:
    """The columns that are added, in their order."""
    told = (f"{name}_{rank}" for name in NAMES.values() for rank in range(1, N_REASONS + 1))
    return ("reasons_base", *(column for name in told for column in (name, f"{name}_points")))


def reason_columns(explainer: Explainer, accepted: Accepted, step: Step | None = None) -> dict[str, pa.ChunkedArray]:
    """The acting model's strongest reasons of every row, up and down, as texts and as points.

    Parameters
    ----------
    explainer : Explainer
    accepted : Accepted
        n_rows rows that passed the check.
    step : callable, optional
        Told after each block how many rows are done; what it raises stops the work.

    Returns
    -------
    dict
        `reasons_base` (score of the base, in units of the score), then by rank `helps_1` (text) and
        `helps_1_points` (in units of the score, towards or away from it), likewise `hurts_1`; null where a row has
        fewer reasons.
    """
    blocks = range(0, accepted.n_rows, BLOCK_ROWS)
    parts: list[dict[str, Any]] = []
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="reasons") as workers:
        pending = [workers.submit(_block, explainer, accepted, first) for first in blocks]
        try:
            for first, block in zip(blocks, pending, strict=True):
                parts.append(block.result())
                if step is not None:
                    step(min(first + BLOCK_ROWS, accepted.n_rows))
        finally:
            workers.shutdown(wait=True, cancel_futures=True)
    return {name: pa.chunked_array([part[name] for part in parts]) for name in names()}


def _block(explainer: Explainer, accepted: Accepted, first: int) -> dict[str, Any]:
    last, champion = min(first + BLOCK_ROWS, accepted.n_rows), explainer.scorer.card.champion
    columns = {name: values[first:last] for name, values in accepted.columns.items()}
    found = explainer.explain(columns, last - first, [champion])[champion]
    others = {name: _within(texts, first, last) for name, texts in accepted.other_texts.items()}
    return _told(explainer.use_case, found, columns, others)


def _within(texts: Mapping[int, str], first: int, last: int) -> dict[int, str]:
    return {row - first: text for row, text in texts.items() if first <= row < last}


def _told(
    use_case: UseCase, found: Attributions, columns: Columns, others: Mapping[str, Mapping[int, str]]
) -> dict[str, Any]:
    schema, names = use_case.schema, found.columns
    titles = [schema[name].title for name in names]

    def texts(place: int, rows: Array) -> pa.Array:
        name = names[place]
        unseen = others.get(name, {})
        came = {at: unseen[row] for at, row in enumerate(rows.tolist()) if row in unseen} if unseen else {}
        return value_texts(schema[name], columns[name][rows], schema.timezone, came)

    told: dict[str, Any] = {"reasons_base": pa.array(found.base)}
    for helps, side in NAMES.items():
        sign = 1.0 if helps is use_case.higher_is_better else -1.0
        places, sizes = strongest(sign * found.points, N_REASONS)
        for rank in range(N_REASONS):
            points = sign * sizes[:, rank]
            said = point_texts(use_case, np.nan_to_num(points))
            told[f"{side}_{rank + 1}"] = reason_texts(places[:, rank], said, titles, texts)
            told[f"{side}_{rank + 1}_points"] = pa.array(points, from_pandas=True)
    return told
