"""The server closes connections whose head does not come to an end, and leaves every other one alone."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from core.web import bounded_head
from tests.servers import free_port


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server whose heads may take half a second."""
    monkeypatch.setattr(bounded_head, "HEAD_SECONDS", 0.5)
    bounded_head.bound_heads()
    bounded_head.bound_heads()  # a second time changes nothing

    async def counts(scope: Any, receive: Any, send: Any) -> None:
        n_bytes, more = 0, True
        while more:
            message = await receive()
            n_bytes, more = n_bytes + len(message["body"]), message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(n_bytes).encode()})

    found = free_port()
    server = uvicorn.Server(uvicorn.Config(counts, port=found, lifespan="off", log_level="error"))
    running = threading.Thread(target=server.run)
    running.start()
    while not server.started:
        time.sleep(0.01)
    yield found
    server.should_exit = True
    running.join(10)


def test_requests_go_on_as_they_did(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for n_bytes in (0, 3_000_000, 10):
        connection.request("POST", "/", b"x" * n_bytes, {"X": "y" * 30_000})
        assert connection.getresponse().read() == str(n_bytes).encode()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as another:
        another.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n" + b"x" * 500_000)
        assert another.recv(1_000).startswith(b"HTTP/1.1 200 "), "a body that comes with its head is no head"
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", "2")
    connection.endheaders(b"a")
    time.sleep(0.8)
    connection.send(b"b")
    assert connection.getresponse().read() == b"2", "a body may take longer"
    connection.close()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /"])
def test_who_does_not_go_on_is_sent_away(port: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(sent)
        began = time.monotonic()
        while connection.recv(4_096):
            pass
        assert 0.3 < time.monotonic() - began < 4, "before the server's own five seconds"


def test_a_head_that_does_not_end_is_too_long(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        for _ in range(2):
            time.sleep(0.05)
            connection.sendall(b"a" * 40_000)
        assert connection.recv(100).startswith(b"HTTP/1.1 431 ")
