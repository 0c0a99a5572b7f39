"""Answers are counted by method, route and status class; what somebody makes up as a path adds no route."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from types import SimpleNamespace
from typing import Any

import pytest

from core.web.http_counts import MOST_API_ROUTES, HttpCounts, HttpMetrics

Message = MutableMapping[str, Any]


def ask(counts: HttpCounts, path: str, status: int = 200, method: str = "GET", template: str | None = None) -> None:
    async def app(scope: Message, receive: Any, send: Any) -> None:
        if template is not None:
            scope["route"] = SimpleNamespace(path=template)
        if status == 0:
            raise RuntimeError("nobody expected it")
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def nothing(message: Message | None = None) -> Message:
        return {}

    asyncio.run(HttpMetrics(app, counts)({"type": "http", "path": path, "method": method}, nothing, nothing))  # type: ignore[arg-type]


def counted(counts: HttpCounts) -> dict[tuple[str, ...], int]:
    samples = next(f for f in counts.families() if f.name == "ringside_http_request_duration_seconds").samples
    return {sample.labels: sample.buckets[-1][1] for sample in samples}


def test_answers_are_counted_by_route_and_status_class() -> None:
    counts = HttpCounts()
    ask(counts, "/api/v1/predictions/ab12", 200, template="/predictions/{prediction_id}")
    ask(counts, "/api/v1/predictions/cd34", 404, template="/predictions/{prediction_id}")
    ask(counts, "/score", 200)
    ask(counts, "/", 304, method="BREW")
    assert counted(counts) == {
        ("GET", "/api/v1/predictions/{prediction_id}", "2xx"): 1,
        ("GET", "/api/v1/predictions/{prediction_id}", "4xx"): 1,
        ("GET", "page", "2xx"): 1,
        ("other", "page", "3xx"): 1,
    }


def test_an_exception_is_a_fault_of_the_server() -> None:
    counts = HttpCounts()
    with pytest.raises(RuntimeError):
        ask(counts, "/score", 0)
    assert counted(counts) == {("GET", "page", "5xx"): 1}


def test_made_up_paths_make_no_series() -> None:
    counts = HttpCounts()
    for number in range(300):
        ask(counts, f"/api/v1/{number}")
        ask(counts, f"/wp-admin/{number}")
        ask(counts, f"/api/v1/{number}", template=f"/{number}")
    assert len(counted(counts)) <= MOST_API_ROUTES + 2


def test_open_websockets_are_told_and_go_again() -> None:
    counts, seen = HttpCounts(), []

    async def app(scope: Message, receive: Any, send: Any) -> None:
        seen.append(counts.connections)
        raise RuntimeError("the browser is gone")

    with pytest.raises(RuntimeError):
        asyncio.run(HttpMetrics(app, counts)({"type": "websocket", "path": "/_stcore/stream"}, None, None))  # type: ignore[arg-type]
    assert seen == [1] and counts.connections == 0
