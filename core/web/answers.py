"""Short answers that are given before any page or route is asked: in the form that the sender can read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus

from core.web.asgi import Send
from core.web.heads import Head

POLICY_VIOLATION = 1008  # of websockets
Pairs = Sequence[tuple[bytes, bytes]]
_NEVER_KEPT = (b"cache-control", b"no-store")


def for_programs(path: str) -> bool:
    """Whether a program is expected to ask for this path."""
    return path == "/metrics" or path.startswith("/api/")


async def refuse(head: Head, send: Send, status: int, title: str, detail: str) -> None:
    """Say no: a closed websocket, a problem for programs (RFC 9457), two lines for people."""
    if head.socket:
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": title[:120]})
        return
    extra = [(b"www-authenticate", b'Bearer realm="ringside"')] if status == HTTPStatus.UNAUTHORIZED else []
    if for_programs(head.path):
        problem = {"type": "about:blank", "title": title, "status": status, "detail": detail, "instance": head.path}
        await _send(send, status, json.dumps(problem).encode(), "application/problem+json", extra)
    else:
        await _send(send, status, f"{title}\n{detail}\n".encode(), "text/plain; charset=utf-8", extra)


async def redirect(send: Send, where: str) -> None:
    """Send a browser elsewhere on this desk."""
    await _send(send, HTTPStatus.SEE_OTHER, b"", "text/plain", [(b"location", where.encode("latin-1", "ignore"))])


async def _send(send: Send, status: int, body: bytes, kind: str, extra: Pairs) -> None:
    length = (b"content-length", str(len(body)).encode())
    headers = [(b"content-type", kind.encode()), length, _NEVER_KEPT, *extra]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
