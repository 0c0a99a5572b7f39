"""Answers that are written while the request is still being read."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class Streamed(Response):
    """An answer in pieces. Unlike the framework's own it never reads the request itself, so that its pieces may."""

    def __init__(self, pieces: AsyncIterator[bytes], media_type: str) -> None:
        self.media_type = media_type
        self.status_code = 200
        self.background = None
        self._pieces = pieces
        self.init_headers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head with the first piece: what goes wrong before it is still a problem of its own."""
        begun = False
        async for piece in self._pieces:
            if not begun:
                await send(self._head())
                begun = True
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if not begun:
            await send(self._head())
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _head(self) -> dict[str, object]:
        return {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}


async def lines(pieces: AsyncIterator[bytes], longest: int) -> AsyncIterator[list[bytes]]:
    """The whole lines that came with each piece of a body, empty ones as well; at the end what is left.

    A line longer than `longest` bytes is cut there, so that memory stays bounded: what is left of it cannot be read,
    and is said to.
    """
    rest = b""
    async for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        if len(rest) > longest:
            rest = rest[:longest]
        yield [line[:longest] for line in whole]
    if rest:
        yield [rest]
