"""A gate with a desk behind it and an application that says who came through; requests without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from core.services.desk import Desk
from core.web.caller import Caller, caller
from core.web.gate import Gate
from core.web.listening import Listening

Message = MutableMapping[str, Any]


@dataclass
class Answer:
    """What came back. `status` 0: a websocket that was closed; `who`: whom the application saw, None if not asked."""

    status: int
    headers: dict[str, str]
    body: str
    who: Caller | None
    seen: dict[str, list[str]] = field(default_factory=dict)  # headers the application saw
    asked: bool = False
    cookies: SimpleCookie = field(default_factory=SimpleCookie)


class Door:
    """Knocks at a gate with a browser's memory for cookies."""

    def __init__(self, desk: Desk, listening: Listening, provider: Any = None) -> None:
        self.answer: Answer
        self.gate = Gate(self._app, lambda: desk, listening, provider)
        self.cookies: dict[str, str] = {}
        self._seen: tuple[Caller | None, dict[str, list[str]]] | None = None

    async def _app(self, scope: Message, receive: Any, send: Any) -> None:
        seen: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            seen.setdefault(name.decode(), []).append(value.decode())
        self._seen = (caller(scope), seen)
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"inside"})

    def __call__(
        self,
        path: str,
        *,
        method: str = "GET",
        kind: str = "http",
        client: str | None = "127.0.0.1",
        server: str | None = "127.0.0.1",
        scheme: str = "http",
        form: Any = None,
        **headers: str,
    ) -> Answer:
        """One request. Keyword arguments are headers: accept_language="de" is Accept-Language."""
        path, _, query = path.partition("?")
        pairs = {"host": "127.0.0.1:8501"} | {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies and "cookie" not in pairs:
            pairs["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        scope = {
            "type": kind, "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in pairs.items()],
            "scheme": scheme, "http_version": "1.1",
            "client": (client, 50_000) if client else None, "server": (server, 8501) if server else None,
        }  # fmt: skip
        if kind == "http":
            scope["method"] = "POST" if form is not None else method
        sent: list[Message] = []
        self._seen = None

        async def receive() -> Message:
            return {"type": "http.request", "body": urlencode(form or {}).encode(), "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        asyncio.run(self.gate(scope, receive, send))
        return self._read(sent)

    def _read(self, sent: list[Message]) -> Answer:
        cookies: SimpleCookie = SimpleCookie()
        headers: dict[str, str] = {}
        for name, value in sent[0].get("headers", ()):
            headers[name.decode()] = value.decode()
            if name == b"set-cookie":
                cookies.load(value.decode())
        for name, morsel in cookies.items():
            if morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value
        status = int(sent[0].get("status", 101 if sent[0]["type"] == "websocket.accept" else 0))
        body = b"".join(message.get("body", b"") for message in sent[1:]).decode()
        who, seen = self._seen or (None, {})
        return Answer(status, headers, body, who, seen, self._seen is not None, cookies)


MakeDoor = Callable[..., Door]
