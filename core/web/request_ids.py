"""An id for every request: taken over where the sender gives a well-formed one, and told in answer, logs and problems.

With `RINGSIDE_LOG_FORMAT=json` every request is a line in the log: who (the role), what (the route), how it ended.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, MutableMapping
from typing import Any

from core.logs import REQUEST, discreet, logger, writes_json
from core.web.asgi import Application, Receive, Scope, Send
from core.web.caller import caller
from core.web.http_counts import COUNTS, template

HEADER = b"x-request-id"
SCOPE_KEY = "ringside.request_id"
LONGEST_PATH = 120
LOGGER = logger("access")

_WELL_FORMED = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")


def request_id(scope: Mapping[str, Any]) -> str:
    """The id of this request; empty where none was given, as in a test without the middleware."""
    return str(scope.get(SCOPE_KEY, ""))


class RequestIds:
    """Gives every request an id before anything else looks at it, and logs how it ended."""

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        own = scope[SCOPE_KEY] = _given(scope) or os.urandom(16).hex()
        header, began, status = (HEADER, own.encode()), time.perf_counter(), 500

        async def told(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.accept"):
                status = message.get("status", 101)
                others = [pair for pair in message.get("headers", ()) if pair[0].lower() != HEADER]
                message["headers"] = [*others, header]
            elif message["type"] == "websocket.close" and status == 500:
                status = 403  # closed before it was accepted
            await send(message)

        before = REQUEST.set(lambda: _facts(scope))
        try:
            await self.app(scope, receive, told)
        finally:
            if writes_json():
                _log(scope, status, time.perf_counter() - began)
            REQUEST.reset(before)


def _given(scope: Scope) -> str | None:
    for name, value in scope.get("headers", ()):
        if name == HEADER and _WELL_FORMED.fullmatch(value):
            return str(value.decode())
    return None


def _facts(scope: Scope) -> dict[str, Any]:
    """What every line that is written meanwhile says of the request."""
    who = caller(scope)
    return {
        "request_id": request_id(scope),
        **({"role": who.actor.role.value, "signed_in_by": who.by} if who is not None else {}),
    }


def _log(scope: Scope, status: int, seconds: float) -> None:
    method, path = scope.get("method", "WEBSOCKET"), told_path(scope["path"], template(scope))
    facts = {"method": method, "path": path, "status": status, "duration_ms": round(seconds * 1_000, 1)}
    LOGGER.info("%s %s %s", method, path, status, extra={"facts": facts})


def told_path(path: str, found: str | None) -> str:
    """A path as the log has it: without its query, an entity's or a file's id.

    >>> told_path("/api/v1/entities/4711", "/entities/{entity}"), told_path("/media/ab12.csv", None)
    ('/api/v1/entities/{entity}', '/media/…')
    >>> told_path("/score/one", None), told_path("/wp-login.php", None)
    ('/score/one', '/wp-login.php')
    """
    route = COUNTS.route_of(path, found)
    if route.startswith("/api/"):
        return route
    if route in ("media", "upload", "report"):
        return "/".join(path.split("/")[: 3 if route == "upload" else 2]) + "/…"
    return discreet(path[:LONGEST_PATH])
