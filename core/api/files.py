"""Score a file: uploaded to disk as it comes, scored as a job, its result downloaded as it lies there."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import IO, Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import FileResponse

from core.api.door import Who, blocking, desk_of, pieces, refuse_type
from core.api.problems import refusals
from core.api.scoring import Version
from core.services import file_requests
from core.services.access import Action, require
from core.services.jobs import JobState

router = APIRouter(tags=["files"])
TYPES = {
    "text/csv": ".csv",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}

_BLOCK = 1 << 20


class Kind(StrEnum):
    """A file that a job has made."""

    CSV = "csv"
    PARQUET = "parquet"
    REJECTS = "rejects"


class ResultAnswer(BaseModel):
    """What became of a file."""

    batch: str = Field(description="What its rows are called in the log; they can be voided by it.")
    version: str
    rows: int
    scored: int
    rejected: int
    already_scored: int = Field(description="Rows the log had before; nothing was added for them.")
    imputed: int = Field(description="Rows with a value that was filled in.")
    bands: dict[str, int]
    seconds: float
    rows_per_second: float


class JobAnswer(BaseModel):
    """A file on its way."""

    job: str
    use_case: str
    filename: str
    state: str = Field(description="queued, running, done, failed, cancelled or interrupted.")
    created_at: datetime
    rows_done: int
    fraction: float = Field(description="Of the file, from 0 to 1.")
    seconds: float
    seconds_left: float | None = Field(description="By the pace so far; null while that says nothing.")
    message: str = Field(description="Why it failed or stopped.")
    result: ResultAnswer | None = Field(description="Once it is done.")
    links: dict[str, str] = Field(description="self, cancel, and once it is done csv, parquet and rejects.")

    @classmethod
    def of(cls, said: JobState) -> JobAnswer:
        """From what the service says."""
        done = said.state == "done"
        own = f"/api/v1/jobs/{said.id}"
        links = {"self": own}
        if not said.finished:
            links["cancel"] = f"{own}/cancel"
        if done:
            links |= {kind: f"{own}/result?kind={kind}" for kind in Kind if kind in said.result.get("files", {})}
        return cls(
            job=said.id,
            use_case=said.use_case,
            filename=str(said.spec.get("filename", "")),
            state=said.state,
            created_at=said.created_at,
            rows_done=said.result["rows"] if done else said.rows_done,
            fraction=1.0 if done else said.fraction,
            seconds=said.result["seconds"] if done else said.seconds,
            seconds_left=said.seconds_left,
            message=said.message,
            result=ResultAnswer.model_validate(said.result) if done else None,
            links=links,
        )


Filename = Annotated[str, Query(description="What the file is called, for people.", max_length=200)]
_BODY: dict[str, Any] = {
    "required": True,
    "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in TYPES},
}


@router.post(
    "/use-cases/{key}/files",
    status_code=202,
    summary="Score a file",
    responses=refusals(400, 413, 415),
    openapi_extra={"requestBody": _BODY},
)
async def upload(
    request: Request,
    response: Response,
    key: str,
    who: Who,
    filename: Filename = "",
    version: Version = None,
    reasons: Annotated[bool, Query(description="Every scored row says why, in columns.")] = False,
) -> JobAnswer:
    """Send a CSV, Parquet or Excel file as the body; it is written to disk as it comes and scored as a job.

    Columns are matched by name. Rows that cannot be scored go to the rejects with the reason. The same file again adds
    nothing to the log: its rows are known by what they hold.
    """
    require(who.actor, Action.SCORE_FILE)  # before a body is read
    suffix = TYPES[refuse_type(request, *TYPES)]
    desk = desk_of(request)
    name = Path(filename.replace("\\", "/")).name
    name = name if name.lower().endswith(suffix) else f"{name or 'upload'}{suffix}"
    with file_requests.arriving(desk) as stream:
        await to_disk(request, stream)
        work = partial(file_requests.submit, version=version, reasons=reasons)
        state = await blocking(request, work, desk, who.actor, key, stream, name)
    response.headers["Location"] = f"/api/v1/jobs/{state.id}"
    return JobAnswer.of(state)


async def to_disk(request: Request, stream: IO[bytes]) -> None:
    """Write the body to a file as it comes, a megabyte at a time."""
    waiting = bytearray()
    async for piece in pieces(request, desk_of(request).settings.max_upload_mb):
        waiting += piece
        if len(waiting) >= _BLOCK:
            await blocking(request, stream.write, bytes(waiting))
            waiting.clear()
    await blocking(request, stream.write, bytes(waiting))


@router.get("/jobs/{job}", summary="How far a file is", responses=refusals())
async def job(request: Request, job: str, who: Who) -> JobAnswer:
    """Progress, and once it is done the result's figures and links."""
    return JobAnswer.of(await blocking(request, file_requests.job, desk_of(request), who.actor, job))


@router.post("/jobs/{job}/cancel", summary="Stop a file", responses=refusals())
async def cancel(request: Request, job: str, who: Who) -> JobAnswer:
    """Stop before the next chunk; rows that were logged stay, and can be voided by their batch."""
    return JobAnswer.of(await blocking(request, file_requests.cancel, desk_of(request), who.actor, job))


@router.get(
    "/jobs/{job}/result",
    summary="Download a result",
    response_class=FileResponse,
    responses={
        200: {
            "description": "The file.",
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}}
                for kind in ("text/csv", "application/vnd.apache.parquet")
            },
        },
        **refusals(),
    },
)
async def result(
    request: Request,
    job: str,
    who: Who,
    kind: Annotated[Kind, Query(description="The scored rows as CSV or Parquet, or the rejected ones.")] = Kind.CSV,
) -> FileResponse:
    """The scored rows with what came in, or the rows that were rejected and why; streamed from disk."""
    path = await blocking(request, file_requests.result, desk_of(request), who.actor, job, kind.value)
    media = "application/vnd.apache.parquet" if kind is Kind.PARQUET else "text/csv"
    return FileResponse(path, media_type=media, filename=path.name)
