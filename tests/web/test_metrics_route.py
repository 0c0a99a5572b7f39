"""`/metrics` is read by who may, and refused in plain words otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.config import Settings
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
