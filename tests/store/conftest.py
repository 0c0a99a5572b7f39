"""Rows and scores as the services hand them to the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from core.domain.columns import Array, Column, Columns, Kind
from core.domain.records import raw_table
from core.domain.usecase import UseCase
from core.store.identity import prediction_ids
from core.store.log import PredictionLog
from core.store.log_schema import raw_names, score_names
from core.usecases import builtin
from tests.store.ledgers import ledger as ledger
from tests.store.ledgers import ledger_server as ledger_server
from tests.store.ledgers import place as place
from tests.store.shared_logs import assert_same, open_shared

AT = datetime(2026, 11, 21, 10, 0)
Draw = Callable[..., tuple[pa.Table, pa.Table]]


@pytest.fixture
def at() -> datetime:
    return AT


@pytest.fixture
def bnpl() -> UseCase:
    return builtin()["bnpl_default"]


@pytest.fixture(params=["file", "postgresql"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PredictionLog]:
    """A log of its own, then one whose home is in PostgreSQL; after the test home and copy hold the same."""
    path = tmp_path / "data" / "log.duckdb"
    if request.param == "file":
        opened = PredictionLog(path, memory_mb=128, threads=1)
        yield opened
    else:
        opened = open_shared(path, request.getfixturevalue("postgres_url"))
        yield opened
        assert_same(opened)
    opened.close()


def _column(column: Column, n_rows: int, rng: np.random.Generator, first: int) -> Array:
    kind, levels = column.kind, len(column.levels)
    if kind.is_text:
        return np.array([f"E{first + row:05d}" for row in range(n_rows)], dtype=object)
    if kind is Kind.TIME:
        return np.datetime64("2026-01-01", "us") + (first + np.arange(n_rows)) * np.timedelta64(3600, "s")
    if kind.is_coded:
        return rng.integers(0, levels, n_rows).astype(np.int16)
    if kind is Kind.YESNO:
        return rng.integers(0, 2, n_rows).astype(float)
    if kind is Kind.SET:
        return rng.integers(1, 1 << levels, n_rows)
    if kind is Kind.NUMBERS:
        return rng.integers(1, 90, (n_rows, column.width)).astype(float)
    return rng.integers(1, 90, n_rows).astype(float)


def draw_columns(use_case: UseCase, n_rows: int, first: int = 0, seed: int = 0) -> Columns:
    rng = np.random.default_rng(seed + first)
    return {item.name: _column(item, n_rows, rng, first) for item in use_case.schema}


def draw_chunk(
    use_case: UseCase, n_rows: int, first: int = 0, *, version: str = "v1", at: datetime = AT, seed: int = 0
) -> tuple[pa.Table, pa.Table]:
    """Rows and scores of `n_rows` rows, the first of which is the `first` of its file; one day apart by hour."""
    columns = draw_columns(use_case, n_rows, first, seed)
    rng = np.random.default_rng(seed + first)
    ids = prediction_ids(use_case, version, columns, {}, n_rows)
    raw, time = raw_table(use_case.schema, columns), use_case.schema.time
    stamp = pa.repeat(pa.scalar(at, pa.timestamp("us")), n_rows)
    rows = {
        "prediction_id": ids,
        "row_number": pa.array(first + 1 + np.arange(n_rows)),
        "entity": raw[use_case.entity] if use_case.entity else pa.array(np.arange(n_rows)).cast(pa.string()),
        "as_of": raw[time.name] if time else stamp,
        "scored_at": stamp,
        "decision": pa.repeat(use_case.policy.decisions[0], n_rows),
    }
    rows |= {stored: raw[name] for name, stored in raw_names(use_case).items()}
    bands = np.array(use_case.policy.band_names)
    scores = {"prediction_id": ids} | {stored: rng.random(n_rows) for stored in score_names(use_case).values()}
    scores |= {"consensus": rng.random(n_rows), "score": rng.random(n_rows), "rules_score": rng.random(n_rows)}
    scores |= {name: pa.array(rng.choice(bands, n_rows).tolist()) for name in ("band", "rules_band")}
    return pa.table(rows), pa.table(scores)


@pytest.fixture
def draw() -> Draw:
    return draw_chunk


@pytest.fixture
def columns_of() -> Callable[..., Columns]:
    return draw_columns
