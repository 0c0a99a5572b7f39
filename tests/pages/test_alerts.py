"""The alerts page: empty and watched, an alert from its finding to its end, filters, rules with their terms, roles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.domain.alert import Reading, Severity, State, Terms
from core.services.access import LOCAL_PEOPLE, Action, Role, may
from core.services.alerting import inbox, settings
from core.services.alerting.engine import evaluate
from core.services.alerting.rule import Rule, rules
from core.services.complaints import cases
from core.store.ledger_alert_tables import AlertRecord
from core.ui import state

from .conftest import OpenPage
from .test_every_page import incidents, texts

SCRIPT = "watch/alerts.py"
KEY = "lead_scoring"
ANA = LOCAL_PEOPLE[Role.ANALYST]
BREACH = Reading(State.BREACH, "12 % of *rows* <script> were rejected.", 0.12, 0.05, 900)


@pytest.fixture
def fire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Let a rule over lead scoring read a breach, and return its alert's id."""
    known = dict(rules())

    def fired(reading: Reading = BREACH) -> str:
        def check(*args: object) -> list[Reading]:
            return [reading]

        mine = {"rejects": replace(known["rejects"], check=check)}
        for module in ("rule", "engine", "settings", "inbox"):
            monkeypatch.setattr(f"core.services.alerting.{module}.rules", lambda: mine)
        now = datetime.now(UTC)
        summary = evaluate(state.desk(), now, every_rule=True, subjects=[KEY])
        return summary.opened[0].id

    yield fired


def look_at(app: AppTest, alert_id: str) -> AppTest:
    return app.run().button(key=f"alert:{alert_id}").click().run()


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def write(app: AppTest, label: str, text: str) -> None:
    next(box for box in app.text_input if box.label == label).set_value(text)


def said(app: AppTest) -> str:
    return "\n".join(texts(app))


def fine(app: AppTest) -> None:
    assert not app.exception
    assert not incidents(app)
    assert not app.error, [error.value for error in app.error]


def test_nothing_fired_and_what_is_watched(open_page: OpenPage) -> None:
    app = open_page("full", SCRIPT, KEY)
    assert "rules look at Lead scoring" in app.info[0].value or "rule looks at Lead scoring" in app.info[0].value
    assert "None has looked yet" in app.info[0].value
    app = press(app, "Look now")
    fine(app)
    assert "look next from" in app.info[0].value or inbox.open_alerts(state.desk(), ANA)


def test_from_finding_to_end(open_page: OpenPage, fire: Callable[..., str]) -> None:
    app = open_page("full", SCRIPT, KEY)
    alert_id = fire()
    assert "Acknowledge what you look into" in app.run().info[0].value
    app = look_at(app, alert_id)
    fine(app)
    text = said(app)
    for part in ("\\<script\\>", "What to do.", "nobody owns it yet", "12.0% on"):
        assert part in text, part
    app = press(app, "Acknowledge")
    fine(app)
    assert inbox.alert(state.desk(), ANA, alert_id).owner == ANA.name
    write(app, "Why can it wait?", "A repair is on its way.")
    app = press(app, "Snooze")
    fine(app)
    assert [item.id for item in inbox.alerts(state.desk(), ANA, "snoozed")] == [alert_id]
    app = press(app, "Wake")
    write(app, "Why", "The file was repaired.")
    app = press(app, "Close")
    fine(app)
    found = inbox.alert(state.desk(), ANA, alert_id)
    assert (found.state, found.closed_reason) == ("closed", "The file was repaired.")
    assert "The file was repaired." in said(app)
    assert not any(button.label == "Acknowledge" for button in app.button)


def test_nothing_is_closed_without_a_reason(open_page: OpenPage, fire: Callable[..., str]) -> None:
    app = open_page("full", SCRIPT, KEY)
    alert_id = fire()
    app = press(look_at(app, alert_id), "Close")
    assert len(app.error) == 1
    assert inbox.alert(state.desk(), ANA, alert_id).state == "open"


def test_filters(open_page: OpenPage, fire: Callable[..., str]) -> None:
    app = open_page("full", SCRIPT, KEY)
    alert_id = fire()

    def shown(app: AppTest) -> bool:
        fine(app)
        return any(button.key == f"alert:{alert_id}" for button in app.button)

    assert shown(app.run())
    assert not shown(app.segmented_control(key="show").set_value("Closed").run())
    assert shown(app.segmented_control(key="show").set_value("Open").run())
    assert not shown(app.segmented_control(key="severity").set_value("critical").run())
    assert shown(app.segmented_control(key="severity").set_value("info").run())
    assert not shown(app.toggle(key="mine").set_value(True).run())
    inbox.acknowledge(state.desk(), ANA, alert_id)
    assert shown(app.run())
    app.selectbox(key="use_case").set_value("bnpl_default").run()
    assert shown(app), "everywhere"
    assert not shown(app.segmented_control(key="where").set_value("here").run())


