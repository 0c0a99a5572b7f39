"""Looking single predictions up, as somebody who holds an id would."""

from __future__ import annotations

import pyarrow as pa

from core.domain.usecase import UseCase
from core.store.log import PredictionLog
from tests.store.conftest import AT, draw_chunk


def logged(log: PredictionLog, use_case: UseCase, n_rows: int = 40, void: bool = False) -> pa.Table:
    rows, scores = draw_chunk(use_case, n_rows)
    batch = log.start_batch(use_case, version="v1", source="page", actor="Ana", at=AT, decided_by="rules")
    log.append(use_case, batch, rows, scores)
    if void:
        log.void(batch.id, AT, "Ana", "wrong file")
    return rows


def test_every_beginning_of_an_id_finds_it(log: PredictionLog, bnpl: UseCase) -> None:
    ids = logged(log, bnpl, 300)["prediction_id"].to_pylist()
    for one in ids[:20]:
        for length in (1, 6, 31, 32):
            found = log.predictions_by_id(bnpl, one[:length].upper(), 300)["prediction_id"].to_pylist()
            assert sorted(found) == sorted(other for other in ids if other.startswith(one[:length]))


def test_what_is_no_beginning_of_an_id_finds_nothing(log: PredictionLog, bnpl: UseCase) -> None:
    logged(log, bnpl)
    for text in ("", "xyz", "' OR 1=1 --", "0" * 33):
        assert log.predictions_by_id(bnpl, text).num_rows == 0


def test_a_row_says_who_decided_and_by_which_version(log: PredictionLog, bnpl: UseCase) -> None:
    entity = logged(log, bnpl)["entity"][0].as_py()
    (row,) = log.predictions_of(bnpl, entity).to_pylist()
    assert (row["decided_by"], row["version"], row["voided"]) == ("rules", "v1", False)
    raw = log.logged_row(bnpl, row["prediction_id"], row["batch"]).to_pylist()[0]
    assert raw[bnpl.entity or ""] == entity


def test_a_voided_prediction_is_found_and_marked_and_comes_after_the_one_that_counts(
    log: PredictionLog, bnpl: UseCase
) -> None:
    entity = logged(log, bnpl, void=True)["entity"][0].as_py()
    assert [row["voided"] for row in log.predictions_of(bnpl, entity).to_pylist()] == [True]
    logged(log, bnpl)
    assert [row["voided"] for row in log.predictions_of(bnpl, entity).to_pylist()] == [False, True]


def test_entities_written_nearly_so_are_named_the_nearest_first(log: PredictionLog, bnpl: UseCase) -> None:
    logged(log, bnpl)
    assert log.near_entities(bnpl, " e00007 ")[0] == "E00007"
    assert log.near_entities(bnpl, "E0007")[0] == "E00007"
    assert log.near_entities(bnpl, "quite another") == []
