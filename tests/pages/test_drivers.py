"""The drivers page: every view of every use case draws, with rows and without."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.services.access import Role
from core.usecases import builtin

from .conftest import OpenPage
from .test_every_page import incidents, texts

SCRIPT = "compare/drivers.py"
VIEWS = ("Cross-check", "By value", "Pairs", "By group", "Lately")


def said(app: AppTest) -> str:
    return "\n".join(texts(app))


def view(app: AppTest, key: str, name: str) -> AppTest:
    app.session_state[f"drivers:{key}"] = name
    return app.run()


def sound(app: AppTest) -> None:
    assert not app.exception
    assert not incidents(app)
    assert not app.error


@pytest.mark.parametrize("key", builtin())
@pytest.mark.parametrize("home", ["trained", "full"])
def test_every_view_draws(open_page: OpenPage, home: str, key: str) -> None:
    app = open_page(home, SCRIPT, key)
    sound(app)
    assert "held-out reference rows" in said(app)
    codes = ("Reason codes",) if builtin()[key].adverse_codes else ()
    assert [tab.label for tab in app.tabs] == ["Importance", *VIEWS, *codes]
    for name in (*VIEWS, *codes):
        app = view(app, key, name)
        sound(app)
        assert "n = " in said(app) or "Not enough rows." in said(app) or "least that can be compared" in said(app), name


def test_only_the_open_view_is_drawn(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, "lead_scoring")
    assert [tab.label for tab in app.tabs if tab.children] == ["Importance"]


def test_the_latest_days_of_an_empty_log(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, "lead_scoring")
    app.segmented_control(key="importance:lead_scoring").set_value(30)
    app.run()
    sound(app)
    assert "Nothing was scored yet" in app.info[0].value


def test_every_column_by_value(open_page: OpenPage) -> None:
    app = view(open_page("trained", SCRIPT, "client_profitability"), "client_profitability", "By value")
    box = app.selectbox(key="axis:client_profitability")
    for place in range(len(box.options)):
        app.selectbox(key="axis:client_profitability").select_index(place)
        app.run()
        sound(app)


def test_a_pair_of_levels_a_pair_of_numbers_and_the_same_twice(open_page: OpenPage) -> None:
    key = "lead_scoring"
    app = view(open_page("trained", SCRIPT, key), key, "Pairs")
    for across, upwards in (("company_size", "industry"), ("page_views", "time_on_site"), ("industry", "page_views")):
        app.selectbox(key=f"Across:{key}").set_value(across)
        app.selectbox(key=f"Upwards:{key}").set_value(upwards)
        app.run()
        sound(app)
        assert "typical lead" in said(app)
    app.selectbox(key=f"Across:{key}").set_value("page_views")
    app.run()
    assert "two different columns" in said(app)


def test_an_unknown_record_is_told(open_page: OpenPage) -> None:
    key = "lead_scoring"
    app = view(open_page("full", SCRIPT, key), key, "Pairs")
    app.text_input(key=f"record:{key}").set_value("nobody").run()
    assert not app.exception
    assert not incidents(app)
    assert len(app.error) == 1


def test_a_challenger_and_the_auditor(open_page: OpenPage) -> None:
    key = "debt_repayment"
    app = view(open_page("trained", SCRIPT, key, Role.AUDITOR), key, "By group")
    app.segmented_control(key=f"model:By group:{key}").set_value("logistic")
    app.run()
    sound(app)
    assert "logistic" in said(app)
