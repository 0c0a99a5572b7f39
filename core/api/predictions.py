"""Why a logged score is what it is, and what happened."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.api import strict_json
from core.api.door import Who, blocking, body, desk_of, json_body, refuse_type
from core.api.problems import refusals
from core.api.said import ReasonsAnswer, number
from core.errors import InputError
from core.services.access import Action, Actor, require
from core.services.auditing import noting
from core.services.desk import Desk
from core.services.reasons import explanation

router = APIRouter(tags=["reasons"], responses=refusals())


class FoundAnswer(BaseModel):
    """One logged score."""

    prediction_id: str
    scored_at: datetime
    as_of: datetime
    score: float | None
    band: str
    version: str
    voided: bool


class FoundAnswers(BaseModel):
    """The scores that a text names."""

    predictions: list[FoundAnswer] = Field(description="Newest first, at most 50; voided ones last.")


Id = Annotated[str, Path(description="All 32 hex digits of a prediction.")]


class Wanted(BaseModel):
    """Whose scores are meant."""

    model_config = ConfigDict(extra="forbid")

    of: str = Field(description="A record's id, or at least six digits of a prediction.", max_length=500)


@router.post(
    "/use-cases/{key}/predictions/find",
    summary="Find logged scores",
    responses=refusals(400, 413, 415),
    openapi_extra=json_body(Wanted.model_json_schema()),
)
async def find(request: Request, key: str, who: Who) -> FoundAnswers:
    """The scores of a record, by its id; or a prediction by the beginning of its id.

    The id stands in the body, so that no log of addresses holds it.
    """
    require(who.actor, Action.EXPLAIN)  # before a body is read
    refuse_type(request, "application/json")
    wanted = _wanted(strict_json.read(await body(request)))  # the framework would read a body of any size
    found = await blocking(request, explanation.find_predictions, desk_of(request), who.actor, key, wanted.of)
    rows = [FoundAnswer.model_validate(vars(item) | {"score": number(item.score)}) for item in found]
    return FoundAnswers(predictions=rows)


def _wanted(value: Any) -> Wanted:
    try:
        return Wanted.model_validate(value)
    except ValidationError:
        raise InputError(
            "That does not say whose scores are meant.", 'Send {"of": "..."}, up to 500 letters.'
        ) from None


@router.get("/use-cases/{key}/predictions/{prediction_id}/reasons", summary="Why a score is what it is")
async def reasons(request: Request, key: str, prediction_id: Id, who: Who) -> ReasonsAnswer:
    """The reasons in the words of the Why page, from the version that scored the row. That you asked is on record."""
    return await blocking(request, _reasons, desk_of(request), who.actor, key, prediction_id)


def _reasons(desk: Desk, actor: Actor, key: str, prediction_id: str) -> ReasonsAnswer:
    said = explanation.explain(desk, actor, key, prediction_id)
    noting.opened(desk, actor, f"{key} {prediction_id}", "/api/v1/use-cases/{key}/predictions/{prediction_id}/reasons")
    return ReasonsAnswer.of(desk.use_case(key), actor, said)
