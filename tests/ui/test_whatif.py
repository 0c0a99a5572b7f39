"""The what-if drawer in a page of its own: moving fields, trying suggestions, resetting, rules said in place."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.config import Settings
from core.services import scoring
from core.services.access import Role
from core.services.desk import open_desk
from core.ui import state

Opened = Callable[..., AppTest]


def page() -> None:
    import streamlit as st

    from core.domain.explained import Explanation, Recomputed
    from core.domain.policy import Tone
    from core.ui import state, whatif

    key, row = st.session_state["key"], st.session_state["row"]
    use_case, scorer = state.desk().use_case(key), state.desk().scorer(key)
    version = scorer.card.version
    again = Recomputed(None, 0.0, True, version)
    facts = (None, "row-1", None, None, row, 0.0, "", "", Tone.FAIR, "champion", 0.0, (), (), (), {}, again, (), 0, "")
    whatif.drawer(use_case, Explanation(key, version, scorer.card.champion, *facts))


@pytest.fixture
def opened(trained_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    home = tmp_path / "home"
    shutil.copytree(trained_home, home)
    monkeypatch.setenv("RINGSIDE_HOME", str(home))
    desk = open_desk(Settings(home=home))
    samples = {key: scoring.sample_rows(desk, key, 9) for key in desk.use_cases()}
    versions = {key: desk.acting_version(key) for key in samples}
    desk.close()

    def run(key: str, place: int = 4, role: Role = Role.ANALYST, **other: Any) -> AppTest:
        st.cache_resource.clear()
        app = AppTest.from_function(page, default_timeout=60)
        app.session_state[state.ACT_AS] = role
        app.session_state["key"], app.session_state["row"] = key, samples[key][place] | other
        app.session_state[f"whatif:{key}:{versions[key]}:row-1-open"] = True
        return app.run()

    yield run
    st.cache_resource.clear()


def metric(app: AppTest, label: str) -> Any:
    return next(item for item in app.metric if item.label == label)


def field(items: Any, name: str) -> Any:
    return next(item for item in items if str(item.key).endswith(f":{name}"))


def button(app: AppTest, ending: str) -> Any:
    return next(item for item in app.button if str(item.key).endswith(ending))


def test_at_first_now_is_then_and_a_moved_slider_moves_the_score_at_once(opened: Opened) -> None:
    app = opened("lead_scoring")
    assert not app.exception
    assert metric(app, "Then").value == metric(app, "Now").value
    slider = field(app.slider, "page_views")
    slider.set_value(30 if slider.value < 20 else 3).run()
    assert metric(app, "Then").value != metric(app, "Now").value
    assert metric(app, "Now").delta.endswith("points")
    assert any("1 column changed" in item.value for item in app.caption)
    button(app, "-reset").click().run()
    assert metric(app, "Then").value == metric(app, "Now").value
    assert any("Nothing changed yet" in item.value for item in app.caption)


def test_a_suggestion_can_be_tried_and_holds_what_it_says(opened: Opened) -> None:
    app = opened("lead_scoring", place=2)
    said = next(item.value for item in app.markdown if "this lead would reach" in item.value)
    button(app, "-try-0").click().run()
    assert f"({metric(app, 'Now').value})" in said
    assert "Now" in {item.label for item in app.metric}


@pytest.mark.parametrize(
    "key", ["bnpl_default", "client_profitability", "collector_performance", "debt_repayment", "lead_scoring"]
)
def test_every_use_case_has_its_drawer(opened: Opened, key: str) -> None:
    app = opened(key)
    assert not app.exception
    assert not app.error
    assert metric(app, "Then").value == metric(app, "Now").value
    assert len(app.slider) > 0
    assert any("More:" in item.label for item in app.expander)


def test_a_lower_risk_is_good_news_and_the_rules_are_named(opened: Opened) -> None:
    app = opened("bnpl_default")
    text = " ".join(item.value for item in app.caption)
    assert "the rules decide what happens to this purchase" in text
    assert any("as the rules decide" in item.value for item in app.markdown)


def test_rules_between_columns_are_said_under_the_field(opened: Opened) -> None:
    app = opened("collector_performance")
    slider = field(app.slider, "total_contacts")
    connected = field(app.slider, "contacts_connected").value
    assert slider.min < connected
    slider.set_value(connected - 1).run()
    assert any("cannot exceed" in item.value for item in app.error)
    assert any(":red[" in item.value and "cannot exceed" in item.value for item in app.markdown)
    assert "Now" not in {item.label for item in app.metric}
    assert not app.exception


def test_sales_are_shown_neither_the_line_nor_other_models(opened: Opened) -> None:
    app = opened("lead_scoring", role=Role.SALES)
    assert not app.exception
    assert not any("More:" in item.label for item in app.expander)


def test_values_that_are_missing_or_outside_the_usual_range_are_held(opened: Opened) -> None:
    app = opened("lead_scoring", time_on_site=5000.0)
    assert field(app.slider, "time_on_site").value == 5000.0
    assert metric(app, "Then").value == metric(app, "Now").value


def test_the_drawer_is_closed_at_first(opened: Opened) -> None:
    app = opened("lead_scoring")
    fresh = AppTest.from_function(page, default_timeout=60)
    fresh.session_state[state.ACT_AS] = Role.ANALYST
    fresh.session_state["key"], fresh.session_state["row"] = "lead_scoring", app.session_state["row"]
    fresh.run()
    assert not fresh.slider
    assert not fresh.exception
