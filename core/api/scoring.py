"""Score one row, now."""

from __future__ import annotations

import json
from enum import StrEnum
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from core.api import strict_json
from core.api.door import Who, blocking, body, desk_of, joined, json_body, refuse_type
from core.api.problems import refusals
from core.api.said import ReasonsAnswer, ScoreAnswer
from core.errors import InputError
from core.services.access import Action, Actor, require
from core.services.asked_once import asked_once, digest, mark_of
from core.services.desk import Desk
from core.services.given_rows import given_row
from core.services.reasons import explanation
from core.services.scoring_requests import score_for

router = APIRouter(tags=["score"])
MOST_KEY = 200


class Include(StrEnum):
    """What an answer may have besides the score."""

    REASONS = "reasons"
    INTERVAL = "interval"


class Extra(StrEnum):
    """What becomes of fields that the use case does not know."""

    REFUSE = "refuse"
    IGNORE = "ignore"


Includes = Annotated[
    str,
    Query(
        description="reasons (why, in the words of the Why page), interval (where the outcome is expected), or both "
        "with a comma between them.",
        examples=["reasons,interval"],
    ),
]
Version = Annotated[
    str | None,
    Query(description="Score with this version instead of the one that acts; for those who may choose."),
]
Extras = Annotated[
    Extra, Query(description="Fields that the use case does not know are refused by name, or ignored and named.")
]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="A text of your own, such as a UUID. The same request under the same key gets the same answer for "
        "7 days, whatever happened meanwhile; another request under it is refused.",
        max_length=MOST_KEY,
    ),
]
ROW: dict[str, Any] = {
    "type": "object",
    "description": "Column to value; GET /use-cases/{key} has the schema.",
    "additionalProperties": True,
}


@router.post(
    "/use-cases/{key}/score",
    summary="Score one row",
    response_model=ScoreAnswer,
    response_model_exclude_none=True,
    responses=refusals(400, 413, 415),
    openapi_extra=json_body(ROW),
)
async def score(
    request: Request,
    key: str,
    who: Who,
    include: Includes = "",
    version: Version = None,
    extra: Extras = Extra.REFUSE,
    idempotency_key: Key = None,
) -> Response:
    """Check the row, score it, log it durably, and say what to do.

    A field that is missing, out of range or not among the levels is a 422 that names it: nothing is scored and nothing
    is logged. The same row again is the same prediction and is not logged twice.
    """
    require(who.actor, Action.SCORE_ONE)  # before anything is said of the row
    refuse_type(request, "application/json")
    row = strict_json.read(await body(request))
    parts, desk = _parts(include), desk_of(request)
    work = partial(_answer, desk, who.actor, key, row, Include.INTERVAL in parts, version, extra)
    if idempotency_key is None:
        text, again = await joined(request, work), False
    else:
        asked = digest(key, ",".join(sorted(parts)), version or "", extra, _canonical(row))
        mark = mark_of(who.actor, f"{who.by} {who.id}", idempotency_key)
        text, again = await joined(request, asked_once(desk), mark, asked, work)
    if Include.REASONS in parts:  # they name the record, so they are not kept with the answer but told anew
        text = await blocking(request, _with_reasons, desk, who.actor, key, text)
    headers = {"Idempotency-Replayed": "true"} if again else {}
    return Response(text, media_type="application/json", headers=headers)


def _parts(include: str) -> frozenset[str]:
    """What is asked for besides the score.

    Raises
    ------
    InputError
        It is something else.
    """
    parts = frozenset(include.split(",")) - {""}
    for name in sorted(parts - set(Include)):
        raise InputError(f"include is '{name[:80]}'.", "It takes reasons, interval, or both with a comma between them.")
    return parts


def _answer(desk: Desk, actor: Actor, key: str, row: Any, interval: bool, version: str | None, extra: Extra) -> str:
    """The body of the answer to one row, without reasons."""
    use_case = desk.use_case(key)
    given = given_row(use_case, row, ignore_unknown=extra is Extra.IGNORE)
    said = score_for(desk, actor, key, given, version)
    return ScoreAnswer.of(use_case, actor, said, interval).model_dump_json(exclude_none=True)


def _with_reasons(desk: Desk, actor: Actor, key: str, text: str) -> str:
    """The same answer with why."""
    answer = ScoreAnswer.model_validate_json(text)
    found = explanation.explain(desk, actor, key, answer.prediction_id)
    reasons = ReasonsAnswer.of(desk.use_case(key), actor, found)
    return answer.model_copy(update={"reasons": reasons}).model_dump_json(exclude_none=True)


def _canonical(row: Any) -> str:
    return json.dumps(row, sort_keys=True, separators=(",", ":"))
