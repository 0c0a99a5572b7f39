"""`/metrics` is read by who may, and refused in plain words otherwise."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.config import Settings
from core.errors import NotPermitted
from core.services.access import LOCAL_PEOPLE, Action, Role
from core.services.desk import Desk, open_desk
from core.web.caller import SCOPE_KEY, Caller
from core.web.metrics_route import create

Message = MutableMapping[str, Any]
AUDITOR = LOCAL_PEOPLE[Role.AUDITOR]


@pytest.fixture
def bare(home: Path) -> Iterator[Desk]:
    opened = open_desk(Settings(home=home))
    yield opened
    opened.close()


def scrape(desk: Desk, who: Caller | None, method: str = "GET", accept: bytes = b"") -> tuple[int, dict[str, str], str]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": method,
        "path": "/metrics",
        "headers": [(b"accept", accept)],
        "query_string": b"",
    }
    asyncio.run(create(lambda: desk)(scope | {SCOPE_KEY: who}, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]).decode()


def test_a_scrape(bare: Desk) -> None:
    status, headers, text = scrape(bare, Caller(AUDITOR, "token", "t1"))
    names = {family.name for family in text_string_to_metric_families(text)}
    assert status == 200 and headers["content-type"].startswith("text/plain")
    assert {"ringside_build_info", "ringside_disk_free_bytes", "ringside_http_websockets"} <= names
    assert all(family.documentation for family in text_string_to_metric_families(text))


def test_openmetrics_where_asked_for(bare: Desk) -> None:
    _, headers, text = scrape(bare, Caller(AUDITOR, "token"), accept=b"application/openmetrics-text;version=1.0.0")
    assert headers["content-type"].startswith("application/openmetrics-text") and text.endswith("# EOF\n")


def test_nobody_is_let_in_unnamed(bare: Desk) -> None:
    status, headers, text = scrape(bare, None)
    assert status == 401 and headers["www-authenticate"].startswith("Bearer") and "metrics" in text


@pytest.mark.parametrize(
    "actor", [LOCAL_PEOPLE[Role.SALES], replace(AUDITOR, only=frozenset({Action.SCORE_ONE}))], ids=["sales", "scope"]
)
def test_who_may_not_is_told_so(bare: Desk, actor: Any) -> None:
    status, _, text = scrape(bare, Caller(actor, "token"))
    assert status == 403 and "read the metrics" in text


def test_metrics_are_only_read(bare: Desk) -> None:
    status, headers, _ = scrape(bare, Caller(AUDITOR, "token"), method="POST")
    assert status == 405 and headers["allow"] == "GET, HEAD"


def test_scrapes_that_wait_leave_the_threads_of_the_gate_free() -> None:
    """As many as there are threads would otherwise keep everybody from being looked up."""
    hold, scrapes = threading.Event(), 64

    def waits() -> Desk:
        hold.wait(20)
        raise NotPermitted("It was only to wait.")

    async def nothing(_: Any = None) -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def crowd() -> str:
        serve = create(waits)
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/metrics",
            "headers": [],
            SCOPE_KEY: Caller(AUDITOR, "token"),
        }
        asked = [asyncio.create_task(serve(dict(scope), nothing, nothing)) for _ in range(scrapes)]
        await asyncio.sleep(0.1)
        try:
            return await asyncio.wait_for(asyncio.to_thread(lambda: "looked up"), 5)
        finally:
            hold.set()
            await asyncio.gather(*asked)

    assert asyncio.run(crowd()) == "looked up"
