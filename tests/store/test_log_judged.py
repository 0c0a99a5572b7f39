"""Predictions beside outcomes: what counts, what waits, what a file of outcomes meets."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from core.domain.usecase import UseCase
from core.store.log import PredictionLog
from core.store.log_outcomes import CONTRADICTS, MEETS, OTHER_TIME, REPEATS, UNKNOWN

DAY = timedelta(days=1)


def fill(log: PredictionLog, use_case: UseCase, draw: Any, at: datetime, version: str = "v1") -> tuple[str, pa.Table]:
    rows, scores = draw(use_case, 4, version=version)
    batch = log.start_batch(use_case, version=version, source="file", actor="Ada", at=at, decided_by="rules")
    log.append(use_case, batch, rows, scores)
    return batch.id, rows


def given(*facts: tuple[str, datetime | None, float, datetime | None]) -> pa.Table:
    entity, as_of, outcome, observed = zip(*facts, strict=True)
    stamp = pa.timestamp("us")
    return pa.table(
        {
            "row": list(range(1, len(facts) + 1)),
            "entity": entity,
            "as_of": pa.array(as_of, stamp),
            "outcome": outcome,
            "observed_at": pa.array(observed, stamp),
        }
    )


def test_each_outcome_meets_a_prediction_or_says_why_not(
    log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime
) -> None:
    _, rows = fill(log, bnpl, draw, at)
    when = rows["as_of"].to_pylist()
    found = log.match_outcomes(
        bnpl,
        given(
            ("E00000", None, 1.0, None),
            ("nobody", None, 1.0, None),
            ("E00001", when[1], 1.0, at),
            ("E00001", when[0], 1.0, at),
            ("E00000", None, 1.0, None),
            ("E00002", None, 1.0, at),
            ("E00002", None, 0.0, at),
            ("E00003", None, 1.0, at),
            ("E00003", None, 0.0, at + DAY),
        ),
    )
    assert found["status"].to_pylist() == [
        MEETS,
        UNKNOWN,
        MEETS,
        OTHER_TIME,
        REPEATS,
        CONTRADICTS,
        CONTRADICTS,
        MEETS,
        MEETS,
    ]
    assert found["n_times"].to_pylist()[:2] == [1, 0]


def test_a_known_outcome_keeps_the_time_it_was_seen(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> None:
    fill(log, bnpl, draw, at)
    log.append_outcomes(bnpl, given(("E00000", None, 1.0, at)).drop(["row"]), received_at=at)
    same = log.match_outcomes(bnpl, given(("E00000", None, 1.0, None)))
    other = log.match_outcomes(bnpl, given(("E00000", None, 0.0, None)))
    assert same["observed_at"].to_pylist() == [at]
    assert other["observed_at"].to_pylist() == [None]


def test_rows_beside_their_outcomes(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> None:
    _, rows = fill(log, bnpl, draw, at)
    last = rows["as_of"][3].as_py()
    log.append_outcomes(bnpl, given(("E00001", None, 1.0, last)).drop(["row"]), received_at=last + DAY)
    ripe = last + timedelta(days=bnpl.target.horizon_days)
    found = log.judged(bnpl, ripe - timedelta(seconds=1)).sort_by("as_of")
    assert found["mature"].to_pylist() == [True, True, True, False]
    assert found["outcome"].to_pylist() == [None, 1.0, None, None]
    assert found["decided_by"].to_pylist() == ["rules"] * 4
    assert found["decision"].to_pylist() == [0] * 4  # the first of the policy's
    assert found["entity"].null_count == 4
    assert set(bnpl.recipe.model_names) <= set(found.column_names)
    assert log.judged(bnpl, last)["outcome"].null_count == 4  # received a day later
    since = log.judged(bnpl, ripe, since=rows["as_of"][1].as_py()).sort_by("as_of")
    assert since["outcome"].to_pylist() == [1.0, None, None]


def test_repeated_entities_are_told_apart_from_single_ones(
    log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime
) -> None:
    fill(log, bnpl, draw, at)
    fill(log, bnpl, draw, at, version="v2")
    found = log.judged(bnpl, at + 400 * DAY)
    assert len(found) == 8
    assert len(set(found["entity"].to_pylist())) == 4


def test_voided_batches_leave_and_move_the_mark(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> None:
    before = log.water_mark(bnpl)
    batch_id, _ = fill(log, bnpl, draw, at)
    logged = log.water_mark(bnpl)
    log.void(batch_id, at, "Ada", "wrong month")
    assert len({before, logged, log.water_mark(bnpl)}) == 3
    assert log.judged(bnpl, at + 400 * DAY).num_rows == 0
    assert log.match_outcomes(bnpl, given(("E00000", None, 1.0, None)))["status"].to_pylist() == [UNKNOWN]


def test_a_quote_in_a_band_is_a_name(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> None:
    bands = (replace(bnpl.policy.bands[0], name="O'Hara"), *bnpl.policy.bands[1:])
    odd = replace(bnpl, key="odd", policy=replace(bnpl.policy, bands=bands), shadow_view=None)
    fill(log, odd, draw, at)
    assert set(log.judged(odd, at + 400 * DAY)["band"].to_pylist()) <= {0, 1, 2}
