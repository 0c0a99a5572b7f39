"""The channels tab: added, tested, changed and removed by role; the address is never on the page again."""

from __future__ import annotations

from datetime import UTC, datetime

from streamlit.testing.v1 import AppTest

from core.services.access import LOCAL_PEOPLE, Role
from core.services.alerting import channels, delivery
from core.services.alerting.channels import Wanted
from core.store.ledger_alert_tables import AlertRecord
from core.ui import state
from tests.bridges.sinks import http_sink
from tests.bridges.test_apprise import free_port

from .conftest import OpenPage
from .test_every_page import incidents, texts

SCRIPT, KEY = "watch/alerts.py", "lead_scoring"
RITA = LOCAL_PEOPLE[Role.RISK]
SECRET = "token-in-path"


def tab(open_page: OpenPage, role: Role = Role.RISK) -> AppTest:
    app = open_page("empty", SCRIPT, KEY, role)
    app.segmented_control(key="view").set_value("Channels").run()
    assert not incidents(app)
    return app


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def fill(app: AppTest, label: str, text: str) -> None:
    next(box for box in app.text_input if box.label == label).set_value(text)


def said(app: AppTest) -> str:
    titles = [element.proto.title for kind in (app.error, app.warning, app.info) for element in kind]
    return "\n".join([*texts(app), *titles])


def test_a_channel_from_its_first_form_to_its_end(open_page: OpenPage) -> None:
    with http_sink() as sink:
        app = tab(open_page)
        assert "No channel is set" in said(app)
        fill(app, "Name", "CRM")
        fill(app, "Address", f"json://127.0.0.1:{sink.port}/{SECRET}")
        press(app, "Save")
        assert f"Webhook at 127.0.0.1:{sink.port}" in said(app).replace("\\", "")
        assert not any(box.value and SECRET in str(box.value) for box in app.text_input)
        press(app, "Test this channel")
        assert "took the message. It is marked as a test." in said(app)
    assert len(sink.requests) == 1
    press(app, "Test this channel")
    assert "The test did not arrive" in said(app) and "Nothing listens" in said(app)
    assert SECRET not in said(app)
    next(button for button in app.button if str(button.key).startswith("remove:")).click().run()
    assert "No channel is set" in said(app) and not incidents(app)


def test_what_cannot_be_saved_is_said_in_place(open_page: OpenPage) -> None:
    app = tab(open_page)
    fill(app, "Name", "CRM")
    fill(app, "Address", f"json://crm.example/{SECRET}")
    press(app, "Save")
    assert "would cross the network in the clear" in said(app) and SECRET not in said(app)
    assert not incidents(app)


def test_messages_and_what_became_of_them(open_page: OpenPage) -> None:
    app = tab(open_page)
    desk, now = state.desk(), datetime.now(UTC)
    channels.save(desk, RITA, Wanted("CRM", f"json://127.0.0.1:{free_port()}/{SECRET}", use_cases=[KEY]))
    alert = AlertRecord(
        "a1", "rejects", KEY, "", "warning", "open", "8% rejected.", 0.08, 0.05, 900, now, now
    )  # fmt: skip
    desk.ledger.add_alert(alert)
    assert delivery.announce(desk, alert, now) == 1
    desk.courier.wait()
    app.run()
    shown = app.dataframe[0].value
    assert list(shown["State"]) == ["waiting"] and "1 of 7 tries; next at" in shown["What happened"][0]
    assert "Nobody is told of" in said(app) and SECRET not in said(app) + str(shown)
    desk.ledger.change_delivery(desk.ledger.deliveries()[0].key, state="failed")
    again = next(button for button in app.run().button if button.label.startswith("Try again"))
    again.click().run()
    desk.courier.wait()
    assert desk.ledger.deliveries()[0].state == "pending"
    app.segmented_control(key="view").set_value("Inbox").run()
    app.button(key="alert:a1").click().run()
    assert "CRM (opened)" in said(app).replace("\\", "") and not incidents(app)


def test_an_analyst_sees_and_sets_nothing(open_page: OpenPage) -> None:
    app = tab(open_page, Role.ANALYST)
    channels.save(state.desk(), RITA, Wanted("CRM", f"json://127.0.0.1:9/{SECRET}"))
    app.run()
    assert "CRM" in said(app) and "sets channels" in said(app)
    assert not [button for button in app.button if button.label in ("Save", "Test this channel", "Remove")]
