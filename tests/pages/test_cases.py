"""The complaint desk's page: from an empty inbox over a case with its cause to an answer, for every role."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.services.access import LOCAL_PEOPLE, Action, Role, may
from core.services.complaints import cases as service
from core.ui import state
from core.usecases import builtin

from .conftest import OpenPage
from .test_every_page import incidents, texts

SCRIPT = "govern/cases.py"
KEY = "lead_scoring"
SALES = LOCAL_PEOPLE[Role.SALES]
TEXT = "High scores *do not* convert <script>alert(1)</script>"


def about_a_score(key: str) -> str:
    """Open a case about the newest score of the desk that the page has opened."""
    desk = state.desk()
    newest = desk.log.latest(desk.use_case(key), 1)["prediction_id"][0].as_py()
    return service.open_case(desk, SALES, key, TEXT, prediction_id=newest).id


def about_a_time(key: str) -> str:
    now = datetime.now(UTC)
    return service.open_case(state.desk(), SALES, key, TEXT, period=(now - timedelta(days=400), now)).id


def look_at(app: AppTest, case_id: str) -> AppTest:
    return app.button(key=f"case:{case_id}").click().run()


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def field(app: AppTest, label: str, text: str) -> None:
    next(area for area in app.text_area if area.label == label).set_value(text)


def said(app: AppTest) -> str:
    return "\n".join(texts(app))


def fine(app: AppTest) -> None:
    assert not app.exception
    assert not incidents(app)
    assert not app.error, [error.value for error in app.error]


@pytest.mark.parametrize("key", builtin())
@pytest.mark.parametrize("opened", [about_a_score, about_a_time])
def test_a_case_answers_itself(open_page: OpenPage, key: str, opened: Callable[[str], str]) -> None:
    app = open_page("full", SCRIPT, key)
    assert "Open one from a score" in app.info[0].value
    case_id = opened(key)
    app = look_at(app.run(), case_id)
    fine(app)
    text = said(app)
    for part in ("The checks say", "Service health", "within 24 h", "Recomputed score", "Late outcomes"):
        assert part in text, part
    assert len(app.tabs) >= 4
    assert "\\<script\\>" in text
    assert any(button.label == "Why this score?" for button in app.button) == (opened is about_a_score)


def test_the_whole_way_to_a_closed_case(open_page: OpenPage) -> None:
    app = open_page("full", SCRIPT, KEY)
    case_id = about_a_score(KEY)
    app = look_at(app.run(), case_id)
    app = press(app, "Assign to me")
    app = press(app, "Propose this cause")
    field(app, "Because", "The form sent old values.")
    app = press(app, "Decide")
    field(app, "Answer", "You were right; it is repaired.")
    app = press(app, "Send the answer")
    fine(app)
    next(box for box in app.text_input if box.label == "What is to be done").set_value("Watch page views")
    app = press(app, "Add")
    app = press(app, "Close the case")
    fine(app)
    desk = state.desk()
    found = service.case(desk, SALES, case_id)
    assert (found.state, found.owner) == ("closed", LOCAL_PEOPLE[Role.ANALYST].name)
    assert all(clock.state == "met" for clock in found.clocks)
    assert found.proposal is not None
    assert [item.text for item in service.prevention_items(desk, SALES, case_id=case_id)] == ["Watch page views"]
    assert "every clock met" in said(app)
    assert not any(button.label == "Decide" for button in app.button)


def test_nothing_is_decided_without_a_reason(open_page: OpenPage) -> None:
    app = open_page("full", SCRIPT, KEY)
    case_id = about_a_score(KEY)
    app = press(look_at(app.run(), case_id), "Decide")
    assert len(app.error) == 1
    assert service.case(state.desk(), SALES, case_id).state == "open"


@pytest.mark.parametrize("role", Role)
def test_what_a_role_may(open_page: OpenPage, role: Role) -> None:
    app = open_page("full", SCRIPT, KEY, role)
    case_id = about_a_time(KEY)
    app = look_at(app.run(), case_id)
    fine(app)
    actor = LOCAL_PEOPLE[role]
    labels = {button.label for button in app.button}
    assert ("Assign to me" in labels) == may(actor, Action.WORK_CASE)
    assert ("Open a case" in labels) == may(actor, Action.OPEN_CASE)
    looked = service.case(state.desk(), actor, case_id).looked_at is not None
    assert looked == may(actor, Action.WORK_CASE)
    titles = {tab.label for tab in app.tabs}
    assert ("Drift" in titles) == may(actor, Action.SEE_MODELS)
    assert ("Champion and shadow" in titles) <= may(actor, Action.SEE_MODELS)


def test_sales_open_a_case_for_a_time(open_page: OpenPage) -> None:
    app = open_page("full", SCRIPT, KEY, Role.SALES)
    field(app, "What looked wrong?", TEXT)
    app = press(app, "Open a case")
    fine(app)
    found = service.cases(state.desk(), SALES, KEY)
    assert [(case.opened_by, case.text) for case in found] == [(SALES.name, TEXT)]
    assert app.query_params["case"] in (found[0].id, [found[0].id])


def test_a_link_opens_a_case(open_page: OpenPage) -> None:
    app = open_page("full", SCRIPT, KEY)
    case_id = about_a_score(KEY)
    app.query_params["case"] = case_id
    app.run()
    fine(app)
    assert "The checks say" in said(app)


def test_a_wrong_link_says_so_and_keeps_the_inbox(open_page: OpenPage) -> None:
    app = open_page("full", SCRIPT, KEY)
    case_id = about_a_score(KEY)
    app.query_params["case"] = "nowhere"
    app.run()
    assert not incidents(app)
    assert len(app.error) == 1
    assert app.button(key=f"case:{case_id}")


def test_a_link_of_another_use_case_leads_there(open_page: OpenPage) -> None:
    app = open_page("full", SCRIPT, KEY)
    case_id = about_a_score("bnpl_default")
    app.query_params["case"] = case_id
    app.run()
    fine(app)
    app = next(button for button in app.button if button.label.startswith("The case of the link")).click().run()
    assert app.selectbox(key="use_case").value == "bnpl_default"


def test_open_cases_need_those_who_work_on_them(open_page: OpenPage) -> None:
    app = open_page("full", "home.py", KEY)
    about_a_time(KEY)
    assert "has 1 open complaint, clocks running" in said(app.run())
    app.selectbox(key=state.ACT_AS).set_value(Role.SALES)
    assert "open complaint" not in said(app.run())
