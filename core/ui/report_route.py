"""The route that serves kept reports: pages made elsewhere, shown in a frame that can do nothing but draw itself.

A report's scripts stand in the page, which the desk's own policy forbids. So it has a policy of its own: its scripts
run, in an origin of their own (`sandbox`), and reach neither the desk nor any other address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from core.services.access import Action, may
from core.ui import state
from core.web.caller import caller

if TYPE_CHECKING:
    from starlette.requests import Request

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'unsafe-inline' blob:",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        "font-src data:",
        "worker-src blob:",
        "connect-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
        "sandbox allow-scripts",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-frame-options": "SAMEORIGIN",
    "cache-control": "private, no-store",
    "referrer-policy": "no-referrer",
}


def report(request: Request) -> Response:
    """A kept report, for whoever may see drift; 404 for every other name."""
    from core.services.watching import evidently_report as service

    who = caller(request.scope)
    if who is None or not may(who.actor, Action.SEE_MODELS):
        return PlainTextResponse("This report is not for your role.", status_code=403, headers=HEADERS)
    found = service.served(state.desk(), request.path_params["use_case"], request.path_params["name"])
    if found is None:
        return PlainTextResponse("There is no such report.", status_code=404, headers=HEADERS)
    return FileResponse(found, media_type="text/html; charset=utf-8", headers=HEADERS)


ROUTES = [Route("/report-files/{use_case}/{name}", report, methods=["GET"])]
