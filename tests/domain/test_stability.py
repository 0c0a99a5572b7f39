"""How many decisions change under one per cent of noise: the array way agrees with a loop over rows."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.columns import Array, Column, Columns, Kind
from core.domain.metrics.intervals import wilson
from core.domain.schema import Schema
from core.domain.stability import NOISE, changed_share, shaken

SCHEMA = Schema(
    (
        Column("id", Kind.ID),
        Column("amount", Kind.NUMBER),
        Column("visits", Kind.COUNT, minimum=0, maximum=40),
        Column("paid", Kind.NUMBERS, width=3),
        Column("known", Kind.YESNO),
        Column("city", Kind.CATEGORY, levels=("a", "b")),
    )
)


def rows(n_rows: int, seed: int = 3) -> Columns:
    rng = np.random.default_rng(seed)
    return {
        "id": np.array([str(n) for n in range(n_rows)], dtype=object),
        "amount": np.where(rng.random(n_rows) < 0.1, np.nan, rng.normal(100, 5, n_rows)),
        "visits": rng.integers(0, 41, n_rows).astype(np.float64),
        "paid": rng.normal(10, 1, (n_rows, 3)),
        "known": rng.integers(0, 2, n_rows).astype(np.float64),
        "city": rng.integers(0, 2, n_rows).astype(np.int16),
    }


def decide(columns: Columns, n_rows: int) -> Array:
    index = np.nan_to_num(columns["amount"], nan=100.0) + columns["visits"] / 10 + columns["paid"].sum(axis=1)
    return np.digitize(index, [125, 130, 135])


def test_it_agrees_with_a_loop_over_rows() -> None:
    columns = rows(2_000)
    found = changed_share(SCHEMA, columns, decide, 2_000, seed=11)
    moved = shaken(SCHEMA, columns, seed=11)
    changed = 0
    for row in range(2_000):
        before = decide({name: values[row : row + 1] for name, values in columns.items()}, 1)
        after = decide({name: values[row : row + 1] for name, values in moved.items()}, 1)
        changed += int(before[0] != after[0])
    assert 50 < changed < 1_000
    assert found.value == changed / 2_000
    assert (found.low, found.high) == pytest.approx(wilson(changed, 2_000))


def test_only_numbers_move_and_by_no_more_than_the_noise() -> None:
    columns = rows(3_000)
    moved = shaken(SCHEMA, columns, seed=5)
    for name in ("id", "known", "city"):
        assert moved[name] is columns[name]
    for name in ("amount", "paid"):
        ratio = moved[name] / columns[name] - 1
        assert np.nanmax(np.abs(ratio)) <= NOISE + 1e-12
        assert np.nanmax(ratio) > 0.9 * NOISE
        assert np.nanmin(ratio) < -0.9 * NOISE
        assert (np.isnan(moved[name]) == np.isnan(columns[name])).all()
    assert moved["visits"].max() <= 40
    assert moved["visits"].min() >= 0


def test_the_seed_decides() -> None:
    columns = rows(100)
    again, other = shaken(SCHEMA, columns, seed=1), shaken(SCHEMA, columns, seed=2)
    assert (shaken(SCHEMA, columns, seed=1)["paid"] == again["paid"]).all()
    assert (again["paid"] != other["paid"]).any()


def test_a_decision_that_looks_at_no_number_never_changes() -> None:
    found = changed_share(SCHEMA, rows(500), lambda columns, n_rows: columns["city"], 500, seed=1)
    assert (found.value, found.low) == (0.0, 0.0)
    assert 0 < found.high < 0.01
