"""What the watch asks of the log: the newest rows, their gaps and new levels, uploads with what was refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.domain.usecase import UseCase
from core.store.log import PredictionLog

HOUR = timedelta(hours=1)


def append(log: PredictionLog, use_case: UseCase, rows: pa.Table, scores: pa.Table, at: datetime, **facts: Any) -> str:
    batch = log.start_batch(use_case, version="v1", source=facts.pop("source", "file"), actor="Ana", at=at)
    log.append(use_case, batch, rows, scores)
    log.note_refused(batch, facts.pop("refused", {}))
    log.finish_batch(batch, state="done", at=at, n_rows=len(rows) + 7, n_rejected=7)
    return batch.id


def with_column(rows: pa.Table, name: str, values: Any) -> pa.Table:
    return (
        rows.drop([name]).append_column(name, values) if name in rows.column_names else rows.append_column(name, values)
    )


def test_gaps_and_new_levels_of_the_newest_rows(
    log: PredictionLog, bnpl: UseCase, draw: Callable[..., tuple[pa.Table, pa.Table]], at: datetime
) -> None:
    old, old_scores = draw(bnpl, 40, at=at - 5 * HOUR)
    new, new_scores = draw(bnpl, 30, first=100, at=at)
    every_third = pa.array([place % 3 == 0 for place in range(30)])
    amounts = pc.if_else(every_third, pa.scalar(None, pa.float64()), new["amount"].combine_chunks())
    new = with_column(new, "amount", amounts)
    devices = ["Fridge" if place < 12 else "Watch" if place < 15 else "phone" for place in range(30)]
    new = with_column(new, "device_type", pa.array(devices))
    new = with_column(
        new, "other", pa.array(["device_type payment_provider" if place < 15 else "" for place in range(30)])
    )
    append(log, bnpl, old, old_scores, at - 5 * HOUR)
    wrong = append(log, bnpl, *draw(bnpl, 50, first=500, at=at), at)
    log.void(wrong, at, "Ana", "wrong file")
    append(log, bnpl, new, new_scores, at)
    assert log.newest_since(bnpl, 30, at - 9 * HOUR, at) == at
    assert log.newest_since(bnpl, 31, at - 9 * HOUR, at) == at - 5 * HOUR
    assert log.newest_since(bnpl, 31, at - 4 * HOUR, at) == at
    assert log.newest_since(bnpl, 31, at - 4 * HOUR, at - HOUR) is None
    n_rows, last, gaps = log.gaps(bnpl, ["amount", "device_type"], at, at)
    assert (n_rows, last, gaps) == (30, at, {"amount": 10, "device_type": 0})
    assert log.gaps(bnpl, ["amount"], at - 9 * HOUR, at)[0] == 70
    assert log.unseen(bnpl, "device_type", at, at) == {"Fridge": 12, "Watch": 3}
    assert log.unseen(bnpl, "product_category", at, at) == {}


def test_what_was_refused_and_simulated_rows(
    log: PredictionLog, bnpl: UseCase, draw: Callable[..., tuple[pa.Table, pa.Table]], at: datetime
) -> None:
    refused = {("device_type", "type", "Fridge"): 5, ("amount", "required", ""): 2}
    append(log, bnpl, *draw(bnpl, 3, at=at), at, refused=refused)
    append(log, bnpl, *draw(bnpl, 3, first=10, at=at), at, refused=refused, source="simulated")
    uploads = log.uploads(bnpl, at - HOUR, at)
    assert (uploads.n_uploads, uploads.n_rows, uploads.n_rejected) == (2, 20, 14)
    assert log.refused(bnpl, at - HOUR, at) == {key: 2 * n for key, n in refused.items()}
    assert log.refused(bnpl, at, at + HOUR) == {}
    assert log.refused(replace(bnpl, key="other_case", shadow_view=None), at - HOUR, at) == {}
    assert log.simulated_use_cases() == {"bnpl_default"}
    log.clear_simulated()
    assert log.refused(bnpl, at - HOUR, at) == refused
    assert log.simulated_use_cases() == frozenset()
