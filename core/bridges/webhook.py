"""A signed webhook: one POST to another program, which can tell that it is from this desk and not seen before.

Each request carries

    X-Ringside-Signature: t=<seconds since 1970>,v1=<hex of HMAC-SHA256(secret, "<t>." + body)>
    X-Ringside-Delivery:  <the same for every try of one delivery>

so that a receiver checks who sent it, refuses one that is old, and takes a delivery once. docs/webhooks.md has the
few lines that do so. The standard library sends it: no dependency for one request.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import socket
import ssl
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from core.bridges.sending import DELIVERY, NotDelivered, is_loopback
from core.errors import InputError

SIGNATURE = "X-Ringside-Signature"
WAITS = (1.0, 5.0)  # seconds between tries
TIMEOUT = 10.0  # seconds for each step of a request: to connect, to be answered
LONGEST = 64 * 1024 * 1024  # bytes of a body: a receiver that takes more is rare, and all of it is held in memory
_PASSING = {408, 425, 429, 500, 502, 503, 504}  # answers that may be others a moment later
_OWN = {SIGNATURE.lower(), DELIVERY.lower(), "content-length", "host", "transfer-encoding"}


@dataclass(frozen=True)
class Sent:
    """A delivery that was taken: its id, the status it was answered with, and after how many tries."""

    delivery: str
    status: int
    tries: int


def send(
    url: str,
    secret: str,
    body: bytes,
    headers: Mapping[str, str] | None = None,
    *,
    delivery: str | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Sent:
    """POST a body, signed; three tries where the answer may be another one a moment later.

    Parameters
    ----------
    url : str
        https; plain http only to this machine. Redirects are not followed.
    secret : str
        Shared with the receiver, at least 16 characters.
    body : bytes
    headers : mapping, optional
        Others, "Content-Type" among them: application/json unless it says otherwise.
    delivery : str, optional
        The id by which the receiver knows it again; a new one by default. Give it where you try again later.
    pause : callable
        Waits so many seconds.

    Raises
    ------
    InputError
        The address, the secret or a header cannot be used.
    NotDelivered
        Nobody took it; nothing of address, secret or body but the host is in the message.
    """
    where, others = check(url, secret), _headers(headers or {})
    if len(body) > LONGEST:
        raise InputError(
            f"A body of {len(body):,} bytes is too long.", f"A webhook takes {LONGEST:,}: send it in parts."
        )
    known = delivery or uuid.uuid4().hex
    for number in range(1, len(WAITS) + 2):
        stamp = int(time.time())
        own = {SIGNATURE: f"t={stamp},v1={sign(secret, stamp, body)}", DELIVERY: known}
        try:
            return Sent(known, _post(url, where, body, others | own), number)
        except NotDelivered as error:
            if error.data["lasting"] or number > len(WAITS):
                raise NotDelivered(error.message, error.hint, **error.data | {"tries": number}) from None
            pause(WAITS[number - 1])
    raise AssertionError("the last try returns or raises")


def sign(secret: str, stamp: int, body: bytes) -> str:
    """The signature of a body sent at a time (seconds since 1970).

    >>> sign("a secret of both sides", 1_795_248_000, b"{}")[:12]
    '0f3cdf450960'
    """
    return hmac.new(secret.encode(), b"%d." % stamp + body, hashlib.sha256).hexdigest()


def check(url: str, secret: str) -> str:
    """The host (and port) of an address that a webhook may go to.

    Raises
    ------
    InputError
        It is none, it would cross the network in the clear, or the secret is too short. Neither is in the message.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("https", "http") or any(ord(letter) <= 32 for letter in url):
        raise InputError("This is no address of a webhook.", "It takes https://host/path.")
    if parts.username is not None:
        raise InputError(
            f"The address at {host} holds a user name.", "The signature says who sends; leave the name out."
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise InputError(f"What goes to {host} would cross the network in the clear.", "Give its https address.")
    if len(secret) < 16:
        raise InputError(f"A secret of {len(secret)} characters is too short.", "It takes at least 16.")
    return host if port is None else f"{host}:{port}"


def _headers(given: Mapping[str, str]) -> dict[str, str]:
    taken = sorted(name for name in given if name.lower() in _OWN)
    if taken:
        raise InputError(f"The webhook sets {', '.join(taken)} itself.", "Leave it out.")
    if any(ord(letter) < 32 for text in (*given, *given.values()) for letter in text):
        raise InputError("A header holds a line break or another control character.", "Leave it out.")
    return {"Content-Type": "application/json", "User-Agent": "Ringside"} | dict(given)


class _NoRedirect(HTTPRedirectHandler):
    """A redirect is an answer like any other: what is signed for one host is never handed to another."""

    def redirect_request(self, *_: object) -> None:
        return None


def _post(url: str, where: str, body: bytes, headers: Mapping[str, str]) -> int:
    handlers = [_NoRedirect(), *([ProxyHandler({})] if is_loopback(urlsplit(url).hostname or "") else [])]
    try:
        with build_opener(*handlers).open(Request(url, body, dict(headers), method="POST"), timeout=TIMEOUT) as answer:
            answer.read(1)
            return int(answer.status)
    except HTTPError as error:
        with error:
            raise NotDelivered(
                *_refused(where, error.code), status=error.code, lasting=error.code not in _PASSING
            ) from None
    except (URLError, http.client.HTTPException, OSError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        lasting = isinstance(reason, ssl.SSLCertVerificationError)
        raise NotDelivered(*_silent(where, reason), lasting=lasting) from None


def _refused(where: str, status: int) -> tuple[str, str]:
    if 300 <= status < 400:
        return f"{where} sent the webhook on to another address ({status}).", "Give that address if it is right."
    if status in (401, 403):
        return f"{where} refused the webhook ({status}).", "Check the secret on both sides, and the receiver's clock."
    if status in (404, 405, 410):
        return f"There is nothing at {where} that takes the webhook ({status}).", "Check the address."
    return f"{where} answered {status}.", "Look into the receiver's log." if status >= 500 else "Ask the receiver."


def _silent(where: str, reason: object) -> tuple[str, str]:
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"The certificate of {where} could not be verified.", "It takes one that this machine trusts."
    if isinstance(reason, ssl.SSLError):
        return f"No secure connection to {where} could be made.", "Check that it speaks https on this port."
    if isinstance(reason, TimeoutError):
        return f"{where} did not answer within {TIMEOUT:g} seconds.", "Look whether it is up."
    if isinstance(reason, socket.gaierror):
        return f"There is no host {where}.", "Check the address."
    if isinstance(reason, ConnectionRefusedError):
        return f"Nothing listens at {where}.", "Start the receiver, or check the port."
    return f"The connection to {where} broke off.", "Look whether it is up."
