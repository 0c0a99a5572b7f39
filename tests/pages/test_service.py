"""The service page: an empty desk says so, a used one is judged with n and interval."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.domain.compare.plan import ArmName
from core.domain.service_level import place_of
from core.services import health_facts
from core.services.access import Role
from core.services.governing.standby import StandIn
from core.services.health_task import HEARTBEAT
from core.services.request_counts import EXPLAIN, SCORE_FILE, SCORE_ONE
from core.store.ledger_service import RequestCount
from core.ui import state

from .conftest import OpenPage
from .test_every_page import incidents, texts

SCRIPT, KEY = "watch/service.py", "lead_scoring"


def said(app: AppTest) -> str:
    return " ".join([*texts(app), *(metric.value for metric in app.metric)])


def used(slow_ms: float, errors: int) -> None:
    """400 single scores a day of three days, with files and explanations, beats since yesterday but for an hour."""
    now, ledger = datetime.now(UTC), state.desk().ledger
    for ago in (timedelta(minutes=10), timedelta(days=2), timedelta(days=5)):
        begins = (now - ago).replace(second=0, microsecond=0)
        latency = {place_of(5.0): 380 - errors, place_of(slow_ms): 20}
        single = RequestCount(begins, 60, "page", SCORE_ONE, 405, 5, errors, 400 - errors, 4.0, latency)
        file = RequestCount(begins, 60, "page", SCORE_FILE, 1, 0, 0, 10_000, 0.5, {place_of(500): 1})
        why = RequestCount(begins, 60, "page", EXPLAIN, 2, 0, 0, 2, 0.1, {place_of(50): 2})
        ledger.add_requests([single, file, why])
    for minutes in (*range(1_440, 1_380, -1), *range(1_321, -1, -1)):
        ledger.beat("one", now - timedelta(minutes=minutes))


@pytest.fixture
def page(open_page: OpenPage) -> AppTest:
    return open_page("empty", SCRIPT, KEY)


def test_an_empty_desk_says_since_when_it_would_have_counted(page: AppTest) -> None:
    text = " ".join(element.value for element in page.info)
    assert "The desk started at" in text and "Nothing was asked yet" in text
    assert "No beat was heard yet" in said(page)
    assert "None has been made" in said(page)
    assert "nothing trained" in str(page.dataframe[-1].value)


def test_a_used_desk_is_quick_and_its_promise_is_judged(page: AppTest) -> None:
    used(slow_ms=120.0, errors=0)
    page.run()
    text = said(page)
    assert not page.exception and not incidents(page)
    assert "408" in text and "Quick: sure to be within 200 ms" in text
    assert "0 of 408" in text and "In order: sure to be within 1%" in text
    assert "20,000" in text  # rows per second
    asked = page.dataframe[0].value
    assert list(asked["What"]) == ["Explanation", "File", "Single score"] and set(asked["By"]) == {"pages"}
    assert list(asked["Requests"]) == [2, 1, 405] and list(asked["Input refused"]) == [0, 0, 5]
    assert "away 1 h 0 min" in text and "not known yet" in text  # of 30 days, one is known


def test_slow_answers_and_errors_are_named(page: AppTest) -> None:
    used(slow_ms=900.0, errors=40)
    page.run()
    text = said(page)
    assert "Far too slow: sure to be above 500 ms" in text or "Too few requests" in text
    assert "Too many: sure to be above 1%" in text


def test_thirty_days_hold_more_than_one(page: AppTest) -> None:
    used(slow_ms=120.0, errors=0)
    page.segmented_control(key="service:span").set_value("30 days").run()
    assert not page.exception and "1,224" in said(page)


def test_a_heartbeat_fills_the_page(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, KEY, Role.AUDITOR)
    HEARTBEAT.run(state.desk(), datetime.now(UTC))
    app.run()
    assert not app.exception and "since" in said(app)
    assert "v1" in str(app.dataframe[-1].value)


def test_a_stand_in_is_named(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    found = StandIn("v2", ArmName("v1", "lightgbm"), "a checksum differs", datetime(2026, 3, 1, tzinfo=UTC))
    monkeypatch.setattr(health_facts, "_stand_in", lambda desk, key: found if key == KEY else None)
    assert "stands in for v1, since 1 Mar 2026" in said(open_page("trained", SCRIPT, KEY))
