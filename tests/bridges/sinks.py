"""What messages arrive at: an HTTP server and an SMTP server on this machine that keep what they are sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class HttpSink:
    """`answers` are given in turn, the last one for ever."""

    port: int
    answers: list[int] = field(default_factory=lambda: [200])
    location: str = ""
    pause: float = 0.0  # seconds before an answer
    requests: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def http_sink(*answers: int, port: int = 0) -> Iterator[HttpSink]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            sink.requests.append(Request(self.path, {name.lower(): text for name, text in self.headers.items()}, body))
            time.sleep(sink.pause)
            self.send_response(sink.answers.pop(0) if len(sink.answers) > 1 else sink.answers[0])
            if sink.location:
                self.send_header("Location", sink.location)
            self.send_header("Content-Length", "2")
            with suppress(OSError):  # whoever asked may have hung up
                self.end_headers()
                self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    sink = HttpSink(server.server_port, list(answers) or [200])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class MailSink:
    port: int
    mails: list[Message] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, _: Any) -> str:
        if address in self.refuse:
            return "550 5.1.1 No such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"


@contextmanager
def mail_sink(port: int, password: str | None = None) -> Iterator[MailSink]:
    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and data.password == str(password).encode()
        return AuthResult(success=right, handled=right)

    sink = MailSink(port)
    asks = {"authenticator": authenticate, "auth_require_tls": False} if password else {}
    controller = Controller(sink, hostname="127.0.0.1", port=port, ready_timeout=10, **asks)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()
