"""A desk with scored rows, for tests that write reports only."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.config import Settings
from core.services import batches
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk, open_desk
from core.services.watching import evidently_report

SAMPLE_ROWS = 400
KEY = "lead_scoring"


@pytest.fixture(scope="module")
def scored(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A trained desk with a sample file of leads scored."""
    home = tmp_path_factory.mktemp("watching") / "home"
    shutil.copytree(trained_home, home)
    desk = open_desk(Settings(home=home))
    evidently_report.register(desk)
    content = batches.sample_csv(desk, KEY, SAMPLE_ROWS)
    assert content is not None
    path = home / "sample.csv"
    path.write_bytes(content)
    job = desk.jobs.wait(batches.submit(desk, LOCAL_PEOPLE[Role.ADMIN], KEY, path), 60)
    assert job.state == "done", job.message
    yield desk
    desk.close()


@pytest.fixture
def desk(scored: Desk) -> Desk:
    """The same without any report."""
    shutil.rmtree(scored.settings.data_dir / "reports", ignore_errors=True)
    return scored
