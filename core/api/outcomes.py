"""What happened: outcomes as JSON or as a file, joined to the predictions by entity and time."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.api import strict_json
from core.api.door import Who, blocking, body, desk_of, refuse_type
from core.api.files import to_disk
from core.api.problems import Detail, TooLarge, refusals
from core.errors import InputError
from core.services import file_requests, outcome_requests
from core.services.access import Action, require
from core.services.outcome_requests import NotTaken
from core.services.outcomes import Taken

router = APIRouter(tags=["outcomes"])
MOST_ROWS = 50_000


class OutcomeGiven(BaseModel):
    """What happened to one record."""

    model_config = ConfigDict(extra="forbid", str_max_length=1_000)

    entity: str | int = Field(description="Its id, as it was when it was scored.", examples=["L-1042"])
    outcome: str | bool | int | float = Field(description="The label or the value.", examples=["yes"])
    as_of: str | None = Field(default=None, description="Which score of it, by the row's own time; else every one.")
    observed_at: str | None = Field(default=None, description="When it was seen; else now.")


class OutcomesGiven(BaseModel):
    """What happened."""

    model_config = ConfigDict(extra="forbid")

    outcomes: list[OutcomeGiven] = Field(min_length=1, max_length=MOST_ROWS)


class NotTakenAnswer(BaseModel):
    """A row that was not taken, as it came."""

    row: int = Field(description="Its place, from 1.")
    why: str
    given: dict[str, str]


class OutcomesAnswer(BaseModel):
    """What became of the outcomes; every row is in exactly one of the counts but `ambiguous`."""

    use_case: str
    rows: int
    matched: int = Field(description="Read, and about a prediction of the desk.")
    revisions: int = Field(description="Of those, new to the desk.")
    unreadable: int
    unknown: int = Field(description="Nobody of that name was scored.")
    other_time: int = Field(description="Scored, but never at that time.")
    repeated: int
    contradicting: int
    ambiguous: int = Field(description="Matched without a time although the record was scored at several.")
    columns: dict[str, str | None] = Field(description="What was read from which column.")
    not_taken: list[NotTakenAnswer] = Field(description="The first 1,000, with the reason.")

    @classmethod
    def of(cls, taken: Taken, left: NotTaken) -> OutcomesAnswer:
        """From what the service says."""
        facts = taken.as_json()
        facts.pop("rejects")
        return cls.model_validate(facts | {"not_taken": [_left(row) for row in left]})


def _left(row: dict[str, str]) -> dict[str, Any]:
    given = {name: text for name, text in row.items() if name not in ("row", "why", "line") and text}
    if row.get("line"):
        given["line"] = row["line"]
    return {"row": int(row["row"]), "why": row["why"], "given": given}


@router.post(
    "/use-cases/{key}/outcomes",
    summary="Say what happened",
    responses=refusals(400, 413, 415),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/OutcomesGiven"}},
                "text/csv": {"schema": {"type": "string"}},
            },
        }
    },
)
async def outcomes(request: Request, key: str, who: Who) -> OutcomesAnswer:
    """Outcomes as JSON, or as a CSV with a header: the id's column, the outcome's, where known the time's, observed_at.

    A changed outcome is a new revision, a repeated one is left out; nothing is dropped in silence.
    """
    require(who.actor, Action.OUTCOMES)  # before a body is read
    desk = desk_of(request)
    if refuse_type(request, "application/json", "text/csv") == "text/csv":
        with file_requests.arriving(desk, ".csv") as stream:
            await to_disk(request, stream)
            found = await blocking(request, outcome_requests.from_file, desk, who.actor, key, stream)
    else:
        given = _given(strict_json.read(await body(request)))
        rows = [item.model_dump() for item in given.outcomes]
        found = await blocking(request, outcome_requests.from_rows, desk, who.actor, key, rows)
    return OutcomesAnswer.of(*found)


def _given(value: Any) -> OutcomesGiven:
    if isinstance(value, dict) and isinstance(value.get("outcomes"), list) and len(value["outcomes"]) > MOST_ROWS:
        raise TooLarge(f"There are {len(value['outcomes']):,} outcomes.", f"At most {MOST_ROWS:,}; send a CSV.")
    try:
        return OutcomesGiven.model_validate(value)
    except ValidationError as error:
        problems = [_problem(item) for item in error.errors(include_url=False)[:100]]
        said = " ".join(dict.fromkeys(problem.message for problem in problems[:5]))
        raise InputError(said, 'Send {"outcomes": [{"entity": ..., "outcome": ...}]}.', problems=problems) from None


def _problem(item: Any) -> Detail:
    """One thing that does not fit the schema; places count from 1."""
    place = next((part + 1 for part in item["loc"] if isinstance(part, int)), None)
    names = [part for part in item["loc"] if isinstance(part, str)]
    name = names[1] if len(names) > 1 else (names[0] if names else "")
    rule = {"missing": "required", "extra_forbidden": "unknown"}.get(item["type"], "type")
    said = {"required": "is missing", "unknown": "is no field of an outcome"}.get(rule, f"does not fit: {item['msg']}")
    where = f"Row {place}: " if place is not None else ""
    return Detail(row=place, column=name, value="", rule=rule, message=f"{where}{name or 'the body'} {said}.")
