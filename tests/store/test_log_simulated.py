"""Simulated rows are counted, and deleted without a trace of them or a scratch on the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pyarrow as pa

from core.domain.usecase import UseCase
from core.store.log import PredictionLog
from core.store.log_simulated import SIMULATED

Draw = Callable[..., tuple[pa.Table, pa.Table]]
TABLES = ("bnpl_default.rows", "bnpl_default.scores", "bnpl_default.outcomes", "bnpl_default.feature_counts")


def logged(log: PredictionLog) -> dict[str, Any]:
    return {
        table: sorted(map(repr, log._cursor().execute(f"SELECT * FROM {table}").fetchall()))
        for table in (*TABLES, "batches", "batch_events")
    }


def fill(log: PredictionLog, bnpl: UseCase, draw: Draw, at: datetime, first: int, source: str) -> None:
    batch = log.start_batch(bnpl, version="v1", source=source, actor="Ada", at=at)
    counts = pa.table(
        {"day": pa.array([at.date()]), "feature": ["amount"], "bin": pa.array([1], pa.int32()), "n": pa.array([10])}
    )
    rows, scores = draw(bnpl, 10, first)
    log.append(bnpl, batch, rows, scores, count=lambda new: counts)
    log.finish_batch(batch, state="done", at=at, n_rows=10, n_rejected=0)
    outcomes = pa.table({"entity": rows["entity"], "outcome": [1.0] * 10, "observed_at": [at] * 10})
    mark = SIMULATED if source == SIMULATED else None
    assert log.append_outcomes(bnpl, outcomes, received_at=at, source=mark) == 10


def test_clear_takes_the_simulated_and_nothing_else(
    log: PredictionLog, bnpl: UseCase, draw: Draw, at: datetime
) -> None:
    fill(log, bnpl, draw, at, 0, "file")
    before = logged(log)
    assert log.simulated_rows() == {}
    fill(log, bnpl, draw, at, 100, SIMULATED)
    assert log.simulated_rows() == {"bnpl_default": 10}
    assert log.counts(bnpl).total == 20
    assert log.clear_simulated() == {"bnpl_default": 10}
    assert log.simulated_rows() == {}
    assert logged(log) == before
    assert log.clear_simulated() == {}


def test_clear_while_a_backup_is_made(log: PredictionLog, bnpl: UseCase, draw: Draw, at: datetime) -> None:
    fill(log, bnpl, draw, at, 100, SIMULATED)
    with log.held() as held:
        held.cut()
        assert log.clear_simulated() == {"bnpl_default": 10}
    assert log.simulated_rows() == {}


def test_a_score_keeps_the_time_it_was_given(log: PredictionLog, bnpl: UseCase, draw: Draw, at: datetime) -> None:
    rows, scores = draw(bnpl, 3)
    batch = log.start_batch(bnpl, version="v1", source=SIMULATED, actor="Ada", at=at)
    times = [datetime(2026, 1, day) for day in (1, 2, 3)]
    log.append(bnpl, batch, rows, scores.append_column("scored_at", pa.array(times)))
    stored = log._cursor().execute("SELECT scored_at FROM bnpl_default.scores ORDER BY 1").fetchall()
    assert [row[0] for row in stored] == times
    assert len(log.mean_score_by_day(bnpl, days=30, until=datetime(2026, 1, 4))) == 3
