"""Every page opens for every use case, on an empty, a trained and a full desk, for every role that may."""

from __future__ import annotations

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.services.access import LOCAL_PEOPLE, Role, may
from core.ui import places
from core.usecases import builtin

from .conftest import OpenPage

HOMES = ("empty", "trained", "full")
FORBIDDEN_WORDS = ("threshold", "project", "traceback")


def texts(app: AppTest) -> list[str]:
    kinds = ("title", "header", "subheader", "markdown", "caption", "error", "warning", "info", "success")
    return [element.value for kind in kinds for element in getattr(app, kind)]


def incidents(app: AppTest) -> list[str]:
    return [element.value for element in app.error if "incident" in element.value]


@pytest.mark.parametrize("home", HOMES)
@pytest.mark.parametrize("place", places.PLACES, ids=lambda place: place.url)
@pytest.mark.parametrize("key", builtin())
def test_page_opens(open_page: OpenPage, home: str, place: places.Place, key: str) -> None:
    role = Role.ANALYST if may(LOCAL_PEOPLE[Role.ANALYST], place.action) else Role.ADMIN
    app = open_page(home, place.script, key, role)
    assert not app.exception
    assert not incidents(app)
    assert not app.error
    assert len(app.title) == 1
    assert app.selectbox(key="use_case").value == key
    for text in texts(app):
        assert not any(word in text.lower() for word in FORBIDDEN_WORDS), text


@pytest.mark.parametrize("place", places.PLACES, ids=lambda place: place.url)
@pytest.mark.parametrize("role", Role)
def test_role_sees_only_its_pages(open_page: OpenPage, role: Role, place: places.Place) -> None:
    app = open_page("full", "home.py", next(iter(builtin())), role)
    if may(LOCAL_PEOPLE[role], place.action):
        if place.script != "home.py":
            app.switch_page(place.script).run()
        assert not app.exception
        assert not incidents(app)
    else:
        with pytest.raises(ValueError, match=r"[Pp]age"):
            app.switch_page(place.script)


def test_unknown_use_case_in_the_link_falls_back(open_page: OpenPage) -> None:
    app = open_page("trained", "home.py", "no_such_case")
    assert not app.exception
    assert app.selectbox(key="use_case").value == next(iter(builtin()))


def test_pages_without_the_gate_are_refused(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(st.context), "headers", {"Host": "127.0.0.1:8501"})
    app = open_page("full", "home.py", "lead_scoring")
    assert [error.title for error in app.error] == ["This desk is served without its gate."]
    assert not app.title
