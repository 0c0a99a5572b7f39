"""The admin page: what each role may see and change, each action on a real desk."""

from __future__ import annotations

import threading

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from core.services.access import LOCAL_PEOPLE, Role
from core.services.administration import work
from core.services.jobs import JobRun
from core.ui import admin, state

from .conftest import OpenPage

SCRIPT, KEY = "govern/admin.py", "lead_scoring"


def said(app: AppTest) -> str:
    kinds = ("markdown", "caption", "info", "error", "warning", "success", "subheader")
    texts = [element.value for kind in kinds for element in getattr(app, kind)]
    titles = [element.proto.title for kind in ("info", "error", "warning") for element in getattr(app, kind)]
    return "\n".join(texts + titles).replace("\\", "")


def button(app: AppTest, label: str) -> Button:
    return next(found for found in app.button if found.label == label)


def labels(app: AppTest) -> set[str]:
    return {found.label for found in app.button}


def looked_at(app: AppTest, view: str) -> AppTest:
    return app.segmented_control(key="view").set_value(view).run()


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR])
@pytest.mark.parametrize("home", ["fresh", "full"])
def test_every_view_opens(open_page: OpenPage, home: str, role: Role) -> None:
    app = open_page(home, SCRIPT, KEY, role)
    for view in admin.VIEWS:
        looked_at(app, view)
        assert not app.exception and not app.error, view


def test_a_link_leads_to_a_view(open_page: OpenPage) -> None:
    app = open_page("fresh", "home.py", KEY, Role.ADMIN)
    app.query_params["view"] = "Storage"
    app.switch_page(SCRIPT).run()
    assert "What takes it up?" in said(app)


def test_a_running_job_is_seen_and_cancelled_with_a_reason(open_page: OpenPage) -> None:
    app = open_page("fresh", SCRIPT, KEY, Role.ADMIN)
    desk, stop = state.desk(), threading.Event()

    def until_stopped(run: JobRun) -> dict[str, int]:
        while not stop.wait(0.01):
            run.report(1_200, 0.4, "scoring")
        return {}

    desk.jobs.register("slow", until_stopped)
    sam = LOCAL_PEOPLE[Role.SALES]
    job_id = desk.jobs.submit("slow", "", sam, {"filename": "march_*.csv", "actor": {"via": "inbox"}})
    try:
        looked_at(app, "Jobs")
        assert "**Slow**: march_*.csv" in said(app) and f"Asked for by {sam.name}, by inbox" in said(app)
        app.text_input(key=f"admin:why:{job_id}").set_value("The wrong month")
        button(app, "Cancel this job").click().run()
        assert not app.exception and not app.error
        assert desk.jobs.wait(job_id, 10).state == "cancelled"
        assert desk.ledger.events()[0].reason == "The wrong month"
        app.run()
        assert "Nothing runs, nothing waits." in said(app)
        assert list(app.dataframe[0].value["About"]) == ["march_*.csv"]
    finally:
        stop.set()


def test_an_auditor_sees_what_runs_and_cancels_nothing(open_page: OpenPage) -> None:
    app = open_page("fresh", SCRIPT, KEY, Role.AUDITOR)
    desk, stop = state.desk(), threading.Event()
    desk.jobs.register("slow", lambda run: {"done": stop.wait(10)})
    desk.jobs.submit("slow", "", LOCAL_PEOPLE[Role.SALES], {"title": "a file"})
    try:
        looked_at(app, "Jobs")
        assert "**Slow**: a file" in said(app) and "Cancel this job" not in labels(app)
        assert work.at_work(desk, LOCAL_PEOPLE[Role.AUDITOR]).jobs
    finally:
        stop.set()


def test_storage_says_what_lies_where(open_page: OpenPage) -> None:
    app = looked_at(open_page("full", SCRIPT, KEY, Role.AUDITOR), "Storage")
    kinds = list(app.dataframe[0].value["What"])
    assert {"Prediction log", "Ledger", "Models", "Uploaded files"} <= set(kinds)
    assert [metric.label for metric in app.metric] == ["Disk free", "Log and ledger grow", "Taken up in all"]
    assert "Backups lie on the disk they are made of." in said(app)


def test_what_is_in_force_leads_to_its_pages(open_page: OpenPage) -> None:
    app = looked_at(open_page("full", SCRIPT, KEY, Role.ADMIN), "In force")
    assert set(app.dataframe[0].value["Policy"]) == {"its own"}
    app.selectbox(key="admin:policy").set_value("bnpl_default").run()
    app.button(key="admin:policy:open").click().run()
    assert not app.exception and "lines" in app.title[0].value
    assert app.selectbox(key="use_case").value == "bnpl_default"
