"""A bound on the head of a request, which the web server keeps whole before anybody is asked who sends it.

Without it a stranger who never ends a header takes the memory of the process, and its time: the server's parser copies
what came before with every piece. Streamlit has no setting for it, and the server has chosen its protocol's class by
the time the desk is imported, so the class itself learns it.
"""

from __future__ import annotations

from typing import Any

MOST_HEAD = 65_536  # bytes beyond what one read of the connection brings
TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain\r\ncontent-length: 26\r\nconnection: close\r\n\r\n"
    b"The headers are too long.\n"
)


def bound_heads() -> None:
    """Close connections whose request line and headers do not come to an end, from now on."""
    from uvicorn.protocols.http import httptools_impl

    protocol: Any = httptools_impl.HttpToolsProtocol
    if hasattr(protocol, "bytes_of_head"):
        return
    begins, complete, received = protocol.on_message_begin, protocol.on_headers_complete, protocol.data_received

    def on_message_begin(self: Any) -> None:
        self.bytes_of_head = 0
        begins(self)

    def on_headers_complete(self: Any) -> None:
        self.bytes_of_head = None  # what follows is a body, which is counted where it is read
        complete(self)

    def data_received(self: Any, data: bytes) -> None:
        if self.bytes_of_head is not None:
            self.bytes_of_head += len(data)
            if self.bytes_of_head > MOST_HEAD:
                self.transport.write(TOO_LONG)
                self.transport.close()
                return
        received(self, data)

    protocol.bytes_of_head = None  # of a head that has not ended; None between a head's end and the next
    protocol.on_message_begin, protocol.on_headers_complete = on_message_begin, on_headers_complete
    protocol.data_received = data_received
