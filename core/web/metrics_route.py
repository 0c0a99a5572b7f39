"""`/metrics`: how the desk is doing, for Prometheus. Imported with the first scrape."""

from __future__ import annotations

from collections.abc import Callable

import anyio
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from core.bridges.prometheus import exposition
from core.errors import NotPermitted
from core.services.desk import Desk
from core.services.metrics import metrics
from core.web.asgi import Application, Receive, Scope, Send
from core.web.caller import caller
from core.web.http_counts import COUNTS

WHO = "The metrics are given to who is signed in, or to a program with a token. Send one made for: metrics.\n"
METHODS = ("GET", "HEAD")
AT_ONCE = 2  # in threads of their own: scrapes that wait for a long log must not take those of the gate


def create(desk: Callable[[], Desk]) -> Application:
    """The application behind `/metrics`.

    Parameters
    ----------
    desk : callable
        Gives the desk of this process.
    """
    reading = anyio.CapacityLimiter(AT_ONCE)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        answer = await anyio.to_thread.run_sync(_answer, request, desk, limiter=reading)
        await answer(scope, receive, send)

    return serve


def _answer(request: Request, desk: Callable[[], Desk]) -> Response:
    if request.method not in METHODS:
        return PlainTextResponse("The metrics are read with GET.\n", 405, {"allow": ", ".join(METHODS)})
    who = caller(request.scope)
    if who is None:
        return PlainTextResponse(WHO, 401, {"www-authenticate": 'Bearer realm="Ringside"'})
    try:
        families = metrics(desk(), who.actor)
    except NotPermitted as error:
        return PlainTextResponse(f"{error}\n", 403)
    text, content_type = exposition([*families, *COUNTS.families()], request.headers.get("accept", ""))
    return Response(text, headers={"content-type": content_type, "cache-control": "no-store"})
