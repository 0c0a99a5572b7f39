"""The audit page: filtered and paged by link, one event with before and after, the chain, past scores, the report."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.services.access import LOCAL_PEOPLE, Role
from core.services.auditing import noting
from core.ui import frame, state

from .conftest import OpenPage

SCRIPT = "govern/audit.py"
LEADS = "lead_scoring"
AUDE = LOCAL_PEOPLE[Role.AUDITOR]
EVIL = "[x](javascript:alert(1)) <img src=x>"


def view(app: AppTest, name: str) -> AppTest:
    app.segmented_control(key=frame.VIEW).set_value(name).run()
    assert not app.exception and not app.error, [error.value for error in app.error]
    return app


def texts(app: AppTest) -> str:
    kinds = ("markdown", "caption", "info", "success", "error", "warning", "code")
    return "\n".join(str(element.value) for kind in kinds for element in getattr(app, kind))


def numbers(app: AppTest) -> list[int]:
    return list(app.dataframe[-1].value["No."])


def test_events_are_filtered_and_paged(open_page: OpenPage) -> None:
    app = open_page("empty", SCRIPT, LEADS, Role.AUDITOR)
    assert not app.dataframe and app.info
    for number in range(60):
        noting.downloaded(state.desk(), AUDE, f"file {number}", what=EVIL)
    app.run()
    assert numbers(app) == list(range(60, 10, -1)) and "Events 1 to 50 of 60" in texts(app)
    assert len(app.get("pagination")) == 1
    app.text_input(key="about").set_value("file 57").run()
    assert numbers(app) == [58]
    app.text_input(key="about").set_value("").run()
    app.selectbox(key="actor").set_value(AUDE.name).run()
    assert not app.exception and "of 60" in texts(app)


def test_a_link_opens_one_event_with_before_and_after(open_page: OpenPage) -> None:
    app = open_page("empty", SCRIPT, LEADS, Role.AUDITOR)
    seq = state.desk().ledger.record(
        at=datetime(2026, 3, 2, tzinfo=UTC),
        actor=EVIL, role="risk", via="page", action="publish policy", subject=LEADS, reason=EVIL,
        before={"cutoffs": [0.2], "capacity": 3}, after={"cutoffs": [0.3], "capacity": 3},
    ).seq  # fmt: skip
    app.query_params["event"] = str(seq)
    app.run()
    assert not app.exception
    assert app.dataframe[0].value.to_dict("records") == [{"What": "cutoffs", "Before": "0.2", "After": "0.3"}]
    said = texts(app)
    assert f"### Event {seq}: publish policy" in said and "1 more value stayed as before" in said
    assert EVIL not in "\n".join(str(item.value) for item in app.markdown)
    app.query_params["event"] = "999"
    app.run()
    assert len(app.error) == 1


def test_verify_says_whole_or_where_it_is_broken(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, LEADS, Role.AUDITOR)
    view(app, "Chain")
    app.button(key="audit:verify").click().run()
    assert not app.exception and not app.error
    assert len(app.success) == 1
    assert "Last check: **intact**" in texts(app)
    with sqlite3.connect(state.desk().settings.data_dir / "ledger.sqlite") as connection:
        connection.execute("DROP TRIGGER events_no_update")
        connection.execute("UPDATE events SET actor = 'Nobody' WHERE seq = 2")
    connection.close()
    app.button(key="audit:verify").click().run()
    assert not app.exception and not app.success
    assert any("An event was changed" in str(error.value) for error in app.error)


def test_past_scores_are_made_again(open_page: OpenPage) -> None:
    app = open_page("full", SCRIPT, LEADS, Role.RISK)
    view(app, "Past scores")
    desk = state.desk()
    prediction = desk.log.latest(desk.use_case(LEADS), 1)["prediction_id"].to_pylist()[0]
    app.text_input(key="prediction").set_value(prediction)
    app.button[-2].click().run()
    assert not app.exception and not app.error, [error.value for error in app.error]
    table = app.dataframe[0].value
    assert set(table["Equal"]) == {"yes"} and list(table["Stored"]) == list(table["Made again"])
    app.button[-1].click().run()
    assert not app.exception and not app.error and len(app.success) == 2


def test_the_report_is_shown_and_taken(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    pressed: dict[str, Callable[[], str]] = {}
    monkeypatch.setattr(st, "download_button", lambda label, data, *_, **__: pressed.update({label: data}))
    app = open_page("trained", SCRIPT, LEADS, Role.AUDITOR)
    view(app, "Report")
    app.button(key="audit:make").click().run()
    assert not app.exception and not app.error, [error.value for error in app.error]
    labels = [panel.label for panel in app.expander]
    assert labels[0].startswith("The chain of events") and any(label.startswith("Approvals") for label in labels)
    assert "<h1>Compliance report" in pressed["Report, HTML"]()
    assert json.loads(pressed["Report, JSON"]())["parts"]
    assert [event.action for event in state.desk().ledger.events(limit=2)] == ["download", "download"]


def test_a_link_of_another_role_is_refused_and_that_is_on_record(open_page: OpenPage) -> None:
    app = open_page("empty", SCRIPT, LEADS, Role.AUDITOR)
    app.selectbox(key=state.ACT_AS).set_value(Role.SALES).run()
    app.run()
    assert not app.exception and not app.dataframe and len(app.warning) == 1
    (event,) = state.desk().ledger.events(limit=5)
    assert (event.actor, event.action, event.subject) == ("Sam (sales)", "turn away", "see who did what")
    assert event.result == "refused"
