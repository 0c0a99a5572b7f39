"""The policy page: what a draft would do, who may publish it, the way back, the record."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.services.access import LOCAL_PEOPLE, Action, Role, may
from core.services.governing import policies
from core.ui import state
from core.usecases import builtin

from .conftest import OpenPage
from .test_every_page import incidents

READERS = [role for role in Role if may(LOCAL_PEOPLE[role], Action.SEE_MODELS)]
SCRIPT = "govern/policy.py"


def said(app: AppTest) -> str:
    kinds = ("markdown", "caption", "warning", "info", "error", "subheader")
    return "\n".join(element.value for kind in kinds for element in getattr(app, kind))


def field(app: AppTest, kind: str, end: str):  # type: ignore[no-untyped-def]
    return next(element for element in getattr(app, kind) if str(element.key).endswith(end))


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def draft_of_60(open_page: OpenPage, role: Role) -> AppTest:
    app = open_page("full", SCRIPT, "lead_scoring", role)
    field(app, "number_input", ":0:bound").set_value(60.0).run()
    return app


@pytest.mark.parametrize("key", builtin())
@pytest.mark.parametrize("role", READERS)
def test_every_reader_sees_where_the_lines_are(open_page: OpenPage, key: str, role: Role) -> None:
    app = open_page("full", SCRIPT, key, role)
    assert not app.exception and not incidents(app) and not app.error
    assert "The use case's own policy is in force" in said(app)
    assert "would be decided" in said(app)
    drafts = any(button.label == "Save" for button in app.button)
    assert drafts == may(LOCAL_PEOPLE[role], Action.SET_POLICY)
    assert not any(button.label == "Publish" for button in app.button)  # nothing is drafted yet


def test_a_moved_line_is_previewed_at_once(open_page: OpenPage) -> None:
    app = draft_of_60(open_page, Role.ANALYST)
    assert "A begins at 60% instead of 70%." in said(app)
    assert "more than now" in said(app) or "as many as now" in said(app)
    field(app, "number_input", ":0:bound").set_value(40.0).run()
    assert "bounds must fall" in said(app)
    assert "would be decided" not in said(app)


def test_an_analyst_drafts_and_does_not_publish(open_page: OpenPage) -> None:
    app = draft_of_60(open_page, Role.ANALYST)
    press(app, "Save")
    assert "A reason is needed" in " ".join(element.proto.title for element in app.error)
    field(app, "text_area", "policy-save-reason:lead_scoring").set_value("More calls in spring")
    press(app, "Save")
    assert not app.exception and not incidents(app)
    assert app.selectbox(key="policy-start:lead_scoring").value == 1
    assert not any(button.label == "Publish" for button in app.button)
    assert "A risk manager or an administrator publishes it." in said(app)
    assert "Draft 1 kept" in said(app) and "More calls in spring" in said(app)


def test_risk_publishes_and_rolls_back(open_page: OpenPage) -> None:
    app = draft_of_60(open_page, Role.RISK)
    field(app, "text_area", "policy-save-reason:lead_scoring").set_value("More calls")
    press(app, "Save")
    field(app, "text_area", "policy-publish-reason:lead_scoring").set_value("Agreed with sales")
    press(app, "Publish")
    assert not app.exception and not incidents(app) and not app.error
    assert "Policy 1 is in force since" in said(app) and "Agreed with sales" in said(app)
    assert "Drafted and published by the same person" in said(app)
    assert state.desk().use_case("lead_scoring").policy.bands[0].at_least == 0.6
    field(app, "text_area", "policy-back-reason:lead_scoring").set_value("Too many calls")
    press(app, "Roll back")
    assert "The use case's own policy is in force" in said(app)
    assert "Rolled back to the use case's own" in said(app)
    assert state.desk().use_case("lead_scoring").policy.bands[0].at_least == 0.7


def test_what_came_into_force_meanwhile_is_looked_at_first(open_page: OpenPage) -> None:
    """Somebody else publishes between the look and the click: nothing is overwritten unseen."""
    app = draft_of_60(open_page, Role.RISK)
    field(app, "text_area", "policy-save-reason:lead_scoring").set_value("More calls")
    press(app, "Save")
    desk, admin = state.desk(), LOCAL_PEOPLE[Role.ADMIN]
    bands = desk.use_case("lead_scoring").policy.bands
    other = replace(
        desk.use_case("lead_scoring").policy, bands=(replace(bands[0], at_least=0.9), *bands[1:]), formerly=()
    )
    number = policies.save_draft(desk, admin, "lead_scoring", other, "fewer").number
    policies.publish(desk, admin, "lead_scoring", number, "at once", 0)
    field(app, "text_area", "policy-publish-reason:lead_scoring").set_value("Agreed")
    press(app, "Publish")
    assert f"Policy {number} came into force meanwhile" in " ".join(element.proto.title for element in app.error)
    assert desk.use_case("lead_scoring").policy.bands[0].at_least == 0.9
    field(app, "text_area", "policy-publish-reason:lead_scoring").set_value("Agreed, having looked again")
    press(app, "Publish")
    assert not app.error and desk.use_case("lead_scoring").policy.bands[0].at_least == 0.6


def test_lines_stay_where_they_are_when_scores_become_shares(open_page: OpenPage) -> None:
    app = open_page("full", SCRIPT, "lead_scoring", Role.ANALYST)
    field(app, "segmented_control", ":kind").set_value("A share of rows").run()
    assert not app.exception and not incidents(app) and not app.error
    share = field(app, "number_input", ":0:share").value
    assert 0.5 < share < 10
    assert "A takes" in said(app)


@pytest.mark.parametrize("home", ["empty", "trained"])
def test_without_rows_the_page_says_what_to_do(open_page: OpenPage, home: str) -> None:
    app = open_page(home, SCRIPT, "bnpl_default", Role.RISK)
    assert not app.exception and not incidents(app) and not app.error
    assert "no trained version yet" in said(app) + str([i.proto.title for i in app.info]) or "score some" in said(app)
