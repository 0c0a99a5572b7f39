"""The log read from its own file while it is written to: what the copy opens with, and what the original keeps."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb

from core.domain.usecase import UseCase
from core.store.backup_log import HeldLog
from core.store.log import PredictionLog

ROOT = Path(__file__).resolve().parents[2]
CHUNK = 40


def copied(held: HeldLog, folder: Path, wal_bytes: int | None = None) -> Path:
    folder.mkdir()
    (folder / "log.duckdb").write_bytes(b"".join(held.blocks()))
    wal = b"".join(held.wal_blocks())
    if wal:
        (folder / "log.duckdb.wal").write_bytes(wal if wal_bytes is None else wal[:wal_bytes])
    return folder / "log.duckdb"


def fill(log: PredictionLog, bnpl: UseCase, draw: Any, at: Any, first: int, n_chunks: int) -> None:
    batch = log.start_batch(bnpl, version="v1", source="file", actor="Ada", at=at)
    for place in range(first, first + n_chunks):
        log.append(bnpl, batch, *draw(bnpl, CHUNK, place * CHUNK))


def test_the_copy_is_the_log_at_the_cut(log: PredictionLog, bnpl: UseCase, draw: Any, at: Any, tmp_path: Path) -> None:
    fill(log, bnpl, draw, at, 0, 3)
    with log.held() as held:
        held.cut()
        fill(log, bnpl, draw, at, 3, 2)  # nobody waits, and none of it is in the copy
        path = copied(held, tmp_path / "copy")
    assert held.n_rows == {bnpl.key: 3 * CHUNK}
    assert log.n_rows_by_use_case() == {bnpl.key: 5 * CHUNK}
    copy = PredictionLog(path)
    assert copy.n_rows_by_use_case() == held.n_rows
    assert sum(copy.by_band(bnpl).values()) == 3 * CHUNK
    copy.close()


def test_no_checkpoint_comes_between(log: PredictionLog, bnpl: UseCase, draw: Any, at: Any, tmp_path: Path) -> None:
    fill(log, bnpl, draw, at, 0, 3)
    with log.held() as held:
        held.cut()
        before = b"".join(held.blocks())
        try:
            log._cursor().execute("CHECKPOINT")
        except duckdb.TransactionException as refused:
            assert "other write transactions" in str(refused)
        assert b"".join(held.blocks())[: len(before)] == before
        path = copied(held, tmp_path / "copy")
    log._cursor().execute("CHECKPOINT")
    copy = PredictionLog(path)
    assert copy.n_rows_by_use_case() == {bnpl.key: 3 * CHUNK}
    copy.close()


def test_a_commit_that_is_cut_in_two_is_no_commit(
    log: PredictionLog, bnpl: UseCase, draw: Any, at: Any, tmp_path: Path
) -> None:
    fill(log, bnpl, draw, at, 0, 6)
    chance = random.Random(1)
    with log.held() as held:
        held.cut()
        whole = sum(map(len, held.wal_blocks()))
        for place in range(8):
            copy = PredictionLog(copied(held, tmp_path / f"copy{place}", chance.randrange(whole)))
            total = copy.n_rows_by_use_case().get(bnpl.key, 0)
            assert total % CHUNK == 0
            if total:
                assert sum(copy.by_band(bnpl).values()) == total
            copy.close()


def test_the_database_keeps_its_lock(log: PredictionLog, bnpl: UseCase, draw: Any, at: Any, tmp_path: Path) -> None:
    fill(log, bnpl, draw, at, 0, 1)
    with log.held() as held:
        held.cut()
        copied(held, tmp_path / "copy")
    code = f"import duckdb; duckdb.connect({str(held.path)!r})"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert other.returncode != 0 and "lock" in other.stderr


def test_nothing_is_left_in_the_log(log: PredictionLog, bnpl: UseCase) -> None:
    log.ensure(bnpl)
    tables = log._cursor().execute("SELECT table_name FROM duckdb_tables()").fetchall()
    with log.held() as held:
        held.cut()
    assert log._cursor().execute("SELECT table_name FROM duckdb_tables()").fetchall() == tables
