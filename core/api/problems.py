"""What a program is told when something does not work: RFC 9457 problem details, with the sentences of the pages."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from core.domain.schema import Problem as RowSays
from core.errors import (
    BundleProblem,
    DatabaseDown,
    DeskBusy,
    DeskError,
    InputError,
    NotPermitted,
    NotReady,
    RowProblem,
    UnknownName,
)
from core.logs import logger
from core.services.asked_once import KeyInUse, StillAtWork

log = logger("api")

MEDIA_TYPE = "application/problem+json"
Header = Mapping[str, str]


class NotLetIn(DeskError):
    """Nobody is known to have sent this request."""


class ElsewhereRefused(DeskError):
    """A page of another site sent this request with somebody's session."""


class NotJson(InputError):
    """The body is not JSON."""


class TooLarge(InputError):
    """The body has more bytes or rows than are taken."""


class WrongType(InputError):
    """The body is of a type that is not taken here."""


class TooMany(DeskError):
    """More requests in a minute than one sender may send."""


class Detail(BaseModel):
    """One value that is wrong."""

    row: int | None = Field(default=None, description="Place of the row among those that were sent, from 1.")
    column: str = Field(description="The field, column or parameter.", examples=["referral_source"])
    value: str = Field(description="What was given; of personal columns it is not repeated.", examples=["TikTok"])
    rule: str = Field(description="required, type, range, whole, unknown, or the name of a rule of the use case.")
    message: str = Field(description="What happened and what is allowed, in a sentence.")


class Problem(BaseModel):
    """Why a request was refused or failed (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "/api/v1/docs#row",
                    "title": "Not scored, and nothing logged",
                    "status": 422,
                    "detail": "page_views is 'many'; it takes a whole number of at least 0.",
                    "hint": "",
                    "problems": [
                        {
                            "column": "page_views",
                            "value": "many",
                            "rule": "type",
                            "message": "page_views is 'many'; it takes a whole number of at least 0.",
                        }
                    ],
                }
            ]
        }
    )

    type: str = Field(description="What kind of problem it is: an address on the page of this documentation.")
    title: str = Field(description="The kind in words; the same for every problem of a type.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened, with the value.")
    hint: str = Field(default="", description="What is allowed, and what to do.")
    problems: list[Detail] | None = Field(default=None, description="Every value that is wrong, where values are.")
    incident: str | None = Field(default=None, description="Number of a fault in the desk's log.")


# kind of error -> (name in its address, title, status); the most special kind first
KINDS: dict[type[Exception], tuple[str, str, int]] = {
    RowProblem: ("row", "Not scored, and nothing logged", 422),
    KeyInUse: ("key-in-use", "Idempotency-Key used for another request", 422),
    StillAtWork: ("still-at-work", "The same request is being answered", 409),
    NotJson: ("not-json", "The body is not JSON", 400),
    TooLarge: ("too-large", "The body is too large", 413),
    WrongType: ("wrong-type", "The body is of another type", 415),
    UnknownName: ("unknown-name", "There is no such thing", 404),
    InputError: ("input", "What was sent cannot be used", 422),
    NotLetIn: ("not-signed-in", "Nobody has signed in", 401),
    ElsewhereRefused: ("other-site", "Sent by a page of another site", 403),
    NotPermitted: ("not-permitted", "Not permitted", 403),
    TooMany: ("too-many-requests", "Too many requests", 429),
    NotReady: ("not-ready", "Not ready", 409),
    BundleProblem: ("model-files", "A model's files fail their check", 503),
    DeskBusy: ("busy", "Another process is at work", 503),
    DatabaseDown: ("database", "The database does not answer", 503),
    DeskError: ("refused", "Refused", 422),
}
ALWAYS = (401, 403, 404, 409, 422, 429, 500, 503)  # what every operation behind the gate may answer
FAULT = ("fault", "Something went wrong", 500)
FAULT_SAYS = "This is a fault of the desk, not of your data. What was said to be logged or done stays so."
PATH, METHOD = ("no-such-path", "There is no such path", 404), ("method", "Not done to this path", 405)


def told(error: DeskError) -> tuple[Problem, dict[str, str]]:
    """The problem that an error is, and the headers that go with it."""
    name, title, status = next(kind for known, kind in KINDS.items() if isinstance(error, known))
    problems = details(error.data.get("problems", ())) or None
    if status >= 500:
        log.warning("%s %s", error.message, error.hint)
    body = made((name, title, status), error.message, error.hint, problems)
    return body, _headers(error)


def made(kind: tuple[str, str, int], detail: str, hint: str = "", problems: list[Detail] | None = None) -> Problem:
    """A problem of a kind."""
    name, title, status = kind
    return Problem(type=f"/api/v1/docs#{name}", title=title, status=status, detail=detail, hint=hint, problems=problems)


def fault(error: Exception) -> Problem:
    """Log what nobody expected under a new incident number, and tell the number."""
    number = uuid.uuid4().hex[:8]
    log.exception("incident %s", number, exc_info=error)
    said = made(FAULT, FAULT_SAYS, f"Tell its administrator the incident number {number}.")
    return said.model_copy(update={"incident": number})


def details(problems: Iterable[RowSays | Detail], row: int | None = None) -> list[Detail]:
    """What is wrong with a row, value by value."""
    return [
        item
        if isinstance(item, Detail)
        else Detail(row=row, column=item.column, value=item.value, rule=item.rule, message=item.message)
        for item in problems
    ]


def _headers(error: DeskError) -> dict[str, str]:
    if isinstance(error, NotLetIn):
        return {"WWW-Authenticate": 'Bearer realm="ringside"'}
    if isinstance(error, TooMany | StillAtWork | DeskBusy | DatabaseDown):
        return {"Retry-After": str(error.data.get("seconds", 1))}
    return {}


def text_of(problem: Problem) -> str:
    """The body of an answer."""
    return problem.model_dump_json(exclude_none=True)


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an operation may answer besides success, for its documentation: these, and what every operation may."""
    return {
        status: {
            "model": Problem,
            "description": ", ".join(title for _, title, code in _every() if code == status),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({*statuses, *ALWAYS})
    }


def _every() -> list[tuple[str, str, int]]:
    return [*KINDS.values(), PATH, METHOD, FAULT]
