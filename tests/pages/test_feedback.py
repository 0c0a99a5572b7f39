"""One tap says it, a second takes it back, the contact has its day; the figures stand on the performance page."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.services.access import LOCAL_PEOPLE, Role
from core.services.reasons import feedback
from core.services.reasons.feedback import Given
from core.ui import state

KEY = "lead_scoring"
SAM = LOCAL_PEOPLE[Role.SALES]
OpenBar = OpenPage = Callable[..., AppTest]


def drawn() -> None:
    """What the Why page draws of feedback, for the newest prediction, as an app of its own."""
    from types import SimpleNamespace

    import streamlit as st

    from core.domain.explained import Reason
    from core.ui import feedback, state

    use_case = state.use_case()
    found = state.desk().log.latest(use_case, 1)
    explained = SimpleNamespace(
        prediction_id=None if st.session_state.get("unlogged") else found["prediction_id"][0].as_py(),
        scored_at=found["scored_at"][0].as_py(),
        voided=bool(st.session_state.get("voided")),
    )
    feedback.bar(use_case, explained)
    column = use_case.model_columns[0]
    feedback.reason_tap(use_case, explained, Reason(column, "Origin", "API", 0.1, True, None, False))


@pytest.fixture
def open_bar(full_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenBar]:
    shutil.copytree(full_home, tmp_path / "own")
    monkeypatch.setenv("RINGSIDE_HOME", str(tmp_path / "own"))
    st.cache_resource.clear()

    def opened(role: Role = Role.SALES, **facts: Any) -> AppTest:
        app = AppTest.from_function(drawn, default_timeout=30)
        facts |= {state.USE_CASE: KEY, state.ACT_AS: role}
        for name, value in facts.items():
            app.session_state[name] = value
        app.run()
        assert not app.exception
        return app

    yield opened
    st.cache_resource.clear()


def said() -> list[tuple[str, str | None]]:
    desk = state.desk()
    newest = desk.log.latest(desk.use_case(KEY), 1)["prediction_id"][0].as_py()
    found: tuple[Given, ...] = feedback.given(desk, SAM, KEY, newest)
    return [(item.kind, item.about) for item in found]


def test_one_tap_records_and_a_second_takes_it_back(open_bar: OpenBar) -> None:
    app = open_bar()
    app.feedback[0].set_value(1).run()
    assert said() == [("agree", None)]
    assert "Sam (sales) agrees with the score" in app.caption[0].value
    app.run()  # drawing again is no second tap
    app.feedback[0].set_value(0).run()
    assert said() == [("disagree", None)]
    app.feedback[0].set_value(None).run()
    assert said() == []
    assert len(app.caption) == 0


def test_a_reason_has_its_own_tap(open_bar: OpenBar) -> None:
    app = open_bar()
    app.feedback[1].set_value(0).run()
    desk = state.desk()
    assert said() == [("disagree", desk.use_case(KEY).model_columns[0])]
    again = open_bar()
    assert (again.feedback[0].value, again.feedback[1].value) == (None, 0)


def test_another_window_does_not_undo_what_was_said_since(open_bar: OpenBar) -> None:
    first = open_bar()
    first.feedback[0].set_value(1).run()
    second = open_bar()
    second.feedback[0].set_value(0).run()
    first.run()
    assert said() == [("disagree", None)]


def test_contacted_today_is_one_press(open_bar: OpenBar) -> None:
    app = open_bar()
    next(button for button in app.button if button.label == "Save").click().run()
    assert said() == [("contacted", None)]
    today = datetime.now(UTC)
    assert f"contacted on {today.day} {today:%b %Y}" in app.caption[0].value


def test_a_look_is_one_view(open_bar: OpenBar) -> None:
    app = open_bar()
    app.run()
    seen = feedback.summary(state.desk(), LOCAL_PEOPLE[Role.ANALYST], KEY)
    assert seen.n_seen == 1
    count = state.desk().log._cursor().execute(f"SELECT count(*) FROM {KEY}.views").fetchall()
    assert count == [(1,)]


def test_an_auditor_reads_and_does_not_tap(open_bar: OpenBar) -> None:
    open_bar().feedback[0].set_value(1).run()
    app = open_bar(Role.AUDITOR)
    assert len(app.feedback) == 0
    assert "Sam (sales) agrees" in app.caption[0].value


@pytest.mark.parametrize("why", ["unlogged", "voided"])
def test_a_row_that_does_not_count_has_no_bar(open_bar: OpenBar, why: str) -> None:
    app = open_bar(**{why: True})
    assert len(app.feedback) == 0 and len(app.caption) == 0


def test_the_performance_page_shows_what_was_said(open_page: OpenPage) -> None:
    app = open_page("full", "watch/performance.py", KEY)
    assert any(item.value.startswith("Nobody has said anything") for item in app.caption)
    desk = state.desk()
    for prediction in desk.log.latest(desk.use_case(KEY), 40)["prediction_id"].to_pylist():
        feedback.agree(desk, SAM, KEY, prediction)
    app.run()
    assert not app.exception and not app.error
    table = app.dataframe[-1].value
    assert list(table["Band"]) == list(desk.use_case(KEY).policy.band_names)
    assert any("answers" in text for text in table["Agree with the score"])
    split = next(group for group in app.button_group if group.key == f"said:{KEY}")
    split.set_value("By version").run()
    table = app.dataframe[-1].value
    assert table["Model"].tolist() == [desk.scorer(KEY).card.champion]
    assert table["Agree with the score"].tolist() == ["100% [91%, 100%], 40 answers"]
