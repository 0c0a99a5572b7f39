"""Pages write down whose record is opened, what is taken along and who is turned away; a run again writes nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st

from core.services.access import LOCAL_PEOPLE, Action, Role, require
from core.ui import audit_taken, messages, state

from .conftest import OpenPage

LEADS = "lead_scoring"


def actions() -> list[tuple[str, str]]:
    return [(event.action, event.subject) for event in state.desk().ledger.events(limit=5)]


def test_opening_a_record_is_one_event(open_page: OpenPage) -> None:
    app = open_page("full", "score/why.py", LEADS)
    desk = state.desk()
    prediction = desk.log.latest(desk.use_case(LEADS), 1)["prediction_id"].to_pylist()[0]
    app.text_input(key="id").set_value(prediction)
    app.run()
    assert actions()[0] == ("open record", f"{LEADS} {prediction}")
    n = len(desk.ledger.events(limit=1_000))
    app.run()
    assert not app.exception and len(desk.ledger.events(limit=1_000)) == n


def test_what_is_pressed_is_taken(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    pressed: list[object] = []
    monkeypatch.setattr(st, "download_button", lambda label, data, *_, **__: pressed.append(data))
    app = open_page("trained", "govern/models.py", LEADS)
    before = actions()
    app.segmented_control(key="view").set_value("Model card").run()
    assert callable(pressed[0])
    assert "</html>" in pressed[0]()
    assert actions()[0] == ("download", f"{LEADS} v1")
    assert actions()[1] == before[0], "nothing is taken by looking"
    event = state.desk().ledger.events(limit=1)[0]
    assert event.after == {"what": "model card, HTML"} and event.actor == LOCAL_PEOPLE[Role.ANALYST].name


def test_a_shown_table_is_taken_without_formulas(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    open_page("trained", "home.py", LEADS)
    pressed: list[Callable[[], str]] = []
    monkeypatch.setattr(st, "download_button", lambda label, data, *_, **__: pressed.append(data))
    audit_taken.csv_button([{"Name": "=1+1", "n": 2}], "arms", "arms:csv")
    assert pressed[0]() == "Name,n\n'=1+1,2\n"
    event = state.desk().ledger.events(limit=1)[0]
    assert (event.action, event.subject, event.after) == ("download", "arms", {"what": "table, CSV"})


def test_tables_have_no_export_of_their_own() -> None:
    config = tomllib.loads((Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml").read_text())
    assert config["client"]["disableDataExport"] is True


def test_who_is_turned_away_is_on_record(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    open_page("trained", "home.py", LEADS, Role.SALES)
    monkeypatch.setattr(state, "actor", lambda: LOCAL_PEOPLE[Role.SALES])
    for _ in range(2):
        with messages.told():
            require(LOCAL_PEOPLE[Role.SALES], Action.ROLL_BACK)
    event, before = state.desk().ledger.events(limit=2)
    assert (event.action, event.subject, event.result) == ("turn away", "roll back", "refused")
    assert event.after["where"] == audit_taken.HOME and before.action != "turn away"


def test_a_refusal_that_cannot_be_written_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def broken(error: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(st, "warning", lambda body, title, icon: told.append(title))
    monkeypatch.setattr(audit_taken, "turned_away", broken)
    with messages.told():
        require(LOCAL_PEOPLE[Role.SALES], Action.ROLL_BACK)
    assert told == ["Sam (sales) may not roll back."]
