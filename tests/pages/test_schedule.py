"""The schedule page: tasks, their runs, run now, pause; and what a role may not do."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from core.config import Settings
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import open_desk
from core.services.scheduling import running
from core.services.scheduling.setting import set_task
from core.ui import state

from .conftest import OpenPage

SCRIPT, KEY = "watch/schedule.py", "lead_scoring"


def said(app: AppTest) -> str:
    kinds = ("markdown", "caption", "info", "error", "subheader")
    texts = [element.value for kind in kinds for element in getattr(app, kind)]
    titles = [element.proto.title for kind in ("info", "error") for element in getattr(app, kind)]
    return "\n".join(texts + titles).replace("\\", "")


def button(app: AppTest, label: str) -> Button:
    return next(found for found in app.button if found.label == label)


@pytest.fixture
def ran_home(fresh_home: Path) -> Path:
    """An empty desk on which every task ran once, one of them failed, and one is paused."""
    desk = open_desk(Settings(home=fresh_home))
    running.run_due(desk)
    run = running.begin(desk, LOCAL_PEOPLE[Role.ADMIN], running.task_named(desk, "experiments"), datetime.now(UTC))
    desk.ledger.end_run(run.number, run.started_at, "failed", "The disk is full.", None)
    set_task(desk, LOCAL_PEOPLE[Role.ADMIN], "alerts", on=False, cron=None, reason="Too loud")
    desk.close()
    return fresh_home


def test_nothing_ran_yet(open_page: OpenPage) -> None:
    app = open_page("fresh", SCRIPT, KEY)
    assert not app.exception and not app.error
    assert "Nothing has run yet" in said(app) and "There is no run yet." in said(app)
    table = app.dataframe[0].value
    assert "Let the alert rules look" in list(table["Task"])
    assert set(table["Last run"]) == {"never"} and set(table["Next run"]) == {"now"}


def test_run_now_runs_in_the_background_and_shows_what_came_of_it(open_page: OpenPage) -> None:
    app = open_page("fresh", SCRIPT, KEY)
    app.selectbox(key="schedule:task").set_value("retraining").run()
    button(app, "Run now").click().run()
    limit = time.monotonic() + 20
    while (run := state.desk().ledger.task_runs("retraining")[0]).state == "running" and time.monotonic() < limit:
        time.sleep(0.02)
    assert (run.state, run.by) == ("done", "person")
    app.run()
    assert not app.exception and not app.error
    assert "Nothing is trained yet." in list(app.dataframe[1].value["What came of it"])


def test_failures_first_pause_with_a_reason_and_take_up_again(open_page: OpenPage) -> None:
    app = open_page("ran", SCRIPT, KEY, Role.RISK)
    assert "Failed: Look at running experiments" in said(app) and "The disk is full." in said(app)
    app.toggle(key="schedule:troubled").set_value(True).run()
    assert list(app.dataframe[1].value["What came of it"]) == ["The disk is full."]
    app.selectbox(key="schedule:task").set_value("alerts").run()
    app.toggle(key="schedule:on:alerts").set_value(True)
    button(app, "Keep it so").click().run()
    assert "for a reason" in said(app)
    app.toggle(key="schedule:on:alerts").set_value(True)
    app.text_input(key="schedule:why:alerts").set_value("Rules were set anew")
    button(app, "Keep it so").click().run()
    assert state.desk().ledger.task_settings()["alerts"].on
    assert not app.exception


def test_who_may_do_what(open_page: OpenPage) -> None:
    app = open_page("ran", SCRIPT, KEY, Role.AUDITOR)
    assert not [found for found in app.button if found.label in ("Run now", "Keep it so")]
    assert "run a task now" in said(app)
    app = open_page("ran", SCRIPT, KEY, Role.ANALYST)
    assert button(app, "Run now") and not [found for found in app.button if found.label == "Keep it so"]
