"""Files that programs send: kept, queued as a job, followed by the job's id."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from core.errors import FileProblem, NotReady, UnknownName
from core.services import batches, results
from core.services.access import Action, Actor, require
from core.services.auditing import noting
from core.services.desk import Desk
from core.services.jobs import JobState
from core.services.pipeline import KIND

WHAT = {"csv": "scored file, CSV", "parquet": "scored file, Parquet", "rejects": "rejected rows, CSV"}
_keeping = threading.Lock()  # the same content twice at once is kept once


@contextmanager
def arriving(desk: Desk, suffix: str = ".part") -> Iterator[IO[bytes]]:
    """A file to write an upload into while it comes; it is gone afterwards."""
    folder = desk.settings.data_dir / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=folder, prefix="arriving-", suffix=suffix) as stream:
        yield stream


def submit(
    desk: Desk,
    actor: Actor,
    key: str,
    content: IO[bytes],
    filename: str,
    *,
    version: str | None = None,
    reasons: bool = False,
) -> JobState:
    """Keep an upload and queue it for scoring.

    Raises
    ------
    FileProblem
        It cannot be read as a table, lacks a column that every row needs, or the virus scanner knows it.
    NotReady, NotPermitted
    """
    require(actor, Action.SCORE_FILE)
    if version is not None:
        require(actor, Action.CHOOSE_VERSION)
    desk.scorer(key, version)  # refuse before anything is kept
    content.seek(0)
    with _keeping:
        path = batches.keep_upload(desk, actor, filename, content)  # type: ignore[arg-type]  # a file is one
    use_case = desk.use_case(key)
    missing = batches.open_for(desk, use_case, path, None).missing
    lacking = [name for name in missing if use_case.schema[name].required]
    if lacking:
        said = f"The file lacks {', '.join(lacking)}; no row of it can be scored."
        raise FileProblem(said, "Columns are matched by name.", missing=lacking)
    job_id = batches.submit(desk, actor, key, path, filename=filename, version=version, reasons=reasons)
    return desk.jobs.state(job_id)


def job(desk: Desk, actor: Actor, job_id: str) -> JobState:
    """The job of a file as it stands now.

    Raises
    ------
    UnknownName
        There is none, or it does something else.
    """
    require(actor, Action.SEE)
    record = desk.ledger.job(job_id)
    if record is None or record.kind != KIND:
        said = UnknownName("job", job_id, [])
        said.hint = "Ask with the id that the upload was answered with."
        raise said
    return desk.jobs.state(job_id)


def cancel(desk: Desk, actor: Actor, job_id: str) -> JobState:
    """Stop a job before its next chunk."""
    require(actor, Action.CANCEL_JOB)
    job(desk, actor, job_id)
    batches.cancel(desk, actor, job_id)
    return desk.jobs.state(job_id)


def result(desk: Desk, actor: Actor, job_id: str, kind: str) -> Path:
    """The file that a job has made, to be handed out; that it was is on record.

    Raises
    ------
    NotReady
        The job has not ended, or not well.
    UnknownName
        It made no such file.
    """
    require(actor, Action.DOWNLOAD)
    state = job(desk, actor, job_id)
    if state.state != "done":
        hint = "Ask for the job until it is done." if not state.finished else state.message
        raise NotReady(f"Job {job_id} is {state.state}.", hint, job=job_id)
    path = results.file_of(desk, actor, state, kind)
    n_rows = state.result["rejected"] if kind == "rejects" else state.result["scored"]
    subject = f"{state.use_case} {state.result['batch']}"
    noting.downloaded(desk, actor, subject, n_rows=n_rows, what=WHAT[kind])
    return path
