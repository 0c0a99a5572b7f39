from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.domain.columns import Column, Kind
from core.domain.schema import Schema
from core.domain.usecase import Target, Task, UseCase
from core.errors import InputError, UnknownName
from core.store.log import PredictionLog
from core.store.log_batches import Batch
from core.store.log_schema import raw_names, score_names


def start(log: PredictionLog, use_case: UseCase, at: datetime, **facts: Any) -> Batch:
    return log.start_batch(use_case, **({"version": "v1", "source": "file", "actor": "Ada", "at": at} | facts))


def test_what_was_logged_comes_back_as_it_was(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> None:
    rows, scores = draw(bnpl, 50)
    batch = start(log, bnpl, at, filename="week.csv", file_sha256="ab", decided_by="rules")
    assert log.append(bnpl, batch, rows, scores).all()
    page = log.page(bnpl, batch.id, 0, 100)
    assert page["row_number"].to_pylist() == list(range(1, 51))
    for table in (rows, scores):
        for name in table.column_names:
            assert page[name].to_pylist() == table[name].to_pylist(), name
    assert set(page["version"].to_pylist()) == {"v1"} and set(page["role"].to_pylist()) == {"acting"}


def test_a_row_is_logged_once_however_often_it_comes(
    log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime
) -> None:
    rows, scores = draw(bnpl, 40)
    batch = start(log, bnpl, at)
    twice = [pa.concat_tables([table, table.slice(0, 5)]) for table in (rows, scores)]
    assert log.append(bnpl, batch, *twice).tolist() == [True] * 40 + [False] * 5
    again = start(log, bnpl, at)
    more_rows, more_scores = draw(bnpl, 10, 40)
    mixed = pa.concat_tables([rows.slice(30), more_rows]), pa.concat_tables([scores.slice(30), more_scores])
    assert log.append(bnpl, again, *mixed).tolist() == [False] * 10 + [True] * 10
    assert not log.append(bnpl, again, rows.slice(7, 1), scores.slice(7, 1))[0]
    log.finish_batch(again, state="done", at=at, n_rows=21, n_rejected=0)
    assert log.counts(bnpl).total == 50
    assert sum(log.by_band(bnpl).values()) == 50
    facts = log.batch_facts(again.id)
    assert (facts["n_logged"], facts["n_known"], facts["n_rows"], facts["state"]) == (10, 11, 21, "done")
    logged = log.scan(bnpl, ["prediction_id", "ridge"])
    assert logged.num_rows == 50
    by_id = dict(zip(logged["prediction_id"].to_pylist(), logged["ridge"].to_pylist(), strict=True))
    given = dict(zip(scores["prediction_id"].to_pylist(), scores["ridge"].to_pylist(), strict=True))
    assert all(by_id[key] == value for key, value in given.items())


def test_another_version_of_the_same_rows_is_new(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> None:
    log.append(bnpl, start(log, bnpl, at), *draw(bnpl, 5))
    assert log.append(bnpl, start(log, bnpl, at, version="v2"), *draw(bnpl, 5, version="v2")).all()
    history = log.by_entity(bnpl, "E00003")
    assert sorted(history["version"].to_pylist()) == ["v1", "v2"]


def test_a_voided_batch_leaves_every_figure_and_may_come_again(
    log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime
) -> None:
    kept, wrong = start(log, bnpl, at), start(log, bnpl, at)
    log.append(bnpl, kept, *draw(bnpl, 3))
    rows, scores = draw(bnpl, 20, 3)
    log.append(bnpl, wrong, rows, scores)
    log.void(wrong.id, at, "Ada", "last year's file")
    assert log.counts(bnpl, since=at - timedelta(days=1)).total == 3
    assert sum(log.by_band(bnpl).values()) == 3
    assert log.score_histogram(bnpl, [0, 0.5, 1]).sum() == 3
    assert log.scan(bnpl, ["ridge"]).num_rows == log.latest(bnpl).num_rows == log.shadow(bnpl, at).num_rows == 3
    assert log.by_entity(bnpl, "E00005").num_rows == 0
    assert log.prediction(bnpl, rows["prediction_id"][0].as_py()).num_rows == 0
    assert log.mean_score_by_day(bnpl, days=2, until=at) == [pytest.approx(np.mean(draw(bnpl, 3)[1]["score"]))]
    facts = log.batch_facts(wrong.id)
    assert facts["voided"] and facts["void_reason"] == "last year's file" and facts["n_logged"] == 20
    with pytest.raises(InputError, match="voided already"):
        log.void(wrong.id, at, "Ada", "again")
    again = start(log, bnpl, at)
    assert log.append(bnpl, again, rows.slice(0, 1), scores.slice(0, 1)).all()
    assert log.append(bnpl, again, rows, scores).tolist() == [False] + [True] * 19
    assert log.counts(bnpl).total == 23
    assert log.by_entity(bnpl, "E00005").num_rows == 1


def test_single_rows_of_a_day_share_a_batch(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> None:
    def batch(**changes: Any) -> Batch:
        facts = {"version": "v1", "source": "page", "actor": "Ada", "at": at, "decided_by": "rules"} | changes
        return log.batch_for(bnpl, **facts)

    first = batch()
    assert batch(at=at + timedelta(hours=3)) == first
    log._days.clear()  # as after a restart
    assert batch() == first
    others = [batch(at=at + timedelta(days=1)), batch(version="v2"), batch(actor="Bob"), batch(source="api")]
    assert len({first.number, *(other.number for other in others)}) == 5
    log.append(bnpl, first, *draw(bnpl, 1))
    log.void(first.id, at, "Ada", "a test")
    assert batch().number != first.number
    log._days.clear()
    assert batch().number != first.number


def test_batches_are_told_newest_first(log: PredictionLog, bnpl: UseCase, at: datetime) -> None:
    lead = replace(bnpl, key="other_case", shadow_view=None)
    made = [start(log, use_case, at, filename=f"{place}.csv") for place, use_case in enumerate((bnpl, lead, bnpl))]
    log.finish_batch(made[0], state="cancelled", at=at, n_rows=7, n_rejected=2)
    assert [facts["filename"] for facts in log.latest_batches(bnpl)] == ["2.csv", "0.csv"]
    assert [facts["use_case"] for facts in log.latest_batches()] == ["bnpl_default", "other_case", "bnpl_default"]
    assert [facts["state"] for facts in log.latest_batches(bnpl)] == ["started", "cancelled"]
    with pytest.raises(UnknownName, match="batch 'nothing'"):
        log.void("nothing", at, "Ada", "x")


def test_times_with_a_zone_are_kept_in_utc(log: PredictionLog, bnpl: UseCase, at: datetime) -> None:
    batch = start(log, bnpl, at.replace(tzinfo=UTC))
    assert log.batch_facts(batch.id)["created_at"] == at


def test_histogram_and_counts_agree_with_numpy(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> None:
    rows, scores = draw(bnpl, 500)
    batch = start(log, bnpl, at)
    log.append(bnpl, batch, rows, scores)
    log.append(bnpl, start(log, bnpl, at), *draw(bnpl, 30, 500, at=at - timedelta(days=9)))
    edges = np.linspace(0.0, 1.0, 21)
    for model in ("score", "elastic"):
        expected = np.histogram(scores[model].to_numpy(), edges)[0]
        assert log.score_histogram(bnpl, edges.tolist(), batch.id, model).tolist() == expected.tolist()
    beyond = log.score_histogram(bnpl, [0.4, 0.5, 0.6], batch.id)
    assert beyond.tolist() == [
        int((scores["score"].to_numpy() < 0.5).sum()),
        int((scores["score"].to_numpy() >= 0.5).sum()),
    ]
    expected_bands = {band: scores["band"].to_pylist().count(band) for band in bnpl.policy.band_names}
    assert log.by_band(bnpl, batch.id) == expected_bands
    counts = log.counts(bnpl, since=at - timedelta(days=1))
    assert (counts.total, counts.recent, counts.last_scored_at) == (530, 500, at)
    assert len(log.mean_score_by_day(bnpl, days=30, until=at)) == 2
    assert len(log.mean_score_by_day(bnpl, days=5, until=at)) == 1


def test_a_page_follows_the_file(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> None:
    batch = start(log, bnpl, at)
    for first in (60, 0, 30):
        log.append(bnpl, batch, *draw(bnpl, 30, first))
    page = log.page(bnpl, batch.id, offset=25, limit=10)
    assert page["row_number"].to_pylist() == list(range(26, 36))
    assert log.page(bnpl, "no such batch").num_rows == 0


def test_scan_keeps_to_its_window_and_its_columns(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> None:
    rows, scores = draw(bnpl, 48)
    log.append(bnpl, start(log, bnpl, at), rows, scores)
    found = log.scan(bnpl, ["as_of", "amount", "ridge"], since=datetime(2026, 1, 2), until=datetime(2026, 1, 2, 12))
    assert found.column_names == ["as_of", "amount", "ridge"]
    assert sorted(found["as_of"].to_pylist()) == rows["as_of"].to_pylist()[24:36]
    assert log.scan(bnpl, ["ridge"], role="shadow").num_rows == 0
    for name in ("amonut", '"; DROP TABLE batches; --'):
        with pytest.raises(UnknownName):
            log.scan(bnpl, [name])


def test_a_prediction_is_found_by_its_id(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> None:
    rows, scores = draw(bnpl, 9)
    log.append(bnpl, start(log, bnpl, at), rows, scores)
    wanted = rows["prediction_id"][4].as_py()
    found = log.prediction(bnpl, wanted)
    assert found["entity"].to_pylist() == ["E00004"] and found["prediction_id"].to_pylist() == [wanted]
    for stranger in ("0" * 32, "' OR 1=1 --", "", wanted[:31], "z" * 32):
        assert log.prediction(bnpl, stranger).num_rows == 0


def test_a_use_case_may_grow(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> None:
    log.append(bnpl, start(log, bnpl, at), *draw(bnpl, 4))
    mood = Column("mood", Kind.NUMBER)
    wider = replace(bnpl, schema=Schema((*bnpl.schema.columns, mood)))
    log.append(wider, start(log, wider, at), *draw(wider, 3, 4))
    assert log.scan(wider, ["mood"])["mood"].null_count == 4
    text = replace(wider, schema=Schema((*bnpl.schema.columns, replace(mood, kind=Kind.TEXT))))
    log.append(text, start(log, text, at), *draw(text, 2, 7))
    assert log.scan(text, ["mood"])["mood"].type == pa.string()
    assert log.counts(text).total == 9


def test_columns_named_like_the_logs_own_are_kept_apart(
    log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime
) -> None:
    names = ("transaction_id", "decision", "Score", "ridge", "amount", "AMOUNT", 'quo"te', "batch")
    schema = Schema((*(Column(name, Kind.TEXT) for name in names), Column("as_of", Kind.TIME)))
    odd = replace(bnpl, key='odd "key"', schema=schema, shadow_view=None)
    stored = raw_names(odd)
    assert stored["amount"] == "amount" and stored["AMOUNT"] == "AMOUNT:2" and stored["decision"] == "decision:2"
    rows, scores = draw(odd, 3)
    log.append(odd, start(log, odd, at), rows, scores)
    latest = log.latest(odd).sort_by("row_number")
    assert latest[stored["decision"]].to_pylist() == ["E00000", "E00001", "E00002"]
    assert latest["decision"].to_pylist() == ["decline"] * 3
    assert latest["ridge"].to_pylist() == scores["ridge"].to_pylist()


def test_classes_have_a_column_per_model_and_class(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> None:
    target = Target("performance", ("Low", "Medium", "High"))
    ranked = replace(bnpl, key="ranked", task=Task.MULTICLASS, target=target, shadow_view=None)
    assert score_names(ranked)["ridge:Low"] == "ridge:Low"
    log.append(ranked, start(log, ranked, at), *draw(ranked, 6))
    assert log.scan(ranked, ["ridge", "ridge:Low", "ensemble:High"]).num_rows == 6


def test_an_empty_log_answers(log: PredictionLog, bnpl: UseCase, at: datetime) -> None:
    assert log.counts(bnpl).total == 0 and log.counts(bnpl).last_scored_at is None
    assert log.by_band(bnpl) == {} and log.latest_batches(bnpl) == []
    assert log.mean_score_by_day(bnpl, days=30, until=at) == []
    assert log.latest(bnpl).num_rows == log.shadow(bnpl, at).num_rows == 0
    assert log.score_histogram(bnpl, [0, 1]).tolist() == [0]


def test_it_is_all_there_after_a_restart(tmp_path: Path, bnpl: UseCase, draw: Any, at: datetime) -> None:
    path = tmp_path / "log.duckdb"
    first = PredictionLog(path, 128, 1)
    rows, scores = draw(bnpl, 12)
    batch = start(first, bnpl, at)
    first.append(bnpl, batch, rows, scores)
    first.close()
    second = PredictionLog(path, 128, 1)
    assert second.counts(bnpl).total == 12
    assert not second.append(bnpl, start(second, bnpl, at), rows, scores).any()
    assert start(second, bnpl, at).number > batch.number
    second.close()


def test_threads_may_append_the_same_rows(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> None:
    chunks = [draw(bnpl, 20, first) for first in range(0, 100, 10)]  # each overlaps the next by half
    lead = replace(bnpl, key="other_case", shadow_view=None)

    def work(use_case: UseCase, mine: list[Any]) -> int:
        new = 0
        for rows, scores in mine:
            batch = log.batch_for(use_case, "v1", "api", threading.current_thread().name, at)
            new += int(log.append(use_case, batch, rows, scores).sum())
            log.by_band(use_case)
            log.latest(use_case, 5)
        return new

    jobs = [(bnpl, chunks), (bnpl, chunks[::-1]), (bnpl, chunks[3:]), (lead, chunks)]
    with ThreadPoolExecutor(4) as pool:
        new = list(pool.map(lambda job: work(*job), jobs))
    ids = {key for rows, _ in chunks for key in rows["prediction_id"].to_pylist()}
    assert log.counts(bnpl).total == log.counts(lead).total == len(ids)
    assert sum(new) == 2 * len(ids)
    found = log.scan(bnpl, ["prediction_id"])["prediction_id"].to_pylist()
    assert len(found) == len(ids) and set(found) == ids


def test_a_chunk_that_fails_leaves_nothing(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> None:
    rows, scores = draw(bnpl, 5)
    batch = start(log, bnpl, at)
    with pytest.raises(Exception, match="stranger"):
        log.append(bnpl, batch, rows, scores.append_column("stranger", pa.array([1.0] * 5)))
    assert log.counts(bnpl).total == 0 and log.by_band(bnpl) == {}
    assert log.append(bnpl, batch, rows, scores).all()


def test_the_log_reads_no_files(log: PredictionLog, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with pytest.raises(Exception, match="disabled"):
        log._rows(f"SELECT * FROM read_csv('{secret}')")
    with pytest.raises(Exception, match="locked"):
        log._rows("SET enable_external_access = true")


def test_feature_counts_add_up_by_day(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> None:
    day = pa.array([at.date(), at.date()], pa.date32())
    counts = pa.table({"day": day, "feature": ["amount", "amount"], "bin": [0, 3], "n": [5, 7]})
    kept, wrong = start(log, bnpl, at), start(log, bnpl, at)
    rows, scores = draw(bnpl, 9)
    for batch, part in ((kept, 0), (wrong, 1), (kept, 2), (kept, 2)):  # the last chunk is known already
        places = slice(3 * part, 3 * part + 3)
        log.append(bnpl, batch, rows[places], scores[places], count=lambda new: counts if new.all() else counts[:0])
    log.void(wrong.id, at, "Ada", "wrong")
    found = log.feature_counts(bnpl, since=at - timedelta(days=1), until=at + timedelta(days=1))
    assert found.to_pylist() == [
        {"day": at.date(), "version": "v1", "feature": "amount", "bin": 0, "n": 10},
        {"day": at.date(), "version": "v1", "feature": "amount", "bin": 3, "n": 14},
    ]


def test_lists_and_sets_come_back_as_they_were(log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime) -> None:
    lists = Column("paid", Kind.NUMBERS, width=3), Column("services", Kind.SET, levels=("audit", "tax"))
    wider = replace(bnpl, schema=replace(bnpl.schema, columns=bnpl.schema.columns + lists))
    for n_rows, first in ((5, 0), (1, 5)):  # a chunk and a single row take different ways in
        rows, scores = draw(wider, n_rows, first)
        batch = start(log, wider, at)
        assert log.append(wider, batch, rows, scores).all()
        found = log.page(wider, batch.id).to_pylist()
        assert [(row["paid"], row["services"]) for row in found] == list(
            zip(rows["paid"].to_pylist(), rows["services"].to_pylist(), strict=True)
        )


def test_a_number_that_becomes_a_list_is_kept_as_text(
    log: PredictionLog, bnpl: UseCase, draw: Any, at: datetime
) -> None:
    for kind in (Kind.NUMBER, Kind.NUMBERS):
        columns = (*bnpl.schema.columns, Column("paid", kind, width=2))
        edited = replace(bnpl, schema=replace(bnpl.schema, columns=columns))
        rows, scores = draw(edited, 3, 10 * len(kind))
        batch = start(log, edited, at)
        assert log.append(edited, batch, rows, scores).all()
    assert all(isinstance(row["paid"], str) for row in log.page(edited, batch.id).to_pylist())
