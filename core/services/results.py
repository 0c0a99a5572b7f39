"""What came out of a scored file, read from the Parquet file its job wrote: figures, rows, downloads.

The log alone cannot answer for a file: rows it knew before belong to the upload that logged them first.
A person who may not see every model's score gets the acting score only, in tables and downloads alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from core.domain.usecase import UseCase
from core.errors import InputError, UnknownName
from core.services.access import Action, Actor, may, require
from core.services.desk import Desk
from core.services.jobs import JobState
from core.services.pipeline import KIND

N_BINS = 40
OUTER = (0.002, 0.995)  # the outer bins take what lies beyond these quantiles, so that a long tail stays readable
OPINIONS = ("consensus", "agreement", "arm")  # beside the models' own scores, what only some roles may see


@dataclass(frozen=True)
class FileSummary:
    """The scores of a file in bins, shape (n_bins + 1,) edges and (n_bins,) counts, and its bands.

    The outer bins also hold what lies beyond them.
    """

    n_rows: int
    bands: dict[str, int]
    edges: Sequence[float]
    counts: Sequence[int]
    quartiles: tuple[float, float, float]


def summary(desk: Desk, actor: Actor, job: JobState) -> FileSummary:
    """Scores in bins and rows by band, of every row of the file that was scored."""
    require(actor, Action.SEE)
    scores = _read(_scored_file(job), ["score"])["score"].to_numpy()
    if len(scores) == 0:
        return FileSummary(0, {}, (), (), (0.0, 0.0, 0.0))
    edges = _edges(*np.quantile(scores, OUTER).tolist())
    counts, _ = np.histogram(np.clip(scores, edges[0], edges[-1]), edges)
    low, middle, high = np.quantile(scores, (0.25, 0.5, 0.75)).tolist()
    return FileSummary(len(scores), dict(job.result["bands"]), edges.tolist(), counts.tolist(), (low, middle, high))


def _edges(low: float, high: float) -> np.ndarray[Any, Any]:
    """Equal bins of a round width that hold every score and begin at zero where that is near."""
    if 0 <= low < 0.25 * high:
        low = 0.0
    rough = max(high - low, 1e-9) / N_BINS
    power = 10.0 ** np.floor(np.log10(rough))
    width = next(times * power for times in (1, 2, 2.5, 5, 10) if times * power >= rough)
    first = np.floor(low / width)
    return np.asarray((first + np.arange(int(np.ceil(high / width - first)) + 1 or 2)) * width)


def page_of(desk: Desk, actor: Actor, job: JobState, offset: int, limit: int) -> pa.Table:
    """Some scored rows in the file's order, with what came in and what the actor may see of the scores."""
    require(actor, Action.SEE)
    from pyarrow import parquet

    with parquet.ParquetFile(_scored_file(job)) as scored:
        columns = _visible(scored.schema_arrow.names, desk.use_case(job.use_case), actor)
        start, parts = 0, []
        for group in range(scored.num_row_groups):
            n_rows = scored.metadata.row_group(group).num_rows
            first, last = max(offset - start, 0), min(offset + limit - start, n_rows)
            if first < last:
                parts.append(scored.read_row_group(group, columns).slice(first, last - first))
            start += n_rows
        return pa.concat_tables(parts) if parts else scored.schema_arrow.empty_table().select(columns)


def _visible(names: Sequence[str], use_case: UseCase, actor: Actor) -> list[str]:
    if may(actor, Action.SEE_MODELS):
        return list(names)
    hidden = {f"score_{model}" for model in use_case.recipe.model_names}
    return [name for name in names if name.split(":")[0] not in hidden and name not in OPINIONS]


def file_of(desk: Desk, actor: Actor, job: JobState, kind: str) -> Path:
    """The file to hand out: csv, parquet or rejects; without the models' scores where the actor may not see them."""
    require(actor, Action.DOWNLOAD)
    files = job.result.get("files", {})
    if kind not in files:
        raise UnknownName("file", kind, files)
    path = Path(files[kind])
    if kind == "rejects" or may(actor, Action.SEE_MODELS):
        return _there(path)
    return _acting_only(desk, actor, job, kind)


def _acting_only(desk: Desk, actor: Actor, job: JobState, kind: str) -> Path:
    """A copy with the acting score only, made once."""
    from pyarrow import parquet

    from core.store.output import ScoredWriter

    source = _scored_file(job)
    target = source.with_name(f"{source.name.removesuffix('.scored.parquet')}.acting.{kind}")
    if target.exists():
        return target
    writer = ScoredWriter(target if kind == "csv" else None, target if kind == "parquet" else None)
    with parquet.ParquetFile(source) as scored:
        columns = _visible(scored.schema_arrow.names, desk.use_case(job.use_case), actor)
        for batch in scored.iter_batches(columns=columns):
            writer.write(pa.Table.from_batches([batch]), {})
    writer.close()
    return target


def recent(desk: Desk, actor: Actor, key: str, n: int = 5) -> list[JobState]:
    """The latest files of a use case that were scored, newest first."""
    require(actor, Action.SEE)
    done = desk.ledger.jobs(state="done", use_case=key, limit=n)
    return [desk.jobs.state(record.id) for record in done if record.kind == KIND]


def _scored_file(job: JobState) -> Path:
    path = job.result.get("files", {}).get("parquet")
    if path is None:
        raise InputError("This scoring wrote no Parquet file.", "Its scored CSV lies where it was asked for.")
    return _there(Path(path))


def _there(path: Path) -> Path:
    if not path.is_file():
        raise InputError(
            f"The result file {path.name} is no longer there.", "Score the file again; nothing is added twice."
        )
    return path


def _read(path: Path, columns: list[str]) -> pa.Table:
    from pyarrow import parquet

    return parquet.read_table(path, columns=columns)
