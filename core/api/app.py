"""The API's application: routers put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from core import __version__
from core.api import cases, comparing, docs_page, files, health, many, outcomes, predictions, scoring
from core.api.door import blocking, desk_of, prepare
from core.api.problems import MEDIA_TYPE, METHOD, PATH, Detail, Problem, details, fault, made, text_of, told
from core.errors import DeskError, InputError, NotPermitted
from core.services.auditing import noting
from core.services.desk import Desk
from core.web.http_counts import template

ABOUT = """Scores, reasons, outcomes and comparisons of this desk, for programs. It asks the same services as the
pages and says the same words; what a role may do there, it may do here."""


ROOMS = (health, cases, scoring, many, files, predictions, outcomes, comparing, docs_page)


def create(desk: Callable[[], Desk]) -> FastAPI:
    """The API of a desk, to be mounted under /api/v1.

    Parameters
    ----------
    desk : callable
        Gives the desk of this process; opens it where it is not open yet.
    """
    app = FastAPI(
        title="Ringside",
        version=__version__,
        description=ABOUT,
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    prepare(app, desk)
    for room in ROOMS:
        app.include_router(room.router)
    app.add_exception_handler(DeskError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _astray)
    app.add_exception_handler(Exception, _failed)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, DeskError)
    problem, headers = told(error)
    actor = getattr(request.state, "actor", None)
    if isinstance(error, NotPermitted) and actor is not None:
        desk = desk_of(request)
        await blocking(request, noting.refused, desk, actor, error, _operation(request, desk))
    return _answer(problem, headers)


async def _invalid(_: Request, error: Exception) -> Response:
    """A parameter of the path, the query or the header."""
    assert isinstance(error, RequestValidationError)
    problems = [_parameter(item) for item in error.errors()]
    said = " ".join(problem.message for problem in problems)
    problem, headers = told(InputError(said, "The documentation says what each parameter takes."))
    return _answer(problem.model_copy(update={"problems": details(problems)}), headers)


def _parameter(item: Any) -> Detail:
    """One thing that the framework says of a parameter."""
    name, given = str(item["loc"][-1]), item.get("input")
    if item["type"] == "missing":
        return Detail(column=name, value="", rule="required", message=f"{name} is missing.")
    value = given[:80] if isinstance(given, str) else ""
    return Detail(column=name, value=value, rule="type", message=f"{name} is '{value}': {item['msg']}.")


async def _astray(request: Request, error: Exception) -> Response:
    """No such path, or a method that it does not know."""
    assert isinstance(error, HTTPException)
    kind = METHOD if error.status_code == 405 else PATH
    where = f"{request.method} {_where(request)}"
    return _answer(made(kind, f"{where} is not known here.", "See /api/v1/docs."), dict(error.headers or {}))


async def _failed(_: Request, error: Exception) -> Response:
    return _answer(fault(error), {})


def _operation(request: Request, desk: Desk) -> str:
    """The path as it is documented, with the use case: any other name in it may be made up, an event for each."""
    found, key = f"/api/v1{template(request.scope) or ''}", str(request.path_params.get("key", ""))
    return found.replace("{key}", key) if key in desk.use_cases() else found


def _where(request: Request) -> str:
    return str(request.scope.get("path", ""))[:200]


def _answer(problem: Problem, headers: Mapping[str, str]) -> Response:
    return Response(text_of(problem), problem.status, headers, MEDIA_TYPE)


def _described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document: with how one comes in, and without what is only said of the framework's own errors."""
    if app.openapi_schema is None:
        facts = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        facts["servers"] = [{"url": "/api/v1"}]
        schemas = facts["components"]["schemas"]
        schemas |= _by_hand(outcomes.OutcomesGiven)
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for operation in (operation for methods in facts["paths"].values() for operation in methods.values()):
            for answer in operation["responses"].values():
                _as_sent(answer)
        schemes = {"token": {"type": "http", "scheme": "bearer", "description": "A token of the Admin page."}}
        facts["components"]["securitySchemes"] = schemes
        facts["security"] = [{"token": []}]
        app.openapi_schema = facts
    return app.openapi_schema


def _as_sent(answer: dict[str, Any]) -> None:
    """Say of an answer what is sent: problems are of their own media type only."""
    if MEDIA_TYPE in answer.get("content", {}):
        answer["content"] = {MEDIA_TYPE: answer["content"][MEDIA_TYPE]}
    if answer["description"] == "Successful Response":
        answer["description"] = "Answered."


def _by_hand(model: type[BaseModel]) -> dict[str, Any]:
    """The schemas of a body that is read as it comes, so that the framework does not know its type."""
    found = model.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**found.pop("$defs", {}), model.__name__: found}
