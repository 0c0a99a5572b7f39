"""The security headers reach every HTTP answer, and only those."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from core.web.headers import SecurityHeaders

Message = MutableMapping[str, Any]


def answer(kind: str, own: list[tuple[bytes, bytes]], scheme: str = "http") -> list[Message]:
    sent: list[Message] = []

    async def app(scope: Message, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": own})
        await send({"type": "http.response.body", "body": b"x"})

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    asyncio.run(SecurityHeaders(app)({"type": kind, "scheme": scheme}, receive, send))
    return sent


def test_strict_policy_is_added() -> None:
    headers = dict(answer("http", [])[0]["headers"])
    policy = headers[b"content-security-policy"].decode()
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe" not in scripts
    assert "http" not in policy
    assert headers[b"x-content-type-options"] == b"nosniff"


def test_a_header_of_the_answer_itself_wins() -> None:
    headers = answer("http", [(b"X-Frame-Options", b"SAMEORIGIN")])[0]["headers"]
    frames = [value for name, value in headers if name.lower() == b"x-frame-options"]
    assert frames == [b"SAMEORIGIN"]


def test_sockets_pass_untouched() -> None:
    assert answer("websocket", [])[0]["headers"] == []


def test_https_once_is_https_from_then_on() -> None:
    assert dict(answer("http", [], "https")[0]["headers"])[b"strict-transport-security"] == b"max-age=31536000"
    assert b"strict-transport-security" not in dict(answer("http", [])[0]["headers"])
