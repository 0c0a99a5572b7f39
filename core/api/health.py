"""Whether the process lives, and whether it can score: for load balancers."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

router = APIRouter(tags=["health"])


@router.get("/health")
def health() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/ready")
def ready(request: Request, response: Response) -> dict[str, object]:
    """Every use case that has an acting version has it in memory; 503 until then."""
    desk = request.app.state.desk()
    waiting = [key for key in desk.use_cases() if desk.acting_version(key) is not None and not desk.loaded(key)]
    if waiting:
        response.status_code = 503
    return {"ready": not waiting, "loading": waiting}
