"""The gate: finds out who sends a request, and lets nobody else near a page, a socket, a file or the API.

It stands before everything that Streamlit and the API serve, and what it does not know is closed. A token comes first,
then a session's cookie, then, where nobody has to sign in, this machine itself.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from core.errors import DeskError
from core.logs import logger
from core.services.access import LOCAL_PEOPLE, Role
from core.web import answers
from core.web.asgi import Application, Lazy, Receive, Scope, Send
from core.web.caller import SCOPE_KEY, SESSION_HEADER, THIS_MACHINE, Caller
from core.web.heads import Head
from core.web.listening import OFF, OIDC, Listening, is_loopback

if TYPE_CHECKING:
    from core.services.desk import Desk
    from core.services.signing_in.sessions import SignedIn

LOGGER = logger("gate")
ALWAYS_OPEN = frozenset({"/api/v1/health", "/api/v1/ready"})
# The front end's own scripts, the same in every app: an open page fetches some late, also to say that it is signed out.
_FRONT_END = re.compile(r"/static(/[A-Za-z0-9_-]+)+(\.[A-Za-z0-9_-]+)+")
CHANGE, SIGN_IN = "/change-password", "/sign-in"
OWN_PAGES = frozenset({SIGN_IN, "/sign-out", CHANGE, "/sign-in/provider"})
PROVIDER_PAGES = frozenset({"/auth/login", "/auth/logout", "/oauth2callback"})  # Streamlit's own, for st.login


class Turned(Exception):
    """A request that goes no further: the status and the words of the answer."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(title)
        self.status, self.title, self.detail = status, title, detail


class Gate:
    """Middleware that puts a `Caller` into the scope, or answers itself.

    Parameters
    ----------
    app : ASGI application
    desk : callable
        Gives the desk of this process; opens it where it is not open yet.
    listening : Listening
    provider : Any
        What knows the identity provider (`core.ui.provider.Provider`); None where there is none.
    """

    def __init__(self, app: Application, desk: Callable[[], Desk], listening: Listening, provider: Any = None) -> None:
        self.app = app
        self.desk = desk
        self.listening = listening
        self.pages = Lazy("core.web.sign_in:create", desk, listening, provider)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        scope["headers"] = [pair for pair in scope.get("headers", ()) if pair[0].lower() != SESSION_HEADER]
        head = Head(scope)
        try:
            onward = await self._onward(scope, head)
        except Turned as turned:
            if turned.status == 401 and self._signs_in and head.wants_page and not answers.for_programs(head.path):
                await answers.redirect(send, f"{SIGN_IN}?next={quote(head.where, safe='')}")
            else:
                await answers.refuse(head, send, turned.status, turned.title, turned.detail)
            return
        except DeskError as error:
            LOGGER.warning("the gate is closed: %s", error)  # which may name servers and folders: not for strangers
            await answers.refuse(head, send, 503, "The desk cannot look up who you are.", "Its own log says why.")
            return
        await onward(scope, receive, _sealed(send) if self.listening.secure else send)

    @property
    def _signs_in(self) -> bool:
        return self.listening.sign_in != OFF

    async def _onward(self, scope: Scope, head: Head) -> Application:
        """Who answers: the desk with a caller in the scope, or the pages for signing in."""
        if head.method in ("GET", "HEAD") and (head.path in ALWAYS_OPEN or _FRONT_END.fullmatch(head.path)):
            return self.app
        if head.is_foreign(self.listening.url):
            raise Turned(403, "This request came from a page of somewhere else.", "Send it from the desk's own pages.")
        if head.bearer is not None:
            self._check_way(scope, head)
            scope[SCOPE_KEY] = await self._token(head, head.bearer)
            return self.app
        self._check_name(head)
        if not self._signs_in:
            scope[SCOPE_KEY] = self._machine(head)
            _mark(scope, THIS_MACHINE)
            return self.app
        self._check_way(scope, head)
        if head.path in OWN_PAGES:
            return self.pages
        if head.path in PROVIDER_PAGES and self.listening.sign_in == OIDC:
            return self.app
        return await self._session(scope, head)

    async def _token(self, head: Head, text: str) -> Caller:
        from core.services.signing_in import tokens

        held = await asyncio.to_thread(lambda: tokens.holder(self.desk(), text))
        if held is None:
            raise Turned(401, "This token opens nothing.", "It is unknown, withdrawn or expired: ask for a new one.")
        if not answers.for_programs(head.path):
            raise Turned(403, "A token opens the API and the metrics only.", "Pages take a person who signs in.")
        return Caller(held.actor, "token", held.id)

    async def _session(self, scope: Scope, head: Head) -> Application:
        found = await asyncio.to_thread(self._signed_in, head)
        if found is None:
            raise Turned(401, "You are not signed in.", "Sign in, or send a token: Authorization: Bearer rs_...")
        if found.must_change:
            if head.wants_page:
                return _to(CHANGE)
            raise Turned(403, "A one-time password must be changed first.", f"Open {CHANGE}.")
        scope[SCOPE_KEY] = Caller(found.actor, "session", found.id)
        _mark(scope, found.id)
        return self.app

    def _signed_in(self, head: Head) -> SignedIn | None:
        from core.services.signing_in import sessions

        secret = head.cookies.get(cookie_name(self.listening.secure))
        return sessions.of_secret(self.desk(), secret) if secret else None

    def _machine(self, head: Head) -> Caller:
        """The person at this machine; whoever else gets here came by a way that nobody meant."""
        if not is_loopback(head.client) or not is_loopback(head.server):
            raise Turned(
                403,
                "This desk has no sign-in, so it serves this machine only.",
                "Set RINGSIDE_SIGN_IN to local or oidc (docs/sign-in.md).",
            )
        asked = head.get("x-act-as") or Role.ANALYST
        if asked not in set(Role):
            raise Turned(400, "X-Act-As names no role.", f"It takes one of {', '.join(Role)}.")
        actor = LOCAL_PEOPLE[Role(asked)]
        return Caller(actor, "machine")

    def _check_name(self, head: Head) -> None:
        """A name that an attacker's page made to point here is not ours (DNS rebinding)."""
        if not is_loopback(head.host) and head.host not in self.listening.names:
            raise Turned(
                403, "The desk is not called that.", "Open it by the address in RINGSIDE_URL, or on its own machine."
            )

    def _check_way(self, scope: Scope, head: Head) -> None:
        """However it was started: no password, cookie or token in plain http over a network."""
        plain = scope.get("scheme", "http") in ("http", "ws") and not self.listening.behind_proxy
        if plain and not is_loopback(head.server):
            raise Turned(403, "The desk does not answer plain http over a network.", "Use https.")


def cookie_name(secure: bool) -> str:
    """What the session's cookie is called; browsers let nobody else set one that begins with __Host-."""
    return "__Host-ringside" if secure else "ringside"


def _mark(scope: Scope, session_id: str) -> None:
    """Tell the pages by whom they are looked at: they see headers, not the scope."""
    scope["headers"] = [*scope["headers"], (SESSION_HEADER, session_id.encode())]


def _sealed(send: Send) -> Send:
    """Whatever sets a cookie where https ends, Streamlit's own too: it goes no other way."""

    async def sealed(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [_secure(name, value) for name, value in message.get("headers", ())]
        await send(message)

    return sealed


def _secure(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    bare = name.lower() == b"set-cookie" and b"secure" not in {part.strip().lower() for part in value.split(b";")}
    return name, value + b"; Secure" if bare else value


def _to(where: str) -> Application:
    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        await answers.redirect(send, where)

    return answer
