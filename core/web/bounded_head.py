"""A bound on the head of a request, which the web server keeps whole before anybody is asked who sends it.

Without it a stranger who never ends a header takes the memory of the process, and its time: the server's parser copies
what came before with every piece; and whoever sends nothing keeps a connection for good. Streamlit has no setting for
it, and the server has chosen its protocol's class by the time the desk is imported, so the class itself learns it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MOST_HEAD = 65_536  # bytes; those of the read that it ends in are not counted
HEAD_SECONDS = 60.0  # that a head may take, as proxies give it
TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain\r\ncontent-length: 26\r\nconnection: close\r\n\r\n"
    b"The headers are too long.\n"
)


_before: dict[str, Callable[..., None]] = {}  # what the server does itself


def bound_heads() -> None:
    """Close connections whose request line and headers do not come, or do not come to an end, from now on."""
    from uvicorn.protocols.http import httptools_impl

    protocol: Any = httptools_impl.HttpToolsProtocol
    if _before:
        return
    protocol.bytes_of_head = None  # of a head that has not ended; None between a head's end and the next
    protocol.head_due = None  # the timer that closes the connection
    for own in (connection_made, on_message_begin, on_headers_complete, data_received, connection_lost):
        _before[own.__name__] = getattr(protocol, own.__name__)
        setattr(protocol, own.__name__, own)


def connection_made(self: Any, transport: Any) -> None:
    """Somebody is there: a head is due."""
    _before["connection_made"](self, transport)
    _await_head(self)


def on_message_begin(self: Any) -> None:
    """A head begins, the first of its connection or another."""
    _before["on_message_begin"](self)
    _await_head(self)


def on_headers_complete(self: Any) -> None:
    """It is whole: what follows is a body, which is counted where it is read."""
    _stop_waiting(self)
    self.bytes_of_head = None
    _before["on_headers_complete"](self)


def data_received(self: Any, data: bytes) -> None:
    """Bytes came; those that a head ends in are not counted, for a body may have come with them."""
    within = self.bytes_of_head is not None
    _before["data_received"](self, data)
    if within and self.bytes_of_head is not None and not self.transport.is_closing():
        self.bytes_of_head += len(data)
        if self.bytes_of_head > MOST_HEAD:
            self.transport.write(TOO_LONG)
            self.transport.close()


def connection_lost(self: Any, error: Exception | None) -> None:
    """Whoever was there is gone."""
    _stop_waiting(self)
    _before["connection_lost"](self, error)


def _await_head(self: Any) -> None:
    _stop_waiting(self)
    self.bytes_of_head = 0
    self.head_due = self.loop.call_later(HEAD_SECONDS, self.transport.close)


def _stop_waiting(self: Any) -> None:
    if self.head_due is not None:
        self.head_due.cancel()
