"""Desks of several processes on one home, at the same time and killed in the middle: every row once, none halved."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from core.domain.usecase import UseCase
from tests.store.shared_logs import assert_same, open_shared

ROOT = Path(__file__).resolve().parents[2]
CHUNK, N_CHUNKS = 400, 12
WRITER = f"""
import importlib.util, sys
from pathlib import Path
from core.store.log_shared import SharedLog
from core.usecases import builtin

spec = importlib.util.spec_from_file_location("drawn", sys.argv[3])
drawn = importlib.util.module_from_spec(spec)
spec.loader.exec_module(drawn)
case = builtin()["bnpl_default"]
log = SharedLog(Path(sys.argv[1]), sys.argv[2], memory_mb=128, threads=1)
batch = log.start_batch(case, version="v1", source="file", actor=sys.argv[1], at=drawn.AT)
n_new = 0
for place in range({N_CHUNKS}):
    n_new += int(log.append(case, batch, *drawn.draw_chunk(case, {CHUNK}, place * {CHUNK})).sum())
    n_new += int(log.append(case, batch, *drawn.draw_chunk(case, 1, 90_000 + place)).sum())
    print(place + 1, n_new, flush=True)
log.close()
"""


def writer(path: Path, url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), url, str(Path(__file__).with_name("conftest.py"))]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


@pytest.mark.slow
@pytest.mark.parametrize("kill_after", [None, 3])
def test_two_processes_log_the_same_rows_once(
    tmp_path: Path, postgres_url: str, bnpl: UseCase, draw: Any, at: datetime, kill_after: int | None
) -> None:
    paths = [tmp_path / name / "log.duckdb" for name in ("a", "b")]
    with writer(paths[0], postgres_url) as one, writer(paths[1], postgres_url) as other:
        assert one.stdout is not None and other.stdout is not None
        acknowledged = 0
        while kill_after is not None and acknowledged < kill_after:
            acknowledged = int(one.stdout.readline().split()[0])
        if kill_after is not None:
            one.kill()
        new = [[int(line.split()[1]) for line in said.readlines()] for said in (one.stdout, other.stdout)]
    assert other.returncode == 0 and one.returncode == (0 if kill_after is None else -9)
    every = N_CHUNKS * (CHUNK + 1)
    if kill_after is None:
        assert new[0][-1] + new[1][-1] == every  # each was told only of its own

    for path in (*paths, tmp_path / "c" / "log.duckdb"):  # the killed one comes back, and a new one comes
        log = open_shared(path, postgres_url)
        assert log.counts(bnpl).total == every
        assert sum(log.by_band(bnpl).values()) == every  # rows and scores agree
        numbers = log.scan(bnpl, ["row_number"])["row_number"].to_pylist()
        wanted = [*range(1, N_CHUNKS * CHUNK + 1), *range(90_001, 90_001 + N_CHUNKS)]
        assert sorted(numbers) == wanted
        again = log.start_batch(bnpl, version="v1", source="file", actor="Ada", at=at)
        assert not log.append(bnpl, again, *draw(bnpl, CHUNK, CHUNK)).any()
        assert_same(log)
        log.close()
