"""HTTP requests of this process by method, route and status class, and how long they took: plain ASGI.

Routes are few and known beforehand, whatever paths somebody asks for: a scanner must not fill the monitoring system.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from core.web.asgi import Application, Receive, Scope, Send

if TYPE_CHECKING:
    from core.domain.exposition import Family

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)  # seconds
MOST_API_ROUTES = 100

_STREAMLIT = {
    "/_stcore/upload_file": "upload",
    "/_stcore/health": "health",
    "/_stcore/": "streamlit",
    "/static/": "static",
    "/media/": "media",
    "/component/": "static",
    "/report-files/": "report",
}
_ASSET = re.compile(r"\.(js|css|png|ico|svg|woff2?|ttf|json|map)$")


class HttpCounts:
    """What was counted since the process began; may be shared by threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._api_routes: set[str] = set()
        self._counts: dict[tuple[str, str, str], list[float]] = {}  # + seconds, + one n per bound and beyond
        self.connections = 0  # websockets: open pages

    def add(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        labels = (method if method in METHODS else "other", route, f"{status // 100}xx")
        place = next((place for place, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
        with self._guard:
            found = self._counts.setdefault(labels, [0.0] * (len(BOUNDS) + 2))
            found[0] += seconds
            found[place + 1] += 1

    def connected(self, change: int) -> None:
        """A page opened its websocket, or closed it."""
        with self._guard:
            self.connections += change

    def route_of(self, path: str, template: str | None) -> str:
        """The route of a path: for the API the template that matched it, for all else one of a few words.

        >>> counts = HttpCounts()
        >>> counts.route_of("/api/v1/jobs/17", "/jobs/{job_id}"), counts.route_of("/api/v1/wp-admin", "/api/v1")
        ('/api/v1/jobs/{job_id}', '/api/v1/other')
        >>> [counts.route_of(path, None) for path in ("/", "/media/ab12.csv", "/metrics", "/why/it/is.js")]
        ['page', 'media', 'metrics', 'static']
        """
        if path == "/api" or path.startswith("/api/"):
            return self._api_route(template)
        if path in ("/metrics", "/sign-in", "/sign-out"):
            return path[1:]
        for beginning, word in _STREAMLIT.items():
            if path.startswith(beginning):
                return word
        return "static" if _ASSET.search(path) else "page"

    def _api_route(self, template: str | None) -> str:
        if template is None or template == "/api/v1":  # no route matched, or only the mount did
            return "/api/v1/other"
        route = template if template.startswith("/api/") else f"/api/v1{template}"
        with self._guard:
            if route not in self._api_routes and len(self._api_routes) >= MOST_API_ROUTES:
                return "/api/v1/other"
            self._api_routes.add(route)
        return route

    def families(self) -> Iterator[Family]:
        """For the metrics."""
        from core.domain.exposition import HISTOGRAM, Family, Sample, gauge

        with self._guard:
            counts = {labels: list(found) for labels, found in self._counts.items()}
            connections = self.connections
        samples = []
        for labels, (seconds, *by_place) in sorted(counts.items()):
            seen, buckets = 0, []
            for bound, n in zip((*BOUNDS, float("inf")), by_place, strict=True):
                seen += int(n)
                buckets.append((bound, seen))
            samples.append(Sample(labels, seconds, tuple(buckets)))
        said = "Seconds from an HTTP request to the end of its answer, by method, route and status class."
        yield Family("ringside_http_request_duration_seconds", said, HISTOGRAM, ("method", "route", "status"), samples)
        open_pages = {(): float(connections)}
        yield gauge("ringside_http_websockets", "Websockets that are open: pages in browsers.", [], open_pages)


COUNTS = HttpCounts()


class HttpMetrics:
    """Count every HTTP answer and every open websocket."""

    def __init__(self, app: Application, counts: HttpCounts = COUNTS) -> None:
        self.app, self._counts = app, counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            self._counts.connected(+1)
            try:
                await self.app(scope, receive, send)
            finally:
                self._counts.connected(-1)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status, path = time.perf_counter(), 500, scope["path"]

        async def noted(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            route = self._counts.route_of(path, template(scope))
            self._counts.add(scope["method"], route, status, time.perf_counter() - began)


def template(scope: Scope) -> str | None:
    """The path of the route that answered, with its parameters' names; None where none did."""
    found = getattr(scope.get("route"), "path", None)
    return found if isinstance(found, str) else None
