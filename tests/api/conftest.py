"""A desk behind its API, asked in process by whoever a test says."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from core.api.app import create
from core.config import Settings
from core.services.access import LOCAL_PEOPLE, SCOPES, Actor, Role
from core.services.desk import Desk, open_desk
from core.usecases import builtin
from core.web.asgi import Application
from core.web.caller import SCOPE_KEY, Caller


class Client:
    """A program that asks as one caller; every request runs in the module's own event loop."""

    def __init__(self, portal: BlockingPortal, app: Application) -> None:
        self._portal, self._app = portal, app

    def request(self, method: str, path: str, **facts: Any) -> httpx.Response:
        """Send one request to a path below /api/v1."""
        answer: httpx.Response = self._portal.call(self._send, method, path, facts)
        return answer

    async def _send(self, method: str, path: str, facts: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver/api/v1") as client:
            return await client.request(method, path, **facts)

    def get(self, path: str, **facts: Any) -> httpx.Response:
        """GET."""
        return self.request("GET", path, **facts)

    def post(self, path: str, **facts: Any) -> httpx.Response:
        """POST."""
        return self.request("POST", path, **facts)


As = Callable[..., Client]


def let_in(app: Application, who: Caller | None) -> Application:
    """The application behind a gate that lets everybody in as one caller."""

    async def gate(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "root_path": "/api/v1"} | ({SCOPE_KEY: who} if who else {}), receive, send)

    return gate


@pytest.fixture(scope="module")
def desk(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    home = tmp_path_factory.mktemp("api") / "home"
    shutil.copytree(trained_home, home)
    opened = open_desk(Settings(home=home, api_requests=1_000_000))
    opened.warm()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def app(desk: Desk) -> Application:
    return create(lambda: desk)


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as opened:
        yield opened


@pytest.fixture(scope="module")
def by(app: Application, portal: BlockingPortal) -> As:
    """`by(Role.RISK)` asks as that role, `by(None)` as nobody, `by(role, "score")` with a token of that scope."""

    def client(role: Role | None = Role.ANALYST, *scopes: str) -> Client:
        who = None
        if role is not None:
            only = frozenset().union(*(SCOPES[name] for name in scopes)) if scopes else None
            actor = Actor(LOCAL_PEOPLE[role].name, role, only=only)
            who = Caller(actor, "token" if scopes else "machine", f"{role}-{'-'.join(scopes)}")
        return Client(portal, let_in(app, who))

    return client


def rows_of(key: str, n_rows: int = 5, seed: int = 5) -> list[dict[str, Any]]:
    """Rows nobody was trained on, as JSON holds them, without the outcome."""
    use_case = builtin()[key]
    assert use_case.synthesize is not None
    drawn = use_case.synthesize(n_rows, seed)
    kept = [name for name in drawn.column_names if name in use_case.schema]
    return [{name: plain(value) for name, value in row.items()} for row in drawn.select(kept).to_pylist()]


def plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
