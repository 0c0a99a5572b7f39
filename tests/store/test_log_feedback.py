"""What was said of a score is kept, counted once per person and thing, and goes with the rows it is about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from core.domain.usecase import UseCase
from core.store.log import PredictionLog
from core.store.log_batches import Batch
from core.store.log_feedback import FeedbackRow
from core.store.log_simulated import SIMULATED

Draw = Callable[..., tuple[pa.Table, pa.Table]]


def append(
    log: PredictionLog, bnpl: UseCase, draw: Draw, at: datetime, first: int = 0, source: str = "file"
) -> tuple[Batch, list[str], list[str]]:
    """Ten logged rows: their batch, ids and bands."""
    batch = log.start_batch(bnpl, version="v1", source=source, actor="Ada", at=at)
    rows, scores = draw(bnpl, 10, first)
    log.append(bnpl, batch, rows, scores)
    return batch, rows["prediction_id"].to_pylist(), scores["band"].to_pylist()


def said(prediction_id: str, at: datetime, kind: str, actor: str = "Sam", **facts: object) -> FeedbackRow:
    return FeedbackRow(prediction_id, at, actor, "sales", kind, **facts)  # type: ignore[arg-type]


def test_the_latest_of_one_person_counts_and_the_history_stays(
    log: PredictionLog, bnpl: UseCase, draw: Draw, at: datetime
) -> None:
    _, ids, bands = append(log, bnpl, draw, at)
    minute = timedelta(minutes=1)
    log.append_feedback(bnpl, said(ids[0], at, "agree"))
    log.append_feedback(bnpl, said(ids[0], at + minute, "disagree"))
    log.append_feedback(bnpl, said(ids[0], at + minute, "agree", actor="Ana"))
    log.append_feedback(bnpl, said(ids[0], at + minute, "agree", about="amount"))
    log.append_feedback(bnpl, said(ids[1], at, "agree"))
    log.append_feedback(bnpl, said(ids[1], at + minute, "withdrawn"))
    history = log.feedback_of(bnpl, ids[0]).to_pylist()
    told = {(row["actor"], row["kind"], row["about"], row["counts"]) for row in history}
    assert told == {
        ("Sam", "disagree", None, True),
        ("Sam", "agree", "amount", True),
        ("Sam", "agree", None, False),
        ("Ana", "agree", None, True),
    }
    counted = {(row["band"], row["about"]): (row["n"], row["n_agree"]) for row in log.feedback_counts(bnpl).to_pylist()}
    assert counted == {(bands[0], None): (2, 1), (bands[0], "amount"): (1, 1)}


def test_two_answers_within_one_tick_of_the_clock_count_once(
    log: PredictionLog, bnpl: UseCase, draw: Draw, at: datetime
) -> None:
    _, ids, _ = append(log, bnpl, draw, at)
    log.append_feedback(bnpl, said(ids[0], at, "agree"))
    log.append_feedback(bnpl, said(ids[0], at, "disagree"))
    assert log.feedback_counts(bnpl).to_pylist()[0] | {"band": ""} == {
        "band": "",
        "version": "v1",
        "about": None,
        "n": 1,
        "n_agree": 0,
    }


def test_days_to_the_first_contact_by_band(log: PredictionLog, bnpl: UseCase, draw: Draw, at: datetime) -> None:
    _, ids, bands = append(log, bnpl, draw, at)
    days = {prediction: place for place, prediction in enumerate(ids)}
    for prediction, wait in days.items():
        on = at.date() + timedelta(days=wait)
        log.append_feedback(bnpl, said(prediction, at, "contacted", contacted_on=on + timedelta(days=9)))
        log.append_feedback(bnpl, said(prediction, at + timedelta(hours=1), "contacted", contacted_on=on))
        log.append_feedback(bnpl, said(prediction, at, "contacted", actor="Ana", contacted_on=on + timedelta(days=3)))
    for row in log.time_to_contact(bnpl).to_pylist():
        waited = sorted(days[prediction] for prediction, band in zip(ids, bands, strict=True) if band == row["band"])
        middle = len(waited) // 2
        expected = waited[middle] if len(waited) % 2 else (waited[middle - 1] + waited[middle]) / 2
        assert (row["n"], row["median"]) == (len(waited), expected)
        assert row["lower"] <= row["median"] <= row["upper"]


def test_voided_rows_leave_every_figure(log: PredictionLog, bnpl: UseCase, draw: Draw, at: datetime) -> None:
    batch, ids, _ = append(log, bnpl, draw, at)
    log.append_feedback(bnpl, said(ids[0], at, "agree"))
    log.append_feedback(bnpl, said(ids[0], at, "contacted", contacted_on=at.date()))
    log.append_view(bnpl, ids[0], at, "Sam", "sales", "why")
    figures = (log.feedback_counts, log.time_to_contact)
    assert [len(figure(bnpl)) for figure in figures] == [1, 1]
    assert len(log.views_before_outcome(bnpl, at)) == 1
    log.void(batch.id, at, "Ada", "wrong file")
    assert [len(figure(bnpl)) for figure in figures] == [0, 0]
    assert len(log.views_before_outcome(bnpl, at)) == 0
    assert len(log.feedback_of(bnpl, ids[0])) == 2


def test_a_view_comes_before_the_outcome_or_after_it(
    log: PredictionLog, bnpl: UseCase, draw: Draw, at: datetime
) -> None:
    batch = log.start_batch(bnpl, version="v1", source="file", actor="Ada", at=at)
    rows, scores = draw(bnpl, 3)
    log.append(bnpl, batch, rows, scores)
    ids, day = rows["prediction_id"].to_pylist(), timedelta(days=1)
    outcomes = {"entity": rows["entity"].to_pylist()[:2], "outcome": [1.0, 0.0], "observed_at": [at, at]}
    log.append_outcomes(bnpl, pa.table(outcomes), received_at=at)
    for prediction, seen_at in zip(ids, (at - day, at + day, at + day), strict=True):
        log.append_view(bnpl, prediction, seen_at, "Sam", "sales", "why")
    log.append_view(bnpl, ids[0], at + day, "Sam", "sales", "why")
    found = {
        row["prediction_id"]: row["before_outcome"] for row in log.views_before_outcome(bnpl, at + day).to_pylist()
    }
    assert found == {ids[0]: True, ids[1]: False, ids[2]: True}
    assert len(log.views_before_outcome(bnpl, at - day)) == 1


def test_clearing_takes_what_was_said_of_simulated_rows_and_nothing_else(
    log: PredictionLog, bnpl: UseCase, draw: Draw, at: datetime
) -> None:
    _, real, _ = append(log, bnpl, draw, at)
    _, drawn, _ = append(log, bnpl, draw, at, first=100, source=SIMULATED)
    for prediction in (real[0], drawn[0]):
        log.append_feedback(bnpl, said(prediction, at, "agree"))
        log.append_view(bnpl, prediction, at, "Sam", "sales", "why")
    log.clear_simulated()
    assert len(log.feedback_of(bnpl, drawn[0])) == 0
    assert len(log.feedback_of(bnpl, real[0])) == 1
    left = log._cursor().execute("SELECT replace(prediction_id::VARCHAR, '-', '') FROM bnpl_default.views").fetchall()
    assert left == [(real[0],)]


def test_feedback_of_a_row_that_was_brought_as_well_survives_the_simulation(
    log: PredictionLog, bnpl: UseCase, draw: Draw, at: datetime
) -> None:
    batch, ids, _ = append(log, bnpl, draw, at, source=SIMULATED)
    log.void(batch.id, at, "Ada", "brought for real")
    append(log, bnpl, draw, at)
    log.append_feedback(bnpl, said(ids[0], at, "agree"))
    log.clear_simulated()
    assert len(log.feedback_of(bnpl, ids[0])) == 1


@pytest.mark.parametrize("table", ["views", "feedback"])
def test_an_existing_file_gets_the_tables(tmp_path: Path, bnpl: UseCase, draw: Draw, at: datetime, table: str) -> None:
    path = tmp_path / "log.duckdb"
    first = PredictionLog(path, memory_mb=128, threads=1)
    _, ids, _ = append(first, bnpl, draw, at, source=SIMULATED)
    first.close()
    with duckdb.connect(str(path)) as older:
        older.execute(f"DROP TABLE bnpl_default.{table}")
    second = PredictionLog(path, memory_mb=128, threads=1)
    second.ensure(bnpl)
    second.append_view(bnpl, ids[0], at, "Sam", "sales", "why")
    second.append_feedback(bnpl, said(ids[0], at, "contacted", contacted_on=date(2026, 11, 22)))
    assert second.time_to_contact(bnpl).to_pylist()[0]["median"] == 1
    second.close()
    with duckdb.connect(str(path)) as older:
        older.execute(f"DROP TABLE bnpl_default.{table}")
    third = PredictionLog(path, memory_mb=128, threads=1)
    assert third.clear_simulated() == {"bnpl_default": 10}  # of a file that has never seen the table
    third.close()
