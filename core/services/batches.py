"""Score a file: look at it, submit it as a job, follow it, read its results, void it."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from core.domain.likeness import Finding, Level, compare_column, verdict
from core.domain.schema import Schema
from core.domain.usecase import UseCase
from core.errors import DeskError, InputError
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.jobs import JobState
from core.services.pipeline import KIND
from core.services.reference import typed_columns
from core.services.scanning import refuse_harmful
from core.store.intake import Source, open_source
from core.store.output import csv_of, template

LOOK_ROWS = 20_000


@dataclass(frozen=True)
class FileLook:
    """What can be said of a file before it is scored; judged on its first rows."""

    n_rows_read: int
    whole_file: bool
    header: tuple[str, ...]
    mapping: Mapping[str, str | None]  # file column -> schema column
    missing: tuple[str, ...]  # schema columns the file lacks
    unknown: tuple[str, ...]  # file columns that nothing reads
    findings: list[Finding]
    verdict: str
    rejected_share: float

    @property
    def can_be_scored(self) -> bool:
        return all(finding.level is not Level.BLOCKER for finding in self.findings)


def look(desk: Desk, actor: Actor, key: str, path: Path, mapping: Mapping[str, str | None] | None = None) -> FileLook:
    """Compare the first rows of a file with the held-out reference rows of the acting version.

    Raises
    ------
    FileProblem
        The file cannot be read as a table.
    """
    require(actor, Action.SCORE_FILE)
    scorer = desk.scorer(key)
    schema = scorer.use_case.schema
    source = open_for(desk, scorer.use_case, path, mapping, chunk_rows=LOOK_ROWS)
    findings = _header_findings(source, schema)
    reference = typed_columns(schema, scorer.bundle.reference)
    n_rows, rejected, chunk = 0, 0, next(iter(source.chunks()), None)
    if chunk is not None and chunk.n_rows:
        n_rows = chunk.n_rows
        for column in schema:
            if column.name in chunk.parsed and column.name not in source.missing:
                findings += compare_column(column, chunk.parsed[column.name], reference.get(column.name))
        rejected = int((~schema.check(chunk.parsed, n_rows).ok).sum())
    else:
        findings.append(Finding(Level.BLOCKER, "", "no rows", "The file has a header and nothing below it."))
    order = list(Level)
    findings.sort(key=lambda finding: -order.index(finding.level))
    return FileLook(
        n_rows_read=n_rows,
        whole_file=n_rows < LOOK_ROWS,
        header=source.header,
        mapping=source.mapping,
        missing=source.missing,
        unknown=source.unknown,
        findings=findings,
        verdict=verdict(findings),
        rejected_share=rejected / n_rows if n_rows else 0.0,
    )


def open_for(
    desk: Desk, use_case: UseCase, path: Path, mapping: Mapping[str, str | None] | None, chunk_rows: int | None = None
) -> Source:
    """Open a file with a mapping, or with the one remembered for its header, or with a proposed one."""
    settings = desk.settings
    source = open_source(
        path,
        use_case.schema,
        mapping,
        chunk_rows=chunk_rows or settings.chunk_rows,
        memory_mb=settings.memory_mb,
        threads=settings.threads,
    )
    if mapping is None:
        remembered = desk.ledger.recall_mapping(use_case.key, header_fingerprint(source.header))
        if remembered is not None and dict(remembered) != dict(source.mapping):
            return open_for(desk, use_case, path, remembered, chunk_rows)
    return source


def header_fingerprint(header: tuple[str, ...]) -> str:
    """What a remembered mapping is found by."""
    return hashlib.sha256("\x1f".join(header).encode()).hexdigest()[:16]


def _header_findings(source: Source, schema: Schema) -> list[Finding]:
    findings = []
    for name in source.missing:
        column = schema[name]
        if column.required:
            what = "column is missing, no row can be scored"
            findings.append(Finding(Level.BLOCKER, name, what, "Map one of the file's columns to it, or add it."))
        else:
            findings.append(Finding(Level.INFO, name, "column is missing", "Scored as missing."))
    if source.unknown:
        names = ", ".join(source.unknown[:8]) + (" ..." if len(source.unknown) > 8 else "")
        findings.append(Finding(Level.INFO, "", f"{len(source.unknown)} columns are not read", names))
    return findings


def keep_upload(desk: Desk, actor: Actor, filename: str, content: BinaryIO) -> Path:
    """Write an upload to disk, so that its job outlives the page; the same content is kept once.

    Uploads older than the settings allow are cleared away on the occasion.

    Raises
    ------
    FileProblem
        The virus scanner, where one is configured, knows it.
    """
    require(actor, Action.SCORE_FILE)
    folder = desk.settings.data_dir / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    oldest = time.time() - desk.settings.keep_uploads_days * 86_400
    for kept in folder.iterdir():
        with suppress(FileNotFoundError):  # somebody else's upload, which goes when it has arrived
            if kept.stat().st_mtime < oldest:
                kept.unlink()
    digest = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
    target = folder / f"{digest[:16]}{Path(filename).suffix.lower()[:12]}"
    if target.exists():
        target.touch()
    else:
        content.seek(0)
        part = target.with_name(target.name + ".part")
        with part.open("wb") as stream:
            shutil.copyfileobj(content, stream, 1 << 20)
        try:
            refuse_harmful(desk, actor, part)
        except DeskError:
            part.unlink()
            raise
        part.replace(target)
    return target


@dataclass(frozen=True)
class Outputs:
    """Where a job writes; None writes nothing."""

    csv: Path | None
    rejects: Path | None
    parquet: Path | None = None
    reasons: bool = False  # whether the scored rows say why, in columns


def submit(  # noqa: PLR0913 - what is to be done with one file, by name
    desk: Desk,
    actor: Actor,
    key: str,
    path: Path,
    *,
    filename: str | None = None,
    mapping: Mapping[str, str | None] | None = None,
    version: str | None = None,
    reasons: bool = False,
) -> str:
    """Queue an upload for scoring and return the job's id; its results are kept under data/results/.

    The mapping, when given, is remembered for files with the same header. A version is given by those who may choose
    one. With `reasons`, every row of the scored file says why its score is what it is, in columns
    (`core.services.reasons.bulk_reasons`).
    """
    _require(actor, version)
    if mapping is not None:
        header = header_fingerprint(tuple(mapping))
        desk.ledger.remember_mapping(key, header, dict(mapping), datetime.now(UTC))
    named = {"filename": filename or path.name, "mapping": dict(mapping) if mapping is not None else None}
    return _submit(desk, actor, key, path, named | {"reasons": reasons}, version)


def submit_to(
    desk: Desk, actor: Actor, key: str, path: Path, outputs: Outputs, *, filename: str = "", version: str | None = None
) -> str:
    """Queue a file for scoring into files of the caller's choice and return the job's id."""
    files = {"csv": outputs.csv, "rejects": outputs.rejects, "parquet": outputs.parquet}
    spec = {
        "filename": filename or path.name,
        "mapping": None,
        "outputs": {name: str(value) if value else None for name, value in files.items()},
        "reasons": outputs.reasons,
    }
    return _submit(desk, actor, key, path, spec, version)


def _require(actor: Actor, version: str | None) -> None:
    require(actor, Action.SCORE_FILE)
    if version is not None:
        require(actor, Action.CHOOSE_VERSION)


def _submit(desk: Desk, actor: Actor, key: str, path: Path, spec: dict[str, Any], version: str | None) -> str:
    _require(actor, version)
    scorer = desk.scorer(key, version)  # refuse now what could never run
    if not path.is_file():
        raise InputError(f"{path} is not a file.", "Give the path of a CSV, Parquet or Excel file.")
    facts = {"path": str(path), "version": scorer.card.version, "model": scorer.card.champion, "actor": actor.as_json()}
    return desk.jobs.submit(KIND, key, actor, spec | facts)


def job(desk: Desk, job_id: str) -> JobState:
    """A job as it stands now."""
    return desk.jobs.state(job_id)


def cancel(desk: Desk, actor: Actor, job_id: str) -> None:
    """Stop a job before its next chunk; logged rows stay."""
    require(actor, Action.CANCEL_JOB)
    desk.jobs.cancel(job_id)


def resume(desk: Desk, actor: Actor, job_id: str) -> str:
    """Queue a job that stopped early again; rows that were logged are not logged twice."""
    require(actor, Action.SCORE_FILE)
    return desk.jobs.resume(job_id)


def void(desk: Desk, actor: Actor, batch_id: str, reason: str) -> None:
    """Take a wrong upload out of every figure; its rows stay in the log, marked."""
    require(actor, Action.VOID)
    if not reason.strip():
        raise InputError("A reason is needed to void an upload.", "Say in a few words what was wrong with it.")
    # the log and the ledger are two stores: the intent is on record before the deed, the deed after it
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via, "reason": reason.strip()}
    desk.ledger.record(at=datetime.now(UTC), **who, action="void batch", subject=batch_id, result="intended")
    desk.log.void(batch_id, datetime.now(UTC), actor.name, reason.strip())
    desk.ledger.record(at=datetime.now(UTC), **who, action="void batch", subject=batch_id, result="done")


def template_csv(use_case: UseCase) -> bytes:
    """A CSV with the use case's header and nothing below, to fill in."""
    return template(use_case.schema)


def sample_csv(desk: Desk, key: str, n_rows: int = 200) -> bytes | None:
    """Rows nobody was trained on, as a CSV to try; None where the use case has no generator."""
    use_case = desk.use_case(key)
    if use_case.synthesize is None:
        return None
    rows = use_case.synthesize(n_rows, SAMPLE_SEED)
    return csv_of(rows.select([name for name in rows.column_names if name in use_case.schema]))


SAMPLE_SEED = 20_261_121  # differs from every training seed
