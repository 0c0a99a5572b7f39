"""An application that is built with its first request is built once, whoever asks first."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

from core.web.asgi import Application, Lazy

made: list[str] = []


def slow_maker(name: str) -> Application:
    time.sleep(0.05)
    made.append(name)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"name": name})

    return app


def test_built_once_by_threads_and_requests() -> None:
    made.clear()
    lazy = Lazy(f"{__name__}:slow_maker", "only")
    answers: list[Any] = []

    async def send(message: Any) -> None:
        answers.append(message)

    async def ask() -> None:
        await asyncio.gather(*(lazy({}, None, send) for _ in range(5)))  # type: ignore[arg-type]

    threads = [threading.Thread(target=lazy.make) for _ in range(3)]
    for thread in threads:
        thread.start()
    asyncio.run(ask())
    for thread in threads:
        thread.join()
    assert made == ["only"]
    assert answers == [{"name": "only"}] * 5
