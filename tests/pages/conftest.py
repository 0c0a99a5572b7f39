"""Three homes for the pages: nothing trained, trained with an empty log, trained with a filled log."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.config import Settings
from core.services import batches
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk, open_desk
from core.ui import state
from core.usecases import builtin

DESK = Path(__file__).resolve().parents[2] / "pages" / "desk.py"
ANALYST = LOCAL_PEOPLE[Role.ANALYST]
SAMPLE_ROWS = 300

OpenPage = Callable[..., AppTest]


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")


@pytest.fixture
def fresh_home(tmp_path: Path) -> Path:
    """An empty home for one test alone."""
    return tmp_path


@pytest.fixture(scope="session")
def full_home(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained home, with a sample file scored for every use case."""
    home = tmp_path_factory.mktemp("full") / "home"
    shutil.copytree(trained_home, home)
    desk = open_desk(Settings(home=home))
    for key in builtin():
        score_sample(desk, key)
    desk.close()
    return home


def score_sample(desk: Desk, key: str) -> str:
    content = batches.sample_csv(desk, key, SAMPLE_ROWS)
    assert content is not None
    path = batches.keep_upload(desk, ANALYST, "sample.csv", io.BytesIO(content))
    job_id = batches.submit(desk, ANALYST, key, path, filename="sample.csv")
    assert desk.jobs.wait(job_id, 60).state == "done"
    return job_id


def own_copy(home: Path, target: Path) -> Path:
    """A home that one test may write to: its own data, and the versions of the shared home."""
    shutil.copytree(home / "data", target / "data") if (home / "data").exists() else target.mkdir()
    (target / "models").mkdir()
    for versions in (home / "models").glob("*"):
        (target / "models" / versions.name).symlink_to(versions)
    return target


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenPage]:
    """Open a page of the desk on one of the homes: open_page("full", "home.py", "lead_scoring")."""
    shared = {"empty", "trained", "full"}  # of all tests: each test works on a copy
    copies: dict[str, Path] = {}

    def opened(home: str, script: str, key: str, role: Role = Role.ANALYST) -> AppTest:
        folder = copies.get(home) or request.getfixturevalue(f"{home}_home")
        if home in shared and home not in copies:
            folder = copies[home] = own_copy(folder, tmp_path / f"own-{home}")
        monkeypatch.setenv("RINGSIDE_HOME", str(folder))
        st.cache_resource.clear()
        app = AppTest.from_file(str(DESK), default_timeout=30)
        app.query_params[state.USE_CASE] = key
        app.session_state[state.ACT_AS] = role
        app.run()
        if script != "home.py":
            app.switch_page(script).run()
        return app

    yield opened
    st.cache_resource.clear()  # closes the desk and gives the home's lock back
