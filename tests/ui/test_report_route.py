"""A report is served with a policy under which its scripts can draw, and do nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from core.services.access import LOCAL_PEOPLE, Role
from core.services.watching import evidently_report as service
from core.store.report_files import ReportFiles
from core.ui import report_route, state
from core.web.caller import SCOPE_KEY, Caller
from core.web.headers import SecurityHeaders


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a report of lead_scoring on a desk in this folder."""
    desk = SimpleNamespace(settings=SimpleNamespace(data_dir=tmp_path))
    monkeypatch.setattr(state, "desk", lambda: desk)
    files = ReportFiles(tmp_path / "reports" / "lead_scoring")
    with files.workshop() as folder:
        (folder / "page").write_text("<script>draw()</script>")
        return files.keep(folder / "page", {"made_at": "2026-11-21"}, service.MOST_REPORTS)


def get(path: str, role: Role | None = Role.ANALYST) -> tuple[int, dict[str, str], bytes]:
    """What the app answers somebody, through the middleware that the desk has."""
    app = Starlette(routes=report_route.ROUTES, middleware=[Middleware(SecurityHeaders)])
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(3_600)  # the browser stays until it has the answer
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [],
        "http_version": "1.1", "scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    if role is not None:
        scope[SCOPE_KEY] = Caller(LOCAL_PEOPLE[role], "session", "x")
    asyncio.run(app(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(item.get("body", b"") for item in sent[1:])


def test_a_kept_report_is_served_under_its_own_policy(kept: str) -> None:
    status, headers, body = get(f"/report-files/lead_scoring/{kept}")
    assert (status, body) == (200, b"<script>draw()</script>")
    assert headers["content-type"].startswith("text/html") and headers["x-frame-options"] == "SAMEORIGIN"
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["sandbox"] == "allow-scripts", "an origin of its own: no cookies, no desk"
    assert policy["default-src"] == policy["connect-src"] == "'none'"
    assert policy["frame-ancestors"] == "'self'" and "unsafe-eval" not in policy["script-src"]
    assert "http" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff" and headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize(
    "path", ["lead_scoring/{}x", "bnpl_default/{}", "lead_scoring/..", "../lead_scoring/{}", "lead_scoring/{}.json"]
)
def test_everything_else_is_not_there(kept: str, path: str) -> None:
    status, headers, body = get("/report-files/" + path.format(kept))
    assert status == 404 and b"script" not in body
    assert "content-security-policy" in headers


@pytest.mark.parametrize("role", [Role.SALES, None])
def test_a_report_is_not_for_whoever_may_not_see_drift(kept: str, role: Role | None) -> None:
    status, _, body = get(f"/report-files/lead_scoring/{kept}", role)
    assert status == 403 and b"draw" not in body
