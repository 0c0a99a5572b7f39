"""ASGI's own types, and an application that is built when it is first asked for."""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Lazy:
    """An application whose module is imported with the first request, so that the first page does not wait for it.

    Parameters
    ----------
    maker : str
        "module:function"; the function takes `given` and returns the application.
    *given : Any
    """

    def __init__(self, maker: str, *given: Any) -> None:
        self._maker = maker
        self._given = given
        self._making = threading.Lock()
        self._made: Application | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        made = self._made
        if made is None:
            made = await asyncio.to_thread(self.make)
        await made(scope, receive, send)

    def make(self) -> Application:
        """Import and build it, once; for whoever has time before the first request comes."""
        with self._making:
            if self._made is None:
                module, name = self._maker.split(":")
                self._made = cast(Application, getattr(importlib.import_module(module), name)(*self._given))
            return self._made
