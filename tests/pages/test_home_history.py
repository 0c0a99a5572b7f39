"""The simulated history on the home page: offered where hardly a row is, told while it is there, removed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.services.access import Role
from core.ui import state

from .conftest import OpenPage

FILL, CLEAR = "fill_history", "clear_history"


@pytest.fixture
def own_home(trained_home: Path, tmp_path: Path) -> Path:
    home = tmp_path / "home"
    shutil.copytree(trained_home, home)
    return home


def keys(app: object) -> set[str]:
    return {button.key for button in app.button}  # type: ignore[attr-defined]


def test_offered_to_who_may_make_it(open_page: OpenPage) -> None:
    assert FILL in keys(open_page("trained", "home.py", "lead_scoring"))
    assert FILL in keys(open_page("full", "home.py", "lead_scoring"))  # a few hundred rows of samples
    assert FILL not in keys(open_page("trained", "home.py", "lead_scoring", Role.SALES))


def test_not_offered_before_a_model_is_trained(open_page: OpenPage) -> None:
    assert FILL not in keys(open_page("empty", "home.py", "lead_scoring"))


@pytest.mark.slow
def test_filled_and_removed_by_a_click_each(open_page: OpenPage) -> None:
    app = open_page("own", "home.py", "lead_scoring", Role.RISK)
    app.button(key=FILL).click().run()
    assert not app.exception and not app.error
    assert FILL not in keys(app)
    for job in state.desk().jobs.active():
        assert state.desk().jobs.wait(job.id, 200).state == "done"
    app.run()
    assert any("rows of this desk are simulated" in element.value for element in app.markdown)
    assert app.metric
    app.session_state[state.ACT_AS] = Role.ANALYST
    app.run()
    assert CLEAR not in keys(app)
    app.session_state[state.ACT_AS] = Role.RISK
    app.run()
    app.button(key=CLEAR).click().run()
    assert not app.exception and not app.error
    assert not app.metric
    assert FILL in keys(app)
