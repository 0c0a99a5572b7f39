"""The pages for signing in and out and for changing one's password: forms, no scripts.

They are the only ones that a stranger sees. A form is taken only with the random text that its page put into a cookie
of its own, and the gate has refused every other site's by then.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route, Router

from core.errors import DeskError, NotReady
from core.services.signing_in import local, sessions
from core.web import sign_in_html as html
from core.web.asgi import Application
from core.web.gate import CHANGE, SIGN_IN, cookie_name
from core.web.heads import Head, own_path
from core.web.listening import Listening

if TYPE_CHECKING:
    from core.services.desk import Desk

_LONGEST_FORM = 16_384  # bytes
_FORM_SECONDS = 3_600
_HASHING, _MOST_WAITING = 2, 40  # passwords looked at at once, at 64 MB each, and tries that wait for it
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": f"default-src 'none'; style-src '{html.STYLE_HASH}'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}


def create(desk: Callable[[], Desk], listening: Listening, provider: Any = None) -> Application:
    """The application that the gate hands its own paths to."""
    if provider is None:
        return Router(routes=SignInPages(desk, listening).routes())
    from core.web.sign_in_provider import ProviderPages

    return Router(routes=ProviderPages(desk, listening, provider).routes())


class SignInPages:
    """Signing in with an account of this desk."""

    def __init__(self, desk: Callable[[], Desk], listening: Listening) -> None:
        self.desk = desk
        self.listening = listening
        self.session_cookie = cookie_name(listening.secure)
        self.form_cookie = f"{self.session_cookie}-form"
        self._threads = ThreadPoolExecutor(_HASHING, thread_name_prefix="password")  # the gate's own stay free
        self._waiting = 0

    def routes(self) -> list[Route]:
        """Path by path."""
        return [
            Route(SIGN_IN, self.sign_in, methods=["GET", "POST"]),
            Route("/sign-out", self.sign_out, methods=["GET", "POST"]),
            Route(CHANGE, self.change, methods=["GET", "POST"]),
        ]

    async def sign_in(self, request: Request) -> Response:
        """Ask for address and password; with both, open a session and go where they wanted to go."""
        if request.method == "GET":
            if await self.session(request) is not None:
                return RedirectResponse(own_path(request.query_params.get("next")), 303, HEADERS)
            return self.page(request, html.SIGN_IN, next=own_path(request.query_params.get("next")))
        form = await self.form(request)
        onward = own_path(form.get("next"))
        if not self.own_form(request, form):
            return self.page(request, html.SIGN_IN, problem=html.STALE, status=400, next=onward)
        email, password = form.get("email", ""), form.get("password", "")
        try:
            secret = await self.hashing(local.sign_in, self.desk(), email, password, self.sender(request))
        except DeskError as error:
            return self.page(request, html.SIGN_IN, problem=str(error), status=_status(error), next=onward, email=email)
        await self.leave(request)
        return self.let_in(secret, onward)

    async def sign_out(self, request: Request) -> Response:
        """End the session. A link of the desk's own pages does so at once; one of elsewhere is asked about."""
        if request.method == "GET" and request.headers.get("sec-fetch-site") != "same-origin":
            return self.page(request, html.SIGN_OUT)
        if request.method == "POST" and not self.own_form(request, await self.form(request)):
            return self.page(request, html.SIGN_OUT, problem=html.STALE, status=400)
        await self.leave(request)
        answer = self.signed_out(request)
        self.set_cookie(answer, self.session_cookie, "", 0)
        return answer

    def signed_out(self, request: Request) -> Response:
        """What is shown to somebody who has signed out."""
        return self.page(request, html.SIGN_IN, told="You are signed out.")

    async def change(self, request: Request) -> Response:
        """Change one's own password: what a one-time password is good for."""
        signed_in = await self.session(request)
        if signed_in is None:
            return RedirectResponse(SIGN_IN, 303, HEADERS)
        told = html.MUST_CHANGE if signed_in.must_change else ""
        if request.method == "GET":
            return self.page(request, html.CHANGE, told=told)
        form = await self.form(request)
        if not self.own_form(request, form):
            return self.page(request, html.CHANGE, problem=html.STALE, status=400, told=told)
        old, new = form.get("password", ""), form.get("new", "")
        if new != form.get("again", ""):
            return self.page(request, html.CHANGE, problem=html.NOT_TWICE, status=400, told=told)
        try:
            sender = self.sender(request)
            secret = await self.hashing(local.change_password, self.desk(), signed_in.id, old, new, sender)
        except DeskError as error:
            return self.page(request, html.CHANGE, problem=str(error), status=_status(error), told=told)
        return self.let_in(secret, "/")

    async def hashing(self, act: Callable[..., str], *given: Any) -> str:
        """Do what hashes a password, a few at a time.

        Raises
        ------
        DeskError
            Whatever it refuses; NotReady where too many wait.
        """
        if self._waiting >= _MOST_WAITING:
            raise NotReady("Very many people sign in at this moment.", "Try again in a minute.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, act, *given)
        finally:
            self._waiting -= 1

    async def session(self, request: Request) -> sessions.SignedIn | None:
        """Who is signed in already."""
        secret = request.cookies.get(self.session_cookie)
        return await asyncio.to_thread(sessions.of_secret, self.desk(), secret) if secret else None

    async def leave(self, request: Request) -> None:
        """End the session that this browser has, if any."""
        signed_in = await self.session(request)
        if signed_in is not None:
            await asyncio.to_thread(sessions.end, self.desk(), signed_in.id)

    def let_in(self, secret: str, onward: str) -> Response:
        """Give the browser its session, and forget the form."""
        answer = RedirectResponse(onward, 303, HEADERS)
        self.set_cookie(answer, self.session_cookie, secret, self.desk().settings.session_hours * 3_600)
        self.set_cookie(answer, self.form_cookie, "", 0)
        return answer

    def page(self, request: Request, which: str, *, status: int = 200, **said: str) -> Response:
        """One page; its form carries the text that its cookie holds."""
        text = request.cookies.get(self.form_cookie) or secrets.token_urlsafe(24)
        answer = HTMLResponse(html.page(which, form=text, **said), status, HEADERS)
        self.set_cookie(answer, self.form_cookie, text, _FORM_SECONDS)
        return answer

    def own_form(self, request: Request, form: dict[str, str]) -> bool:
        """Whether the form is one that this desk gave to this browser."""
        kept, sent = request.cookies.get(self.form_cookie, ""), form.get("form", "")
        return bool(kept) and hmac.compare_digest(kept.encode(), sent.encode())

    async def form(self, request: Request) -> dict[str, str]:
        """The fields that were sent; none where it is too much, or no form."""
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _LONGEST_FORM:
                return {}
        try:
            fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=10)
        except ValueError:  # more fields than any form of ours has
            return {}
        return {name: values[0] for name, values in fields.items()}

    def sender(self, request: Request) -> str:
        """Whom failed tries are counted for."""
        return Head(request.scope).sender(self.listening.behind_proxy)

    def set_cookie(self, answer: Response, name: str, value: str, seconds: int) -> None:
        """A cookie that scripts cannot read and other sites' requests do not carry."""
        answer.set_cookie(
            name, value, max_age=seconds, path="/", secure=self.listening.secure, httponly=True, samesite="lax"
        )


def _status(error: DeskError) -> int:
    from core.services.signing_in.throttle import TooManyTries

    if isinstance(error, NotReady):
        return 503
    return 429 if isinstance(error, TooManyTries) else 400
