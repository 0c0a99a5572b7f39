"""The pages for signing in where an identity provider does it: a button that leads there, and the way back in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from core.errors import DeskError
from core.services.signing_in import provider as service
from core.web import sign_in_html as html
from core.web.gate import SIGN_IN
from core.web.heads import own_path
from core.web.listening import Listening
from core.web.sign_in import HEADERS, SignInPages

if TYPE_CHECKING:
    from core.services.desk import Desk

_BEGIN = f"{SIGN_IN}/provider"
_NEXT_SECONDS = 900


class Provides(Protocol):
    """What knows the identity providers (`core.ui.provider.Provider`)."""

    names: tuple[str, ...]

    def login(self, name: str) -> str: ...

    def said(self, cookies: Mapping[str, str]) -> service.Said | None: ...


class ProviderPages(SignInPages):
    """Signing in through an identity provider."""

    def __init__(self, desk: Callable[[], Desk], listening: Listening, provider: Provides) -> None:
        super().__init__(desk, listening)
        self.provider = provider
        self.next_cookie = f"{self.session_cookie}-next"

    def routes(self) -> list[Route]:
        """Path by path; nobody has a password to change."""
        return [
            Route(SIGN_IN, self.sign_in, methods=["GET"]),
            Route(_BEGIN, self.begin, methods=["GET"]),
            Route("/sign-out", self.sign_out, methods=["GET", "POST"]),
        ]

    async def sign_in(self, request: Request) -> Response:
        """Offer the way to the provider; whom it has just vouched for goes on to where they wanted."""
        onward = own_path(request.query_params.get("next"))
        if await self.session(request) is not None:
            return RedirectResponse(onward, 303, HEADERS)
        said = self.provider.said(request.cookies)
        if said is None or await asyncio.to_thread(service.used, self.desk(), said):
            return self.offer(onward)
        try:
            secret = await asyncio.to_thread(service.sign_in_with, self.desk(), said)
        except DeskError as error:
            return self.offer(onward, problem=str(error), status=403)
        answer = self.let_in(secret, own_path(request.cookies.get(self.next_cookie)))
        self.set_cookie(answer, self.next_cookie, "", 0)
        return answer

    async def begin(self, request: Request) -> Response:
        """Remember where they wanted to go, and hand over to Streamlit's own sign-in."""
        answer = RedirectResponse(self.provider.login(request.query_params.get("name", "")), 303, HEADERS)
        self.set_cookie(answer, self.next_cookie, own_path(request.query_params.get("next")), _NEXT_SECONDS)
        return answer

    def signed_out(self, request: Request) -> Response:
        """Streamlit forgets its own cookie, and tells the provider where that wants to know."""
        return RedirectResponse("/auth/logout", 303, HEADERS)

    def offer(self, onward: str, *, problem: str = "", status: int = 200) -> Response:
        """A page with a button for each provider."""
        body = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
        for name in self.provider.names:
            words = "Sign in" if name == "default" else f"Sign in with {name}"
            where = f"{_BEGIN}?name={quote(name, safe='')}&next={quote(onward, safe='')}"
            body += f'<a class="button" href="{escape(where)}">{escape(words)}</a>'
        body += '<p class="small">Your organisation checks who you are; this desk gives you your role.</p>'
        return HTMLResponse(html.document("Sign in", body), status, HEADERS)
