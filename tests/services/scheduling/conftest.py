"""A desk with one trained use case for scoring jobs, shared by a module; and leads to score."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv as arrow_csv
from pyarrow import parquet as pq

from core.config import Settings
from core.services.desk import Desk, open_desk
from core.usecases import builtin

KEY = "lead_scoring"


@pytest.fixture
def trained_desk(trained_home: Path, tmp_path: Path) -> Iterator[Desk]:
    """A trained desk with an empty log, for one test."""
    home = tmp_path / "home"
    (home / "data").mkdir(parents=True)
    shutil.copy(trained_home / "data" / "ledger.sqlite", home / "data")
    shutil.copytree(trained_home / "models", home / "models", copy_function=os.link)
    opened = open_desk(Settings(home=home, chunk_rows=500))
    opened.log  # noqa: B018
    yield opened
    opened.close()


@pytest.fixture
def leads() -> Callable[..., pa.Table]:
    """`leads(n, seed)`: rows nobody was trained on."""
    use_case = builtin()[KEY]

    def made(n: int = 40, seed: int = 7) -> pa.Table:
        assert use_case.synthesize is not None
        rows = use_case.synthesize(n, seed)
        return rows.select([name for name in rows.column_names if name in use_case.schema])

    return made


def put(rows: pa.Table, path: Path) -> Path:
    """Write rows as a file that was finished a minute ago."""
    write = pq.write_table if path.suffix == ".parquet" else arrow_csv.write_csv
    write(rows, path)
    os.utime(path, (time.time() - 60, time.time() - 60))
    return path
