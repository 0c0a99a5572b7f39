"""An empty desk on which rules look at what a test logs; nothing is trained unless a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.config import Settings
from core.domain.usecase import UseCase
from core.services.desk import Desk, open_desk

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Desk]:
    """A desk without versions and without rows."""
    opened = open_desk(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


@pytest.fixture
def leads(bare: Desk) -> UseCase:
    return bare.use_case("lead_scoring")
