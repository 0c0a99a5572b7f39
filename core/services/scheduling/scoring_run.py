"""A run of a scoring job: what is new at its source is scored like any upload, and handed on.

How far each source has come is in the ledger, so a run that broke off goes on where it was: what was scored but not
handed on is handed on first, and a row is never logged twice, because the log knows it by its id.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.domain.usecase import UseCase
from core.errors import DeskError, InputError
from core.services import batches
from core.services.desk import Desk
from core.services.scheduling.handing_on import hand_on
from core.services.scheduling.scoring_spec import SUFFIXES, From, Spec, To
from core.services.scheduling.task import DESK
from core.store.ledger_schedule_tables import ScoringJobRecord, SourceTaken
from core.store.query import run_select

SETTLED_SECONDS = 5.0  # a file that was written to a moment ago may still be growing
_NAMED = 3
_COUNTS = ("rows", "scored", "rejected", "already_scored")


@dataclass(frozen=True)
class Job:
    """A scoring job with what its run needs."""

    record: ScoringJobRecord
    use_case: UseCase
    spec: Spec


def run_scoring_job(desk: Desk, job_id: str, now: datetime) -> Mapping[str, Any]:
    """Score what is new and hand it on; one source that fails leaves the others alone, and is told."""
    record = desk.ledger.scoring_job(job_id)
    job = Job(record, desk.use_case(record.use_case), Spec.from_json(record.spec))
    begun = {taken.mark: taken for taken in desk.ledger.sources_taken(record.id)}
    done: list[SourceTaken] = []
    troubles: list[str] = []
    for taken, path in _work(desk, job, begun, now):
        try:
            done.append(_one(desk, job, taken, path, now))
        except DeskError as error:
            troubles.append(f"{taken.name}: {error}")
    troubles += [
        f"{taken.name}: all rows were rejected; its file of rejects says why." for taken in done if _lost(taken)
    ]
    return _summary(job, done, troubles)


def _work(
    desk: Desk, job: Job, begun: Mapping[str, SourceTaken], now: datetime
) -> Iterator[tuple[SourceTaken, Path | None]]:
    """Sources that were scored and not handed on, without a file; then new ones with their file."""
    waiting = [taken for taken in begun.values() if taken.scored_at is not None and taken.handed_on_at is None]
    yield from ((taken, None) for taken in waiting)
    scored = [taken for taken in begun.values() if taken.scored_at is not None]
    looked_at = {(taken.name, taken.facts["size"], taken.facts["changed"]) for taken in scored}
    for path in _files(desk, job, now):
        size, changed = path.stat().st_size, path.stat().st_mtime_ns
        if (path.name, size, changed) in looked_at:
            continue
        mark = _sha256(path)
        before = begun.get(mark)
        if before is not None and before.scored_at is not None:
            continue
        at = now if before is None else before.begun_at
        taken = SourceTaken(job.record.id, mark, path.name, at, None, None, {"size": size, "changed": changed})
        desk.ledger.keep_source(taken)
        yield taken, path


def _files(desk: Desk, job: Job, now: datetime) -> list[Path]:
    """The files there are, oldest first; of a query its rows in a new file."""
    source = job.spec.source
    path = Path(source.path)
    if source.kind is From.QUERY:
        folder = desk.settings.data_dir / "uploads"
        folder.mkdir(parents=True, exist_ok=True)
        return [run_select(path, source.query, folder / f"query-{job.record.id}-{now:%Y%m%dT%H%M%S}")]
    if source.kind is From.FOLDER and not path.is_dir():
        raise InputError(f"The folder {path} is not there.", "Make it again, or remove the scoring job.")
    found = path.iterdir() if source.kind is From.FOLDER else path.parent.glob(path.name)
    files = [item for item in found if item.is_file() and item.suffix.lower() in SUFFIXES]
    if source.kind is From.FILES and not files:
        raise InputError(f"There is no file {path}.", "Look whether it was written, or is called so.")
    return sorted((item for item in files if _settled(item)), key=lambda item: (item.stat().st_mtime, item.name))


def _one(desk: Desk, job: Job, taken: SourceTaken, path: Path | None, now: datetime) -> SourceTaken:
    """Score a source, unless that was done; hand it on; keep how far it came."""
    if path is not None:
        taken = _score(desk, job, taken, path)
        desk.ledger.keep_source(taken)

    facts = hand_on(desk, job.record, job.spec.target, taken)
    taken = replace(taken, facts={**taken.facts, **facts}, handed_on_at=datetime.now(UTC))
    desk.ledger.keep_source(taken)
    return taken


def _score(desk: Desk, job: Job, taken: SourceTaken, path: Path) -> SourceTaken:
    """The way of any upload: queued, scored, logged, counted."""
    folder = desk.settings.data_dir / "results" / f"scoring-{job.record.id}" / taken.mark[:16]
    folder.mkdir(parents=True, exist_ok=True)
    wants_csv = job.spec.target.kind is To.FILE and job.spec.target.form == "csv"
    outputs = batches.Outputs(
        folder / f"{path.stem}.scored.csv" if wants_csv else None,
        folder / f"{path.stem}.rejects.csv",
        folder / f"{path.stem}.scored.parquet",
    )
    job_id = batches.submit_to(desk, DESK, job.use_case.key, path, outputs, filename=f"{job.record.name}: {path.name}")
    ended = desk.jobs.wait(job_id)
    if ended.state != "done":
        raise InputError(ended.message or f"The scoring was {ended.state}.", job=job_id)
    facts = {name: ended.result[name] for name in (*_COUNTS, "batch", "files")} | {"header": _names(desk, job, path)}
    return replace(taken, scored_at=datetime.now(UTC), facts={**taken.facts, **facts})


def _names(desk: Desk, job: Job, path: Path) -> dict[str, str]:
    """What the file calls the columns that name a row: its entity and its time."""
    source = batches.open_for(desk, job.use_case, path, None)
    called = {column: name for name, column in source.mapping.items() if column is not None}
    time_column = job.use_case.schema.time
    wanted = [job.use_case.entity, time_column.name if time_column is not None else None]
    return {column: called[column] for column in wanted if column is not None and column in called}


def _parts(done: list[SourceTaken]) -> str:
    """What each source became there, of the first few."""
    more = f" and {len(done) - _NAMED} more" if len(done) > _NAMED else ""
    return "; ".join(str(taken.facts["went"]) for taken in done[:_NAMED]) + more


def _lost(taken: SourceTaken) -> bool:
    return int(taken.facts["rows"]) > 0 and int(taken.facts["scored"]) == 0


def _summary(job: Job, done: list[SourceTaken], troubles: list[str]) -> dict[str, Any]:
    counts = {name: sum(int(taken.facts[name]) for taken in done) for name in _COUNTS}
    went = job.spec.target.place + (f", table {job.spec.target.table}" if job.spec.target.table else "")
    listed = [{"name": taken.name, **{name: taken.facts.get(name) for name in (*_COUNTS, "went")}} for taken in done]
    n = len(done)
    said = "Nothing new to score."
    if done:
        what = f"{counts['rows']:,} rows of {n} source{'s' if n > 1 else ''}"
        known = f", {counts['already_scored']:,} scored before" if counts["already_scored"] else ""
        said = f"{what}: {counts['scored']:,} scored, {counts['rejected']:,} rejected{known}; handed on to {went}: "
        said += f"{_parts(done)}."
    facts = {**counts, "sources": listed, "found": n + len(troubles), "went_to": went}
    if troubles:
        return {**facts, "failed": " ".join(troubles) + (f" {said}" if done else "")}
    return {**facts, "said": said}


def _settled(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > SETTLED_SECONDS


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
