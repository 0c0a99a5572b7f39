"""Every answer carries its request's id; a well-formed one is taken over, anything else is replaced."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import MutableMapping
from typing import Any

import pytest

from core import logs
from core.services.access import LOCAL_PEOPLE, Role
from core.web import request_ids
from core.web.caller import SCOPE_KEY, Caller
from core.web.request_ids import RequestIds, request_id

Message = MutableMapping[str, Any]


def ask(given: bytes | None, kind: str = "http", path: str = "/score", fails: bool = False) -> tuple[Message, str]:
    """The first message of the answer, and the id that the application saw."""
    sent: list[Message] = []
    seen: list[str] = []

    async def app(scope: Message, receive: Any, send: Any) -> None:
        scope[SCOPE_KEY] = Caller(LOCAL_PEOPLE[Role.RISK], "session", "s1")
        asked = logs.REQUEST.get()
        assert asked is not None
        seen.append(request_id(scope))
        assert asked() == {"request_id": seen[0], "role": "risk", "signed_in_by": "session"}
        if fails:
            raise RuntimeError
        start = {"type": "websocket.accept"} if kind == "websocket" else {"type": "http.response.start", "status": 200}
        await send(start | {"headers": [(b"X-Request-ID", b"of-the-application")]})

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"x-request-id", given)] if given is not None else []
    scope = {"type": kind, "path": path, "headers": headers, "query_string": b"token=abc"}
    if kind == "http":
        scope["method"] = "GET"
    asyncio.run(RequestIds(app)(scope, None, send))  # type: ignore[arg-type]
    return sent[0], seen[0]


@pytest.mark.parametrize("given", [b"0af7651916cd43dd8448eb211c80319c", b"order-4711_a.b"])
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_well_formed_id_is_taken_over(given: bytes, kind: str) -> None:
    start, seen = ask(given, kind)
    assert seen == given.decode()
    assert start["headers"] == [(b"x-request-id", given)]


@pytest.mark.parametrize(
    "given", [None, b"", b"short", b"a" * 65, b"has spaces in it", b"line\r\nbreak-0123", b"<script>01"]
)
def test_anything_else_is_replaced(given: bytes | None) -> None:
    start, seen = ask(given)
    assert len(seen) == 32 and seen != ask(given)[1]
    assert start["headers"] == [(b"x-request-id", seen.encode())]


def test_outside_a_request_nothing_is_known() -> None:
    ask(None)
    assert logs.REQUEST.get() is None and request_id({}) == ""


def test_a_request_is_a_line_only_where_lines_are_json(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, logger="ringside.access")
    ask(None)
    assert caplog.records == []
    monkeypatch.setattr(request_ids, "writes_json", lambda: True)
    ask(None)
    with pytest.raises(RuntimeError):
        ask(None, fails=True)
    first, second = (record.facts for record in caplog.records)  # type: ignore[attr-defined]
    assert first["path"] == "/score" and first["status"] == 200 and first["duration_ms"] >= 0
    assert second["status"] == 500
    assert "token" not in caplog.text
