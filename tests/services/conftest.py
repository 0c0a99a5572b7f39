"""A desk with both built-in use cases trained and an empty log, for one test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.config import Settings
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import Desk, open_desk


@pytest.fixture
def analyst() -> Actor:
    return LOCAL_PEOPLE[Role.ANALYST]


@pytest.fixture
def desk_home(trained_home: Path, tmp_path: Path) -> Path:
    home = tmp_path / "home"
    shutil.copytree(trained_home, home)
    return home


@pytest.fixture
def desk(desk_home: Path) -> Iterator[Desk]:
    opened = open_desk(Settings(home=desk_home, chunk_rows=500))
    yield opened
    opened.close()
