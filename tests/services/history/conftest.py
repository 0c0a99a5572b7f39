"""A desk with a simulated history, filled once for all tests that only read it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.config import Settings
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk, open_desk
from core.services.history import job
from tests.conftest import BuiltOnce

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ADMIN = LOCAL_PEOPLE[Role.ADMIN]


def fill(desk: Desk, seed: int = job.SEED) -> None:
    done = desk.jobs.wait(job.submit(desk, ADMIN, seed, NOW), 250)
    assert done.state == "done", done.message


@pytest.fixture(scope="session")
def filled_home(trained_home: Path, built_once: BuiltOnce) -> Path:
    def filled(home: Path) -> None:
        shutil.copytree(trained_home, home, dirs_exist_ok=True)
        desk = open_desk(Settings(home=home))
        fill(desk)
        desk.close()

    return built_once("history", filled)


@pytest.fixture(scope="module")
def filled(filled_home: Path) -> Iterator[Desk]:
    """For reading only."""
    desk = open_desk(Settings(home=filled_home))
    yield desk
    desk.close()


@pytest.fixture
def own(filled_home: Path, tmp_path: Path) -> Iterator[Desk]:
    """A copy that a test may change."""
    home = tmp_path / "home"
    shutil.copytree(filled_home, home)
    desk = open_desk(Settings(home=home))
    yield desk
    desk.close()
