"""A process that is killed in the middle of a batch: what it was told is logged is there, nothing is double."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from core.domain.usecase import UseCase
from core.store.log import PredictionLog

ROOT = Path(__file__).resolve().parents[2]
CHUNK, N_CHUNKS = 3_000, 60
WRITER = f"""
import importlib.util, sys
from pathlib import Path
from core.store.log import PredictionLog
from core.usecases import builtin

spec = importlib.util.spec_from_file_location("drawn", sys.argv[2])
drawn = importlib.util.module_from_spec(spec)
spec.loader.exec_module(drawn)
case = builtin()["bnpl_default"]
log = PredictionLog(Path(sys.argv[1]), memory_mb=128, threads=1)
batch = log.start_batch(case, version="v1", source="file", actor="Ada", at=drawn.AT)
for place in range({N_CHUNKS}):
    log.append(case, batch, *drawn.draw_chunk(case, {CHUNK}, place * {CHUNK}))
    print(place + 1, flush=True)
"""


@pytest.mark.parametrize("kill_after", [1, 4, 9])
def test_a_kill_loses_nothing_acknowledged_and_doubles_nothing(
    tmp_path: Path, bnpl: UseCase, draw: Any, at: datetime, kill_after: int
) -> None:
    path = tmp_path / "log.duckdb"
    command = [sys.executable, "-c", WRITER, str(path), str(Path(__file__).with_name("conftest.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
        assert writer.stdout is not None
        acknowledged = 0
        while acknowledged < kill_after:
            acknowledged = int(writer.stdout.readline())
        writer.kill()
        acknowledged = max([acknowledged, *(int(line) for line in writer.stdout)])
    assert writer.returncode == -9 and acknowledged < N_CHUNKS

    log = PredictionLog(path, 128, 1)
    total = log.counts(bnpl).total
    assert total % CHUNK == 0 and total >= acknowledged * CHUNK  # a chunk is logged whole or not at all
    assert sum(log.by_band(bnpl).values()) == total  # and rows and scores agree
    assert log.latest_batches(bnpl)[0]["state"] == "started"

    again = log.start_batch(bnpl, version="v1", source="file", actor="Ada", at=at)
    n_chunks = acknowledged + 3
    for place in range(n_chunks):
        new = log.append(bnpl, again, *draw(bnpl, CHUNK, place * CHUNK))
        assert new.all() if place * CHUNK >= total else not new.any()
    numbers = log.scan(bnpl, ["row_number"])["row_number"].to_pylist()
    assert sorted(numbers) == list(range(1, n_chunks * CHUNK + 1))
    log.close()
