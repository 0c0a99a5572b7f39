"""A signed webhook arrives once, says who sent it, and tells nobody else."""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from core.bridges.sending import NotDelivered
from core.bridges.webhook import send, sign
from core.errors import InputError
from tests.bridges.sinks import http_sink

SECRET = "a secret of both sides"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"


def snippet() -> dict[str, Any]:
    """The names that the document's snippet defines."""
    found = re.search(r"```python\n(.+?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(found.group(1), names)
    return names


def test_what_arrives_is_verified_by_the_documents_snippet() -> None:
    body = b'{"prediction_id": "ab", "score": 0.42}\n'
    with http_sink() as sink:
        sent = send(f"{sink.url}/crm?x=1", SECRET, body, {"Content-Type": "application/x-ndjson"})
    (request,) = sink.requests
    assert (request.path, request.body, sent.status, sent.tries) == ("/crm?x=1", body, 200, 1)
    assert request.headers["content-type"] == "application/x-ndjson"
    assert request.headers["x-ringside-delivery"] == sent.delivery
    genuine = snippet()["is_from_ringside"]
    signature = request.headers["x-ringside-signature"]
    assert genuine(SECRET, signature, body)
    assert not genuine("another secret altogether", signature, body)
    assert not genuine(SECRET, signature, body + b"x")
    assert not genuine(SECRET, signature, body, now=time.time() + 301)
    assert not genuine(SECRET, "nonsense", body)


def test_it_is_tried_again_under_the_same_id() -> None:
    waited: list[float] = []
    with http_sink(503, 429, 202) as sink:
        sent = send(sink.url, SECRET, b"{}", delivery="d1", pause=waited.append)
    assert (sent.delivery, sent.status, sent.tries, waited) == ("d1", 202, 3, [1.0, 5.0])
    assert [request.headers["x-ringside-delivery"] for request in sink.requests] == ["d1"] * 3


def test_what_will_not_change_is_not_tried_again() -> None:
    with http_sink(401) as sink, pytest.raises(NotDelivered, match=r"refused the webhook \(401\)"):
        send(sink.url, SECRET, b"{}")
    assert len(sink.requests) == 1


def test_it_gives_up_in_words_without_what_is_secret() -> None:
    with http_sink(500) as sink, pytest.raises(NotDelivered) as failed:
        send(f"{sink.url}/token-in-path", SECRET, b'{"name": "Ada"}', pause=lambda _: None)
    assert f"127.0.0.1:{sink.port} answered 500" in str(failed.value)
    assert failed.value.data == {"status": 500, "lasting": False, "tries": 3}
    assert not any(text in str(failed.value) for text in (SECRET, "token-in-path", "Ada"))
    assert failed.value.__cause__ is None


def test_a_redirect_is_not_followed() -> None:
    with http_sink() as other, http_sink(307) as sink:
        sink.location = other.url
        with pytest.raises(NotDelivered, match="sent the webhook on"):
            send(sink.url, SECRET, b"{}")
    assert (len(sink.requests), len(other.requests)) == (1, 0)


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(NotDelivered, match=f"Nothing listens at 127.0.0.1:{port}"):
        send(f"http://127.0.0.1:{port}", SECRET, b"{}", pause=lambda _: None)


@pytest.mark.parametrize(
    ("url", "secret", "said"),
    [
        ("http://crm.example/in", SECRET, "in the clear"),
        ("http://127.0.0.1.example/in", SECRET, "in the clear"),
        ("ftp://crm.example/in", SECRET, "no address"),
        ("file:///etc/passwd", SECRET, "no address"),
        ("https://crm.example:port/in", SECRET, "no address"),
        ("https://crm.example/a b", SECRET, "no address"),
        ("https://ada:pw123@crm.example/in", SECRET, "user name"),
        ("https://crm.example/in", "short", "too short"),
    ],
)
def test_what_cannot_be_used(url: str, secret: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        send(url, secret, b"{}")
    assert "pw123" not in str(refused.value)


def test_headers_of_its_own_cannot_be_set() -> None:
    with pytest.raises(InputError, match="X-Ringside-Delivery"):
        send("http://127.0.0.1:9", SECRET, b"{}", {"X-Ringside-Delivery": "1"})
    with pytest.raises(InputError, match="line break"):
        send("http://127.0.0.1:9", SECRET, b"{}", {"X-A": "1\r\nX-B: 2"})


def test_the_signature_is_the_documented_one() -> None:
    import hashlib
    import hmac

    assert sign("k" * 16, 7, b"ab") == hmac.new(b"k" * 16, b"7.ab", hashlib.sha256).hexdigest()