def test_views_of_other_pages_do_not_follow(open_page: OpenPage) -> None:
    app = open_page("full", "govern/models.py", KEY)
    app.segmented_control(key="view").set_value("Promotions").run()
    fine(app.switch_page(SCRIPT).run())
    app.segmented_control(key="view").set_value("Rules").run()
    fine(app.switch_page("govern/models.py").run())


def test_a_link_opens_an_alert_and_a_wrong_one_says_so(open_page: OpenPage, fire: Callable[..., str]) -> None:
    app = open_page("full", SCRIPT, KEY)
    alert_id = fire()
    app.query_params["alert"] = alert_id
    fine(app.run())
    assert "What to do." in said(app)
    app.query_params["alert"] = "nowhere"
    app.run()
    assert not incidents(app)
    assert len(app.error) == 1
    assert app.button(key=f"alert:{alert_id}")


def test_an_alert_of_a_rule_that_is_no_more(open_page: OpenPage) -> None:
    app = open_page("full", SCRIPT, KEY)
    now = datetime.now(UTC)
    facts = ("warning", "open", "It was too much.", None, None, None, now, now)
    state.desk().ledger.add_alert(AlertRecord("a1", "former_rule", "former_case", "", *facts))
    app = look_at(app, "a1")
    fine(app)
    assert "Former rule" in said(app)
    assert "What to do." not in said(app)


def test_the_rules_with_their_terms_and_what_complaints_asked_for(open_page: OpenPage) -> None:
    app = open_page("full", SCRIPT, KEY)
    desk, now = state.desk(), datetime.now(UTC)
    case = cases.open_case(desk, ANA, KEY, "They do not convert.", period=(now - timedelta(days=9), now))
    cases.add_prevention(desk, ANA, case.id, "alert", "Watch page views", "Ana")
    evaluate(desk, now, ANA, every_rule=True, subjects=[KEY])
    app.segmented_control(key="view").set_value("Rules").run()
    fine(app)
    text = said(app)
    for item in inbox.watched(desk, ANA, KEY):
        assert f"**{item.rule.title}**" in text
    assert "What complaints asked for" in text
    assert not any(box.label == "Rule" for box in app.selectbox), "analysts set no terms"


def test_a_risk_manager_sets_terms(open_page: OpenPage) -> None:
    app = open_page("full", SCRIPT, KEY, Role.RISK)
    app.segmented_control(key="view").set_value("Rules").run()
    app.selectbox(key="rule:set").set_value("rejects").run()
    app.number_input(key=f"limit:{KEY}:rejects").set_value(8.0)
    app = press(app, "Set")
    assert len(app.error) == 1, "no reason"
    write(app, "Why", "A partner's files are new.")
    app = press(app, "Set")
    fine(app)
    rita = LOCAL_PEOPLE[Role.RISK]
    found = next(item for item in settings.terms_in_force(state.desk(), rita, KEY) if item.rule.key == "rejects")
    assert (found.changed, found.terms.limit) == (("limit",), 0.08)
    assert "Set by Rita" in said(app)
    write(app, "Why", "As before.")
    fine(press(app, "Back to what it was made with"))
    assert state.desk().ledger.rule_terms() == []


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SALES])
def test_what_a_role_may(open_page: OpenPage, fire: Callable[..., str], role: Role) -> None:
    app = open_page("full", SCRIPT, KEY, role)
    app = look_at(app, fire())
    fine(app)
    labels, actor = {button.label for button in app.button}, LOCAL_PEOPLE[role]
    assert ("Acknowledge" in labels) == may(actor, Action.WORK_ALERT)
    assert ("Look now" in labels) == may(actor, Action.WATCH)


def test_terms_in_words() -> None:
    from core.ui import alert_words

    rule = Rule("x", "X", "desk", Terms(), "Do.", lambda *_: [], unit="ms")
    terms = Terms(limit=200, critical=500, persistence=(2, 3), window=timedelta(days=1), every=timedelta(minutes=15))
    assert alert_words.terms(rule, terms) == [
        "Above 200 ms it is a warning, above 500 ms critical.",
        "2 breaches in 3 looks open an alert; 2 looks in order, one after another, end it.",
        "It looks every 15 minutes, the last day, and judges 170 rows or more.",
    ]
    strict = Terms(severity=Severity.CRITICAL, limit=0.1, below=True, clear_after=1, minimum_n=1)
    assert alert_words.terms(rule, strict)[:2] == [
        "Below 0.1 ms it is critical.", "One breach opens an alert; 1 look in order ends it."
    ]  # fmt: skip
    assert alert_words.terms(rule, Terms(on=False)) == ["It is switched off."]
