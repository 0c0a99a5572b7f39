"""Whether the process lives, and whether it can score: for load balancers."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

router = APIRouter(tags=["health"])


class HealthAnswer(BaseModel):
    """The process answers."""

    status: str = Field(examples=["alive"])


class ReadyAnswer(BaseModel):
    """Whether rows are scored without a wait for models."""

    ready: bool
    loading: list[str] = Field(description="Use cases whose acting version is not in memory yet.")


@router.get("/health", summary="Whether the process lives")
async def health() -> HealthAnswer:
    """The process answers; no token is asked for."""
    return HealthAnswer(status="alive")


@router.get(
    "/ready",
    summary="Whether it can score",
    responses={503: {"model": ReadyAnswer, "description": "Some models are still being loaded."}},
)
def ready(request: Request, response: Response) -> ReadyAnswer:
    """Every use case that has an acting version has it in memory; 503 until then. No token is asked for."""
    desk = request.app.state.desk()
    waiting = [key for key in desk.use_cases() if desk.acting_version(key) is not None and not desk.loaded(key)]
    if waiting:
        response.status_code = 503
    return ReadyAnswer(ready=not waiting, loading=waiting)
