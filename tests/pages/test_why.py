"""The Why page opens from a link, a search and a button, says what helps and hurts, and hides models from sales."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from core.services import batches
from core.services.access import LOCAL_PEOPLE, Role
from core.services.reasons import explanation
from core.ui import state, tables
from core.usecases import builtin

from .conftest import OpenPage

SCRIPT = "score/why.py"
KEY = "lead_scoring"


def ids(key: str, n: int = 1) -> list[str]:
    """The newest predictions of the desk that the page has opened."""
    desk = state.desk()
    return list(desk.log.latest(desk.use_case(key), n)["prediction_id"].to_pylist())


def ask(app: AppTest, text: str, field: str = "id") -> AppTest:
    app.text_input(key=field).set_value(text)
    return app.run()


def said(app: AppTest) -> str:
    kinds = ("title", "subheader", "markdown", "caption", "info", "warning", "error", "success", "code", "metric")
    return "\n".join(str(element.value) for kind in kinds for element in getattr(app, kind))


def fine(app: AppTest) -> None:
    assert not app.exception
    assert not app.error, [error.value for error in app.error]


@pytest.mark.parametrize("role", [Role.SALES, Role.ANALYST, Role.RISK, Role.AUDITOR])
@pytest.mark.parametrize("key", builtin())
def test_a_prediction_is_explained(open_page: OpenPage, key: str, role: Role) -> None:
    app = open_page("full", SCRIPT, key, role)
    prediction = ids(key)[0]
    app = ask(app, prediction)
    fine(app)
    text = said(app)
    for part in ("Helps", "Hurts", "Answer to repeat", " for this one"):
        assert part in text
    expected = explanation.explain(state.desk(), LOCAL_PEOPLE[role], key, prediction)
    for reason in (*expected.helps[:1], *expected.hurts[:1]):
        assert reason.title in text
    models = builtin()[key].recipe.model_names
    assert any(name in text for name in models) == (role is not Role.SALES)
    assert bool([box for box in app.expander if box.label.startswith("More")]) == (role is not Role.SALES)


def test_a_link_opens_it(open_page: OpenPage) -> None:
    app = open_page("full", "home.py", KEY)
    prediction = ids(KEY)[0]
    app.query_params["id"] = prediction
    app.switch_page(SCRIPT).run()
    fine(app)
    assert app.text_input(key="id").value == prediction
    assert "Answer to repeat" in said(app)
    assert any(f"use_case={KEY}&id={prediction}" in block.value for block in app.code)


def test_a_record_id_finds_its_newest_score(open_page: OpenPage) -> None:
    app = open_page("full", SCRIPT, KEY)
    desk = state.desk()
    entity = desk.log.latest(desk.use_case(KEY), 1)["entity"][0].as_py()
    app = ask(app, entity)
    fine(app)
    assert entity in said(app)


def test_an_unknown_id_is_said_with_a_way_on(open_page: OpenPage) -> None:
    app = ask(open_page("full", SCRIPT, KEY), "no such lead")
    assert not app.exception
    assert "no such lead" in app.error[0].proto.title
    assert "Answer to repeat" not in said(app)
    assert tables.WHY in app.dataframe[0].value.columns


def test_a_voided_row_is_explained_and_marked(open_page: OpenPage) -> None:
    app = open_page("full", SCRIPT, KEY)
    prediction = ids(KEY)[0]
    desk = state.desk()
    batch = desk.log.latest_batches(desk.use_case(KEY))[0]["batch_id"]
    batches.void(desk, LOCAL_PEOPLE[Role.ANALYST], batch, f"wrong file {datetime.now(UTC).year}")
    app = ask(app, prediction)
    fine(app)
    assert "This score no longer counts" in [warning.proto.title for warning in app.warning]


@pytest.mark.parametrize("key", builtin())
def test_an_empty_log_says_what_to_do(open_page: OpenPage, key: str) -> None:
    app = open_page("trained", SCRIPT, key)
    fine(app)
    assert [info.proto.title for info in app.info] == ["Nothing is scored yet, so there is nothing to explain"]
    app = next(button for button in app.button if button.label == "Score one").click().run()
    assert app.title[0].value.startswith("What do we do with")


@pytest.mark.parametrize("key", builtin())
def test_two_records_are_compared(open_page: OpenPage, key: str) -> None:
    app = open_page("full", SCRIPT, key)
    first, second = ids(key, 2)
    ask(app, first)
    app = ask(app, second, "beside")
    fine(app)
    assert " between them" in said(app) or "Both have the same values" in said(app)


def test_the_exact_figures_stand_behind_more(open_page: OpenPage) -> None:
    app = ask(open_page("full", SCRIPT, KEY), ids(KEY)[0])
    app.session_state["why:more"] = True
    app.run()
    fine(app)
    text = said(app)
    assert "recomputed by version" in text
    assert "equal" in text
    assert "not equal" not in text
    next(button for button in app.button if button.label == "Check with the shap library").click().run()
    fine(app)
    assert "the same; largest difference" in said(app)


def test_score_one_leads_to_the_reasons(open_page: OpenPage) -> None:
    app = open_page("full", "score/one.py", KEY)
    next(button for button in app.button if button.label == "Score").click().run()
    next(button for button in app.button if button.label == "Why?").click().run()
    fine(app)
    assert app.title[0].value == "Why this score?"
    assert "Answer to repeat" in said(app)
