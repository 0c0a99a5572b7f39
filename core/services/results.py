"""What a finished job left behind, for the page that shows it: a page of rows, the distribution of scores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import InputError
from core.services.access import Action, Actor, require
from core.services.desk import Desk

BINS = 40


@dataclass(frozen=True)
class Summary:
    """The scores of a file: `counts` per bin between `edges`, rows by band, quartiles; n is `n_rows`."""

    n_rows: int
    edges: list[float]
    counts: list[int]
    bands: dict[str, int]
    quartiles: tuple[float, float, float]


def summary(desk: Desk, actor: Actor, job_id: str) -> Summary:
    """The distribution of the acting scores in a job's scored file."""
    require(actor, Action.SEE)
    scores = np.concatenate(
        [np.empty(0), *(part.to_numpy(zero_copy_only=False) for part in _scored(desk, job_id).read(["score"])["score"].chunks)]
    )
    if len(scores) == 0:
        return Summary(0, [], [], {}, (0.0, 0.0, 0.0))
    counts, edges = np.histogram(scores, bins=BINS)
    low, middle, high = np.quantile(scores, [0.25, 0.5, 0.75]).tolist()
    bands = dict(desk.jobs.state(job_id).result["bands"])
    return Summary(len(scores), edges.tolist(), counts.tolist(), bands, (low, middle, high))


def page_of(desk: Desk, actor: Actor, job_id: str, offset: int, limit: int) -> pa.Table:
    """Rows of a job's scored file, as the file has them; only the row groups that hold them are read."""
    require(actor, Action.SEE)
    scored = _scored(desk, job_id)
    parts, first = [], 0
    for group in range(scored.num_row_groups):
        n_rows = scored.metadata.row_group(group).num_rows
        start, stop = max(offset - first, 0), min(offset + limit - first, n_rows)
        if start < stop:
            parts.append(scored.read_row_group(group).slice(start, stop - start))
        first += n_rows
    return pa.concat_tables(parts) if parts else scored.schema_arrow.empty_table()


def _scored(desk: Desk, job_id: str) -> pq.ParquetFile:
    files = desk.jobs.state(job_id).result.get("files", {})
    path = Path(files.get("parquet", ""))
    if not path.is_file():
        raise InputError(
            f"Job {job_id} left no table to show.", "Its file was cleared away or never written; score the file again."
        )
    return pq.ParquetFile(path)
