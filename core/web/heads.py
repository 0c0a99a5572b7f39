"""What a request says of itself before its body: headers, cookies, where it comes from and what it asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

from core.web.asgi import Scope

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Head:
    """The head of one request or websocket."""

    def __init__(self, scope: Scope) -> None:
        self._pairs: Iterable[tuple[bytes, bytes]] = scope.get("headers", ())
        self.path: str = scope["path"]
        self.socket: bool = scope["type"] == "websocket"
        self.method: str = "GET" if self.socket else scope["method"]
        self.query: bytes = scope.get("query_string", b"")
        self._scope: Mapping[str, Any] = scope

    @cached_property
    def _known(self) -> dict[bytes, str]:
        """The first of each name, as a proxy in front has looked at it."""
        found: dict[bytes, str] = {}
        for name, value in self._pairs:
            found.setdefault(name.lower(), value.decode("latin-1"))
        return found

    def get(self, name: str) -> str:
        """A header; "" where there is none."""
        return self._known.get(name.encode(), "")

    @property
    def bearer(self) -> str | None:
        """The token sent with it; None where none is."""
        scheme, _, text = self.get("authorization").partition(" ")
        return text.strip() if scheme.lower() == "bearer" else None

    @cached_property
    def cookies(self) -> dict[str, str]:
        """Cookies by name."""
        found: dict[str, str] = {}
        for part in self.get("cookie").split(";"):
            name, equals, value = part.strip().partition("=")
            if equals:
                found.setdefault(name, value.strip('"'))
        return found

    @property
    def host(self) -> str | None:
        """The host name that was asked for, in lower case without its port; None where it is none."""
        try:
            return urlsplit(f"//{self.get('host')}").hostname
        except ValueError:
            return None

    @property
    def wants_page(self) -> bool:
        """Whether a person opens a page with it, so that sending them elsewhere makes sense."""
        if self.socket or self.method not in ("GET", "HEAD") or self.get("sec-fetch-dest") in ("iframe", "script"):
            return False
        return self.get("sec-fetch-mode") == "navigate" or "text/html" in self.get("accept")

    @property
    def where(self) -> str:
        """Path and query, as a browser would write them."""
        asked = quote(self.path, safe="/:@!$&'()*+,;=~-._")
        return f"{asked}?{self.query.decode('latin-1')}" if self.query else asked

    @property
    def client(self) -> str | None:
        """Address that the connection comes from; None where that is not known."""
        return _first(self._scope.get("client"))

    @property
    def server(self) -> str | None:
        """Address of this machine that the connection reached; None where that is not known."""
        return _first(self._scope.get("server"))

    def sender(self, behind_proxy: bool) -> str:
        """Whom to count failed tries for: behind a proxy, whom the proxy names.

        It adds them at the end: of the header, or as one more header of this name behind what the sender wrote.
        """
        said = [value for name, value in self._pairs if name.lower() == b"x-forwarded-for"] if behind_proxy else []
        named = said[-1].decode("latin-1").rpartition(",")[2].strip() if said else ""
        return (named or self.client or "an unknown address")[:64]

    def is_foreign(self, url: str) -> bool:
        """Whether a page of somewhere else sent it: only browsers say so, and only what is not safe is asked.

        Parameters
        ----------
        url : str
            Where people open the desk; behind a proxy it may differ from what the request names.
        """
        if not self.socket and self.method in SAFE_METHODS:
            return False
        origin = self.get("origin")
        if not origin:
            return self.get("sec-fetch-site") in ("cross-site", "same-site")
        try:
            sent = urlsplit(origin)
        except ValueError:
            return True
        if sent.scheme not in ("http", "https"):
            return True
        return sent.netloc.lower() not in (self.get("host").lower(), urlsplit(url).netloc.lower())


def _first(address: Any) -> str | None:
    return str(address[0]) if address else None


def own_path(text: str | None) -> str:
    """Where to go after signing in: a path of this desk; "/" for whatever could lead elsewhere.

    >>> [own_path(text) for text in ("/drift?use_case=x", "//evil.example", "https://evil.example", None)]
    ['/drift?use_case=x', '/', '/', '/']
    """
    if not text or not text.startswith("/") or text.startswith("//") or len(text) > 2_000:
        return "/"
    if "\\" in text or any(ord(letter) < 33 or ord(letter) == 127 for letter in text):
        return "/"
    if urlsplit(text).path in ("/sign-in", "/sign-out", "/change-password"):
        return "/"
    return text
