"""A stand-in is named above every page and on the home page, and goes when the version is mended."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree

import pytest
from streamlit.testing.v1 import AppTest

from core.config import Settings
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import open_desk
from core.services.history.versions import FORMER, _train
from core.ui import state

from .conftest import OpenPage

KEY = "bnpl_default"
WORDS = f"Version {FORMER} stands in for v1, which cannot score."


@pytest.fixture
def spoilt_home(trained_home: Path, tmp_path: Path) -> Path:
    """v0 acted before v1, and a file of v1 is not what it was."""
    home = tmp_path / "spoilt"
    copytree(trained_home, home)
    desk = open_desk(Settings(home=home))
    person = LOCAL_PEOPLE[Role.ADMIN]
    _train(desk, person, desk.use_case(KEY), datetime(2026, 1, 1, tzinfo=UTC))
    desk.ledger.record(
        at=datetime(2026, 1, 1, tzinfo=UTC), actor="Rita", role="risk", via="page", action="let version act",
        subject=f"{KEY} {FORMER}",
    )  # fmt: skip
    desk.close()
    (home / "models" / KEY / "v1" / "profile.json").write_text("{}")
    return home


def titles(app: AppTest) -> list[str]:
    return [warning.proto.title for warning in app.warning]


def test_everybody_is_told_and_a_mended_version_serves_again(spoilt_home: Path, open_page: OpenPage) -> None:
    app = open_page("spoilt", "score/one.py", KEY, Role.RISK)
    assert not app.exception and titles(app) == [WORDS]
    app.switch_page("home.py").run()
    assert titles(app) == [WORDS]
    assert any(WORDS in line.value and "profile.json" in line.value for line in app.markdown)
    again = next(button for button in app.button if button.label == "Try v1 again")
    again.click().run()
    assert state.desk().stand_in(KEY) is not None, "nothing was mended yet"
    assert any("profile.json" in error.proto.title.replace("\\", "") for error in app.error)


def test_sales_read_no_version_and_are_offered_no_press(spoilt_home: Path, open_page: OpenPage) -> None:
    app = open_page("spoilt", "score/one.py", KEY, Role.SALES)
    assert titles(app) == ["An earlier model scores for now."]
    assert not [button for button in app.button if button.label.startswith("Try v1")]
    assert all("profile.json" not in warning.value for warning in app.warning)


def test_nothing_is_said_where_the_acting_version_serves(open_page: OpenPage) -> None:
    app = open_page("trained", "score/one.py", KEY, Role.RISK)
    assert not titles(app)
