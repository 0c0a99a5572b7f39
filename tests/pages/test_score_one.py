"""The form scores a row, shows the answer, and puts every problem beside its field."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from core.domain.columns import Kind
from core.domain.policy import Mode
from core.services.access import Role
from core.usecases import builtin

from .conftest import OpenPage

SCRIPT = "score/one.py"


def press_score(app: AppTest) -> AppTest:
    button = next(button for button in app.button if button.label == "Score")
    return button.click().run()


def said(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


@pytest.mark.parametrize("key", builtin())
def test_typical_row_is_scored_and_logged_once(open_page: OpenPage, key: str) -> None:
    app = press_score(open_page("full", SCRIPT, key))
    assert not app.exception
    assert not app.error
    assert "**Logged**" in said(app)
    press_score(app)
    assert "**Already scored** before" in said(app)


@pytest.mark.parametrize("key", builtin())
def test_sample_row_can_be_started_from(open_page: OpenPage, key: str) -> None:
    app = open_page("full", SCRIPT, key)
    start = app.selectbox(key=f"start:{key}")
    start.set_value(start.options[1]).run()
    press_score(app)
    assert not app.error
    assert app.metric


@pytest.mark.parametrize("key", builtin())
def test_problems_stand_beside_their_fields(open_page: OpenPage, key: str) -> None:
    use_case = builtin()[key]
    app = open_page("trained", SCRIPT, key)
    time = next(column for column in use_case.schema if column.kind is Kind.TIME)
    app.text_input(key=f"row:{key}:{time.name}").set_value("yesterday")
    press_score(app)
    assert len(app.error) == 1
    assert time.title in app.error[0].value
    assert any(":red[" in element.value and time.title in element.value for element in app.markdown)


def test_shadow_mode_says_that_the_rules_decide(open_page: OpenPage) -> None:
    shadows = [key for key, use_case in builtin().items() if use_case.policy.mode is Mode.SHADOW]
    assert shadows
    for key in shadows:
        app = press_score(open_page("full", SCRIPT, key))
        assert any("The rules decide here" in element.value for element in app.info)


def test_sales_sees_the_acting_score_only(open_page: OpenPage) -> None:
    app = press_score(open_page("full", SCRIPT, "lead_scoring", Role.SALES))
    text = said(app) + "".join(element.value for element in app.caption)
    assert app.metric
    for name in builtin()["lead_scoring"].recipe.model_names:
        assert name not in text
    assert not app.get("plotly_chart")


def test_analyst_sees_every_opinion(open_page: OpenPage) -> None:
    app = press_score(open_page("full", SCRIPT, "lead_scoring"))
    assert len(app.get("plotly_chart")) == 1


@pytest.mark.parametrize("role", [Role.ANALYST, Role.SALES])
def test_collector_is_shown_with_classes_gauges_radar_and_advice(open_page: OpenPage, role: Role) -> None:
    use_case = builtin()["collector_performance"]
    app = press_score(open_page("full", SCRIPT, use_case.key, role))
    assert not app.exception
    text = said(app)
    for finding in ("**Most probable: ", "**RPC ", "**Above the reference mean in "):
        assert finding in text
    assert "**Recommended**" in text
    opinions = role is Role.ANALYST
    assert len(app.get("plotly_chart")) == 3 + opinions
    captions = "".join(element.value for element in app.caption)
    assert any(name in text + captions for name in use_case.recipe.model_names) == opinions
    assert "Low 0.0%, Medium 50.0%, High 100.0%" in captions


def test_a_recovery_above_the_debt_is_told_beside_its_field(open_page: OpenPage) -> None:
    key = "collector_performance"
    app = open_page("trained", SCRIPT, key)
    total = app.number_input(key=f"row:{key}:total_debt").value
    app.number_input(key=f"row:{key}:debt_recovered").set_value(1.26 * total)
    press_score(app)
    assert len(app.error) == 1
    assert "Debt recovered" in app.error[0].value
    assert any(":red[" in element.value and "cannot exceed total" in element.value for element in app.markdown)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("{", "JSON"), ("[1, 2]", "list"), ('{"page_views": "many"}', "many")],
)
def test_bad_json_is_told_in_place(open_page: OpenPage, text: str, expected: str) -> None:
    app = open_page("trained", SCRIPT, "lead_scoring")
    app.session_state["way:lead_scoring"] = "JSON"
    app.run()
    app.text_area[0].set_value(text)
    press_score(app)
    assert len(app.error) == 1
    assert expected in f"{app.error[0].value} {app.error[0].proto.title}"


def test_json_of_the_form_is_scored(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, "lead_scoring")
    app.session_state["way:lead_scoring"] = "JSON"
    app.run()
    assert set(json.loads(app.text_area[0].value)) == set(builtin()["lead_scoring"].schema.names)
    press_score(app)
    assert not app.error
    assert app.metric
