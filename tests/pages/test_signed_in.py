"""Pages of a desk where people sign in: they know who looks, ask anew each time, and keep nothing for the next."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.config import Settings
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk, open_desk
from core.services.signing_in import people, sessions
from core.ui import places, state

from .conftest import OpenPage

ADMIN = LOCAL_PEOPLE[Role.ADMIN]
Enter = Callable[..., tuple[AppTest, Desk, str]]


@pytest.fixture
def enter(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Enter:
    """Open the home page as somebody who has signed in: the page, another desk on its ledger, the session's id."""

    def entered(name: str, role: Role) -> tuple[AppTest, Desk, str]:
        monkeypatch.setenv("RINGSIDE_SIGN_IN", "local")
        home = tmp_path / "own-empty"
        sitting = sit(home, name, role) if home.exists() else ""
        monkeypatch.setattr(state, "session", lambda: sitting)
        app = open_page("empty", "home.py", "lead_scoring")
        if not sitting:
            sitting = sit(home, name, role)
            app = app.run()
        return app, open_desk(Settings(home=home)), sitting

    return entered


def sit(home: Path, name: str, role: Role) -> str:
    desk = open_desk(Settings(home=home))
    person, _ = people.add(desk, ADMIN, name=name, email=f"{name.split()[0]}@example.com", role=role)
    record = desk.ledger.person(person.id)
    now = datetime.now(UTC)
    found = sessions.of_secret(desk, sessions.begin(desk, record, now, "test"), now)
    desk.close()
    assert found is not None
    return found.id


def links(block: Any) -> list[str]:
    """Paths that links out of the pages lead to."""
    return [path for item in block.get("html") for path in re.findall('href="([^"]*)"', item.proto.body)]


def titles(app: AppTest) -> list[str]:
    return [title.value for title in app.title]


def test_a_session_decides_who_acts(enter: Enter) -> None:
    app, desk, _ = enter("Rita Ring", Role.RISK)
    assert not app.exception
    assert "Rita Ring, risk" in [caption.value.split(": ", 1)[-1] for caption in app.sidebar.caption]
    assert [box.label for box in app.sidebar.selectbox] == ["Use case"]
    assert links(app.sidebar) == ["/sign-out", "/change-password"]
    desk.close()


def test_a_changed_role_and_an_ended_session_hold_at_the_next_rerun(enter: Enter) -> None:
    app, desk, sitting = enter("Rita Ring", Role.RISK)
    place = next(place for place in places.PLACES if place.url == "drift")
    app.switch_page(place.script).run()
    assert not app.exception and not app.warning
    known = next(person for person in desk.ledger.people() if person.name == "Rita Ring")
    people.set_role(desk, ADMIN, known.id, Role.SALES)
    app.run()
    assert titles(app) == ["This page is not for your role"]
    assert [warning.title for warning in app.warning] == ["Rita Ring may not see every model's score."]
    people.set_role(desk, ADMIN, known.id, Role.RISK)
    assert titles(app.run()) != ["This page is not for your role"]
    people.deactivate(desk, ADMIN, known.id)
    app.run()
    assert titles(app) == ["You are signed out"] and links(app) == ["/sign-in"]
    assert not app.sidebar.selectbox and not app.get("dataframe")
    assert sessions.of_id(desk, sitting) is None
    desk.close()


def test_nobody_sees_anything_without_a_session(enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    app, desk, _ = enter("Rita Ring", Role.RISK)
    for nobody in ("", "machine", "0" * 16):
        monkeypatch.setattr(state, "session", lambda nobody=nobody: nobody)
        assert titles(app.run()) == ["You are signed out"]
    desk.close()


def test_a_tab_keeps_nothing_of_one_person_for_the_next(enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    app, desk, _ = enter("Rita Ring", Role.RISK)
    app.session_state["shelf:file:lead_scoring"] = {"job": "of Rita"}
    app.run()
    assert "shelf:file:lead_scoring" in app.session_state
    other = sit(desk.settings.home, "Sam", Role.SALES)
    monkeypatch.setattr(state, "session", lambda: other)
    app.run()
    assert "shelf:file:lead_scoring" not in app.session_state
    assert "Sam, sales" in [caption.value.split(": ", 1)[-1] for caption in app.sidebar.caption]
    desk.close()
