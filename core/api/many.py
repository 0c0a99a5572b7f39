"""Score many rows at once: a JSON array, or one row per line answered while more come."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from core.api import strict_json
from core.api.door import Who, blocking, body, desk_of, pieces, refuse_type
from core.api.problems import NotJson, TooLarge, details, refusals, text_of, told
from core.api.said import RowAnswer, ScoreAnswer
from core.api.scoring import ROW, Extra, Extras, Version
from core.api.streams import Streamed, lines
from core.domain.schema import Problem as RowSays
from core.errors import DeskError, InputError, RowProblem
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.given_rows import given_row
from core.services.row_batches import RowBatch
from core.services.scored_row import ScoredRow

router = APIRouter(tags=["score"])
MOST_ROWS = 10_000
CHUNK = 500
LONGEST = 1_000_000  # bytes of a line

Read = tuple[int, Any]  # place of a row, from 1, and what JSON held, or the error that it is


class ManyAnswer(BaseModel):
    """Rows that were sent together; a bad row never stops a good one."""

    batch: str = Field(description="What these rows are called in the log; they can be voided by it.")
    use_case: str
    rows: int
    scored: int
    refused: int
    already: int = Field(description="Rows the log had before; nothing was added for them.")
    answers: list[RowAnswer] = Field(description="In the order of the rows.")


@router.post(
    "/use-cases/{key}/score-many",
    summary="Score many rows",
    response_model=ManyAnswer,
    response_model_exclude_none=True,
    responses={
        200: {
            "description": "Every row with its answer, or with what is wrong with it.",
            "content": {"application/x-ndjson": {"schema": {"type": "string", "description": "One RowAnswer a line."}}},
        },
        **refusals(400, 413, 415),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"type": "array", "items": ROW, "maxItems": MOST_ROWS}},
                "application/x-ndjson": {"schema": {"type": "string", "description": "One row a line."}},
            },
        }
    },
)
async def score_many(
    request: Request, key: str, who: Who, version: Version = None, extra: Extras = Extra.REFUSE
) -> Response:
    """Rows as a JSON array of at most 10,000 are answered together; as NDJSON, one object a line, while more come.

    Of NDJSON there may be any number: read the answer while you send, it has one line for each.
    The rows are one upload of the log, under one batch. More rows than these go as a file: POST /use-cases/{key}/files.
    """
    require(who.actor, Action.SCORE_FILE)  # before a body is read
    kind = refuse_type(request, "application/json", "application/x-ndjson")
    desk = desk_of(request)
    ignore = extra is Extra.IGNORE
    if kind == "application/json":
        content = await body(request)
        text = await blocking(request, _array, desk, who.actor, key, version, ignore, content)
        return Response(text, media_type=kind)
    batch = await blocking(request, RowBatch, desk, who.actor, key, version)
    return Streamed(_answered(request, batch, who.actor, ignore), kind)


def _array(desk: Desk, actor: Actor, key: str, version: str | None, ignore: bool, content: bytes) -> str:
    """The answer to a JSON array."""
    given = strict_json.read(content)
    if not isinstance(given, list) or not given:
        raise InputError("This is not a list of rows.", "Give a JSON array of objects, column to value.")
    if len(given) > MOST_ROWS:
        raise TooLarge(f"There are {len(given):,} rows.", f"An array takes {MOST_ROWS:,}; send NDJSON, or a file.")
    batch = RowBatch(desk, actor, key, version)
    answers: list[RowAnswer] = []
    state = "failed"
    try:
        numbered = list(enumerate(given, 1))
        for first in range(0, len(given), CHUNK):
            answers += _score(batch, actor, ignore, numbered[first : first + CHUNK])
        state = "done"
    finally:
        batch.close(state)
    facts = {"rows": batch.rows, "refused": batch.refused, "already": batch.already}
    said = ManyAnswer(batch=batch.id, use_case=key, scored=batch.rows - batch.refused, answers=answers, **facts)
    return said.model_dump_json(exclude_none=True)


async def _answered(request: Request, batch: RowBatch, actor: Actor, ignore: bool) -> AsyncIterator[bytes]:
    """The answers to lines, as they come."""
    state, place = "cancelled", 0
    try:
        most_mb = desk_of(request).settings.max_upload_mb
        async for some in lines(pieces(request, most_mb), LONGEST):
            read = [(place + at, line) for at, line in enumerate(some, 1)]
            place += len(some)
            kept = [item for item in read if item[1].strip()]
            for first in range(0, len(kept), CHUNK):
                yield await blocking(request, _line_answers, batch, actor, ignore, kept[first : first + CHUNK])
        state = "done"
    except ClientDisconnect:  # what was answered stays
        return
    except DeskError as error:
        if not place:
            raise
        problem, _ = told(error)  # the answer has begun: the last line says why it ends
        yield text_of(problem).encode() + b"\n"
    finally:
        batch.close(state)


def _line_answers(batch: RowBatch, actor: Actor, ignore: bool, some: Sequence[tuple[int, bytes]]) -> bytes:
    said = _score(batch, actor, ignore, [(place, _read(line)) for place, line in some])
    return b"".join(answer.model_dump_json(exclude_none=True).encode() + b"\n" for answer in said)


def _read(line: bytes) -> Any:
    try:
        return strict_json.read(line)
    except NotJson as error:
        return error


def _score(batch: RowBatch, actor: Actor, ignore: bool, some: Sequence[Read]) -> list[RowAnswer]:
    """Score the rows that are rows; the answers of all of them, in their order."""
    good: list[tuple[int, Any]] = []
    answers: dict[int, RowAnswer] = {}
    for place, value in some:
        try:
            if isinstance(value, InputError):
                raise value
            good.append((place, given_row(batch.use_case, value, ignore_unknown=ignore)))
        except InputError as error:
            answers[place] = _refused(place, error)
    batch.refuse(len(answers))
    if good:
        for (place, _), said in zip(good, batch.score([row for _, row in good]), strict=True):
            answers[place] = _told(batch, actor, place, said)
    return [answers[place] for place, _ in some]


def _told(batch: RowBatch, actor: Actor, place: int, said: ScoredRow | RowProblem) -> RowAnswer:
    if isinstance(said, RowProblem):
        return _refused(place, said)
    return RowAnswer(row=place, answer=ScoreAnswer.of(batch.use_case, actor, said))


def _refused(place: int, error: InputError) -> RowAnswer:
    problems = error.data.get("problems") or [_whole(error)]
    return RowAnswer(row=place, problems=details(problems, place))


def _whole(error: InputError) -> RowSays:
    """What is wrong with a row as a whole."""
    return RowSays(row=1, column="", value="", rule="row", message=str(error))
