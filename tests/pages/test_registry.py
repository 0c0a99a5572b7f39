"""The models page: who may do what with versions and promotions, and what the record says of a day."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk
from core.services.governing import registry, timeline, version_states
from core.store.ledger_registry import PromotionRecord
from core.ui import state

from .conftest import OpenPage

SCRIPT, KEY = "govern/models.py", "lead_scoring"
NAME = "asked"
EVIDENCE = {
    "verdict": {
        "decision": "promote",
        "reason": "Every check is met.",
        "checks": [{"name": "worthwhile gain", "state": "met", "sentence": "+0.0213; the minimum is +0.0100."}],
    },
    "gate": [{"name": "documentation", "state": "met", "sentence": "The model card has its sections."}],
    "risk": {
        "score": 0.45,
        "factors": [
            {"name": "stability", "value": 0.45, "sentence": "4.50% of 8,000 held-out rows are decided otherwise."},
            {"name": "bias", "value": None, "sentence": "No column of this use case is sensitive."},
        ],
    },
    "needs": ["risk", "auditor"],
    "against": {"version": "v1", "model": "lightgbm"},
}


def desk() -> Desk:
    return state.desk()


def asked(by: str = "Ana (analyst)") -> None:
    """A promotion that waits, asked for by somebody."""
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    facts = (NAME, KEY, "v1", "logistic", None, at, by, "It ranks *leads* better.", EVIDENCE)
    desk().ledger.add_promotion(PromotionRecord(*facts))


def look_at(app: AppTest, view: str) -> AppTest:
    return app.segmented_control(key="view").set_value(view).run()


def said(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption))


def answer(app: AppTest, key: str, reason: str) -> AppTest:
    app.text_input(key=f"why:{key}").set_value(reason)
    press(app, key).click()
    return app.run()


def press(app: AppTest, key: str) -> Button:
    return next(button for button in app.button if button.form_id == f"form:{key}")


def opened(open_page: OpenPage, role: Role, view: str = "Promotions") -> AppTest:
    app = open_page("trained", SCRIPT, KEY, role)
    asked()
    return look_at(app, view)


def test_what_waits_shows_its_evidence_and_whose_approval_it_takes(open_page: OpenPage) -> None:
    app = opened(open_page, Role.ANALYST)
    assert not app.exception
    text = said(app)
    for words in (
        "**logistic of v1**", "Waiting for approval", "in place of lightgbm of v1", r"\*leads\*",
        "0 of 2 approvals; it waits for the risk manager and the auditor", "**Risk 0.45, medium**",
        "**Stability 0.45**", "**Bias does not apply**", "**Worthwhile gain** (met)", "**Documentation** (met)",
    ):  # fmt: skip
        assert words in text, words
    assert [panel.label for panel in app.expander][:3] == [
        "Risk, factor by factor", r"Verdict\: Promote. Every check is met.", "Compliance gate",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("role", "forms"),
    [
        (Role.ANALYST, {"withdraw"}),
        (Role.RISK, {"approve", "refuse", "withdraw"}),
        (Role.AUDITOR, {"approve", "refuse"}),
        (Role.ADMIN, {"withdraw"}),
    ],
)
def test_every_role_is_offered_what_it_may_do(open_page: OpenPage, role: Role, forms: set[str]) -> None:
    app = opened(open_page, role)
    offered = {button.form_id.split(":")[1] for button in app.button if (button.form_id or "").startswith("form:")}
    assert offered == forms
    assert ("You may not approve it" in said(app)) == (role is Role.ADMIN)


def test_who_asked_is_told_why_they_may_not_approve(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, KEY, Role.RISK)
    asked(by=LOCAL_PEOPLE[Role.RISK].name)
    look_at(app, "Promotions")
    assert app.button(key=f"approve:{NAME}").disabled
    assert "Who asks for a promotion does not approve it" in said(app)


def test_two_people_approve_and_the_champion_changes_at_once(open_page: OpenPage) -> None:
    app = opened(open_page, Role.RISK)
    answer(app, f"approve:{NAME}", "")
    assert "A reason is needed to approve" in app.error[0].value + app.error[0].proto.title
    answer(app, f"approve:{NAME}", "I have read the checks")
    assert "1 of 2 approvals; it waits for the auditor" in said(app)
    assert str(desk().acting(KEY)) == "lightgbm of v1"
    app.session_state[state.ACT_AS] = Role.AUDITOR
    app.run()
    answer(app, f"approve:{NAME}", "The record is whole")
    assert not app.exception
    assert "No promotion waits" in said(app) and "Promoted" in said(app)
    assert str(desk().acting(KEY)) == "logistic of v1"
    assert desk().ledger.verify_chain() is None
    look_at(app, "Registry")
    assert r"logistic of v1 acts since" in said(app) and r"Aude (auditor) promoted it" in said(app)


def test_a_rollback_is_one_click_and_a_reason(open_page: OpenPage) -> None:
    app = opened(open_page, Role.RISK)
    answer(app, f"approve:{NAME}", "yes")
    registry.approve(desk(), LOCAL_PEOPLE[Role.AUDITOR], KEY, NAME, "yes")
    look_at(app, "Registry")
    answer(app, f"back:{KEY}", "it misbehaves")
    assert str(desk().acting(KEY)) == "lightgbm of v1"
    assert "rolled back to it, it misbehaves" in said(app)
    assert "There is no former champion" in said(app)
    app.session_state[state.ACT_AS] = Role.AUDITOR
    assert "Roll back" not in " ".join(button.label for button in app.run().button)


def test_the_registry_as_of_a_day_cannot_be_changed(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, KEY, Role.ADMIN)
    assert "Production: champion" in said(app) and "held-out rows" in said(app)
    app.date_input(key="as_of").set_value(date(2020, 1, 1)).run()
    assert "As it stood at the end of 1 Jan 2020" in said(app) and "had no version then" in said(app)
    assert not [button for button in app.button if (button.form_id or "").startswith("form:")]


def test_who_was_champion_on_a_day(open_page: OpenPage) -> None:
    app = look_at(open_page("trained", SCRIPT, KEY, Role.AUDITOR), "Who was champion")
    assert not app.exception and len(app.get("plotly_chart")) == 1
    assert "lightgbm of v1, from" in said(app) and "first version" in said(app)
    app.date_input(key="champion_on").set_value(date(2020, 1, 1)).run()
    assert "nobody was champion" in said(app)
    assert "let version act" in app.dataframe[0].value["What"].tolist()
    assert len(timeline.timeline(desk(), LOCAL_PEOPLE[Role.AUDITOR], KEY)) == 1


def test_asking_without_a_plan_says_what_is_missing(open_page: OpenPage) -> None:
    app = look_at(open_page("trained", SCRIPT, KEY), "Promotions")
    assert not app.exception
    assert "a comparison plan whose verdict is Promote" in said(app)
    assert version_states.version_states(desk(), LOCAL_PEOPLE[Role.ANALYST], KEY)[0].state == "production"


@pytest.mark.parametrize("role", list(Role))
def test_home_names_what_waits_for_an_approval_to_those_who_may_give_it(open_page: OpenPage, role: Role) -> None:
    app = open_page("trained", "home.py", KEY, role)
    asked()
    app.run()
    assert not app.exception
    assert ("1 promotion to approve or refuse" in said(app)) == (role in (Role.RISK, Role.AUDITOR))
