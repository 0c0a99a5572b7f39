"""A desk without anything, and one that has scored a sample of leads."""

from __future__ import annotations

import io
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.config import Settings
from core.services import batches
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk, open_desk

LEADS = "lead_scoring"
Tamper = Callable[..., None]


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Desk]:
    """A desk on which nothing is trained."""
    opened = Desk(Settings(home=tmp_path / "home", models=None, backups=tmp_path / "backups"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def scored(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with 60 scored leads; shared by a module's tests."""
    home = tmp_path_factory.mktemp("scored") / "home"
    shutil.copytree(trained_home, home)
    desk = open_desk(Settings(home=home))
    content = batches.sample_csv(desk, LEADS, 60)
    assert content is not None
    path = batches.keep_upload(desk, LOCAL_PEOPLE[Role.ANALYST], "sample.csv", io.BytesIO(content))
    job = batches.submit(desk, LOCAL_PEOPLE[Role.ANALYST], LEADS, path, filename="sample.csv")
    assert desk.jobs.wait(job, 60).state == "done"
    yield desk
    desk.close()


@pytest.fixture
def tamper() -> Tamper:
    """Change the ledger's file behind the desk's back, as who owns the disk can."""

    def changed(desk: Desk, *statements: str) -> None:
        with sqlite3.connect(desk.settings.data_dir / "ledger.sqlite") as connection:
            for verb in ("update", "delete"):
                connection.execute(f"DROP TRIGGER IF EXISTS events_no_{verb}")
            for statement in statements:
                connection.execute(statement)
        connection.close()

    return changed
