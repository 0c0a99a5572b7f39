"""Who may come in and how often: the caller of a request, the rate of one token, a body of bounded size."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

import anyio
from fastapi import Depends, FastAPI, Request

from core.api.problems import ElsewhereRefused, NotLetIn, TooLarge, TooMany, WrongType
from core.services.access import Actor
from core.services.desk import Desk
from core.web.caller import Caller, caller

JSON_MB = 8
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_WAITING = 256  # requests that wait for one transaction; they sleep, one of them works
_WORKING = 8  # that read, compare or explain; the pages' own threads are apart
_FULL = 10_000  # senders that are remembered before those who sent nothing lately are forgotten

P = ParamSpec("P")
T = TypeVar("T")


class Rates:
    """How many requests each sender may still send: a bucket of one minute's worth that fills steadily."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = a_minute, clock
        self._left: dict[str, tuple[float, float]] = {}
        self._guard = threading.Lock()

    def take(self, sender: str) -> float:
        """Take one request out of the bucket; seconds to wait where it is empty, else 0."""
        now, a_second = self._clock(), self._most / 60
        with self._guard:
            left, at = self._left.get(sender, (float(self._most), now))
            left = min(float(self._most), left + (now - at) * a_second)
            taken = left >= 1
            if len(self._left) >= _FULL and sender not in self._left:
                self._left = {name: said for name, said in self._left.items() if now - said[1] < 60}
            self._left[sender] = (left - taken, now)
        return 0.0 if taken else (1 - left) / a_second


def prepare(app: FastAPI, desk: Callable[[], Desk]) -> None:
    """Give an application its desk, its rates and its threads."""
    app.state.desk = desk
    app.state.rates = None
    app.state.waiting = anyio.CapacityLimiter(_WAITING)
    app.state.working = anyio.CapacityLimiter(_WORKING)


def desk_of(request: Request) -> Desk:
    """The desk of this process."""
    found: Desk = request.app.state.desk()
    return found


async def enter(request: Request) -> Caller:
    """Who sends the request, acting through the API.

    Raises
    ------
    NotLetIn
    ElsewhereRefused
    TooMany
    """
    found = caller(request.scope)
    if found is None:
        raise NotLetIn("This takes a token, or a person who has signed in.", "Send it as Authorization: Bearer rs_...")
    if found.by != "token" and request.method not in _SAFE:
        _refuse_other_sites(request)
    actor = replace(found.actor, via="api")
    request.state.actor = actor
    seconds = _rates(request).take(found.id or f"{found.by} {actor.name}")
    if seconds:
        most = desk_of(request).settings.api_requests
        wait = math.ceil(seconds)
        said = f"More than {most:,} requests a minute came from here."
        raise TooMany(said, f"Wait {wait} s, or send rows together.", seconds=wait)
    return replace(found, actor=actor)


def _rates(request: Request) -> Rates:
    state = request.app.state
    if state.rates is None:
        state.rates = Rates(desk_of(request).settings.api_requests)
    found: Rates = state.rates
    return found


def _refuse_other_sites(request: Request) -> None:
    """A browser says where a request comes from; a page of another site must not act in somebody's name."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "none")
    same = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not same or site not in ("none", "same-origin"):
        raise ElsewhereRefused("A page of another site sent this request.", "Programs send a token.")


Who = Annotated[Caller, Depends(enter)]


def actor_of(who: Caller) -> Actor:
    """The person or program that acts."""
    return who.actor


async def blocking(request: Request, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do work that waits for a disk or a processor in a thread of the API's own."""
    return await anyio.to_thread.run_sync(partial(work, *args, **kwargs), limiter=request.app.state.working)


async def joined(request: Request, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The same for work that many requests wait for together."""
    return await anyio.to_thread.run_sync(partial(work, *args, **kwargs), limiter=request.app.state.waiting)


def refuse_type(request: Request, *taken: str) -> str:
    """The type of the body, without its parameters.

    Raises
    ------
    WrongType
    """
    given = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if given not in taken:
        said = f"The Content-Type is '{given[:80]}'." if given else "There is no Content-Type."
        raise WrongType(said, f"It takes {', '.join(taken)}.")
    return given


async def pieces(request: Request, most_mb: int) -> AsyncIterator[bytes]:
    """The body as it comes, bounded.

    Raises
    ------
    TooLarge
    """
    most, n_bytes = most_mb * 1_000_000, 0
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise _too_large(most_mb)
    async for piece in request.stream():
        n_bytes += len(piece)
        if n_bytes > most:
            raise _too_large(most_mb)
        if piece:
            yield piece


def _too_large(most_mb: int) -> TooLarge:
    return TooLarge(f"The body has more than {most_mb:,} MB.", "Send it in parts, or as a file of its own.")


async def body(request: Request) -> bytes:
    """A JSON body, whole."""
    return b"".join([piece async for piece in pieces(request, JSON_MB)])


def json_body(schema: dict[str, Any], examples: dict[str, Any] | None = None) -> dict[str, Any]:
    """How a body that is read as it comes is documented."""
    content: dict[str, Any] = {"schema": schema}
    if examples:
        content["examples"] = examples
    return {"requestBody": {"required": True, "content": {"application/json": content}}}
