"""The schedule page: tasks, their runs, run now, pause; and what a role may not do."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from datetime import time as clock
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from core.config import Settings
from core.services import batches
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
    assert "Nothing is trained yet." in list(app.dataframe[-1].value["What came of it"])


def test_failures_first_pause_with_a_reason_and_take_up_again(open_page: OpenPage) -> None:
    app = open_page("ran", SCRIPT, KEY, Role.RISK)
    assert "Failed: Look at running experiments" in said(app) and "The disk is full." in said(app)
    app.toggle(key="schedule:troubled").set_value(True).run()
    assert list(app.dataframe[-1].value["What came of it"]) == ["The disk is full."]
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


def test_a_scoring_job_is_added_run_shown_and_removed(open_page: OpenPage, tmp_path: Path) -> None:
    app = open_page("trained", SCRIPT, KEY, Role.RISK)
    assert "nightly at 02:00 UTC" in said(app) and "None is written yet" in said(app)
    folder = tmp_path / "in"
    folder.mkdir()
    content = batches.sample_csv(state.desk(), KEY, 25)
    assert content is not None
    (folder / "leads.csv").write_bytes(content)
    os.utime(folder / "leads.csv", (0, 0))
    app.text_input(key=f"scoring:name:{KEY}").set_value("Leads of the <b>night</b>")
    app.text_input(key=f"scoring:path:{KEY}").set_value(str(folder))
    app.text_input(key=f"scoring:out:{KEY}").set_value("out")
    button(app, "Add it").click().run()
    assert "says no place of its own" in said(app)
    app.text_input(key=f"scoring:out:{KEY}").set_value(str(tmp_path / "out"))
    button(app, "Add it").click().run()
    assert "Daily at 02:00 UTC" in said(app) and "It has taken nothing yet" in said(app)
    (job,) = state.desk().ledger.scoring_jobs()
    assert running.run_now(state.desk(), LOCAL_PEOPLE[Role.RISK], f"scoring-{job.id}").state == "done"
    app.run()
    (taken,) = [found.value for found in app.dataframe if "Handed on" in found.value.columns]
    assert taken["Scored"].tolist() == [25] and taken["Handed on"].tolist() == ["leads.scored.csv"]
    for source, target, fields in (("files", "table", "db"), ("query", "webhook", "url")):
        app.segmented_control(key=f"scoring:from:{KEY}").set_value(source)
        app.segmented_control(key=f"scoring:to:{KEY}").set_value(target).run()
        assert not app.exception and app.text_input(key=f"scoring:{fields}:{KEY}")
    app.text_input(key=f"scoring:why:{job.id}").set_value("The CRM asks us now")
    button(app, "Remove it").click().run()
    assert state.desk().ledger.scoring_jobs() == [] and not app.exception


def test_weekly_reports_are_listed_and_handed_out(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, KEY, Role.AUDITOR)
    running.run_now(state.desk(), LOCAL_PEOPLE[Role.RISK], "weekly report")
    app.run()
    assert not app.exception and "once, as figures were known then" in said(app)
    assert len(app.selectbox(key=f"schedule:week:{KEY}").options) == 1
    assert app.get("download_button")


def test_another_time_for_weekly_hourly_and_other_tasks(open_page: OpenPage) -> None:
    app = open_page("fresh", SCRIPT, KEY, Role.ADMIN)
    for task, cron in (("weekly report", "30 6 * * tue"), ("single rows", "30 * * * *"), ("alerts", "*/30 * * * *")):
        app.selectbox(key="schedule:task").set_value(task).run()
        if task == "alerts":
            app.text_input(key=f"schedule:cron:{task}").set_value(cron)
        else:
            app.time_input(key=f"schedule:at:{task}").set_value(clock(6, 30))
        if task == "weekly report":
            app.selectbox(key=f"schedule:day:{task}").set_value("tue")
        app.text_input(key=f"schedule:why:{task}").set_value("It suits us better")
        button(app, "Keep it so").click().run()
        assert not app.exception and not app.error
        assert state.desk().ledger.task_settings()[task].cron == cron
    assert "Tuesdays at 06:30 UTC" in list(app.dataframe[0].value["When"])
