"""Intervals all the way: one row, a file, the log, an adopted case; the same bits everywhere."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from core.domain.usecase import Task
from core.services import batches
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.adoption import AdoptOptions, adopt
from core.services.desk import Desk
from core.services.scoring import sample_rows, score_one
from core.usecases import builtin

VALUES = [key for key, use_case in builtin().items() if use_case.task is Task.REGRESSION]
CLASSES = [key for key, use_case in builtin().items() if use_case.task is not Task.REGRESSION]


@pytest.mark.parametrize("key", VALUES)
def test_a_row_has_the_same_interval_alone_in_a_file_and_in_the_log(
    desk: Desk, analyst: Actor, tmp_path: Path, key: str
) -> None:
    use_case = desk.use_case(key)
    assert use_case.synthesize is not None
    rows = use_case.synthesize(300, 5)
    path = tmp_path / "rows.csv"
    arrow_csv.write_csv(rows.select([name for name in rows.column_names if name in use_case.schema]), path)
    state = desk.jobs.wait(batches.submit(desk, analyst, key, path), 60)
    assert state.state == "done", state.message
    scored = parquet.read_table(state.result["files"]["parquet"])
    with Path(state.result["files"]["csv"]).open(newline="") as stream:
        texts = list(csv.DictReader(stream))
    found = desk.log._cursor().execute(
        f'SELECT row_number, interval_low, interval_high FROM "{key}".rows JOIN "{key}".scores USING (prediction_id) '
        "ORDER BY row_number"
    )
    logged = found.fetchall()
    for place in range(0, 300, 23):
        alone = score_one(desk, analyst, key, rows.slice(place, 1).to_pylist()[0])
        assert alone.already and alone.interval is not None
        bounds = (alone.interval.low, alone.interval.high)
        assert bounds == (scored["interval_low"][place].as_py(), scored["interval_high"][place].as_py())
        assert bounds == (float(texts[place]["interval_low"]), float(texts[place]["interval_high"]))
        assert (place + 1, *bounds) == logged[place]
        assert bounds[0] < alone.score < bounds[1]


@pytest.mark.parametrize("key", VALUES)
def test_what_is_said_is_what_the_card_measured(desk: Desk, analyst: Actor, key: str) -> None:
    said = score_one(desk, analyst, key, sample_rows(desk, key, 1)[0]).interval
    card = desk.scorer(key).card
    measured = card.interval["coverage"]
    assert said is not None
    assert (said.coverage, said.n, said.level) == (measured["value"], measured["n"], 0.9)
    assert said.coverage_low <= said.coverage <= said.coverage_high
    assert said.n == card.split["parts"]["test"]["rows"]


@pytest.mark.parametrize("key", CLASSES)
def test_classes_have_no_interval_and_files_no_such_columns(
    desk: Desk, analyst: Actor, tmp_path: Path, key: str
) -> None:
    use_case = desk.use_case(key)
    assert use_case.synthesize is not None
    rows = use_case.synthesize(20, 5)
    assert score_one(desk, analyst, key, rows.slice(0, 1).to_pylist()[0]).interval is None
    path = tmp_path / "rows.csv"
    arrow_csv.write_csv(rows.select([name for name in rows.column_names if name in use_case.schema]), path)
    state = desk.jobs.wait(batches.submit(desk, analyst, key, path), 60)
    assert not {"interval_low", "interval_high"} & set(parquet.read_schema(state.result["files"]["parquet"]).names)


def test_an_adopted_value_gets_intervals_too(desk: Desk, analyst: Actor, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    size = rng.uniform(1, 50, 2_000)
    price = 100 * size + 20 * size * rng.normal(size=2_000)
    path = tmp_path / "flats.csv"
    lines = [f"F{place},{a:.2f},{b:.2f}" for place, (a, b) in enumerate(zip(size, price, strict=True))]
    path.write_text("\n".join(["flat,size,price", *lines]) + "\n")
    report = adopt(desk, LOCAL_PEOPLE[Role.ADMIN], path, AdoptOptions("price", id="flat")).as_json()
    small, large = (
        score_one(desk, analyst, report["use_case"], {"flat": f"N{value}", "size": value}).interval for value in (5, 45)
    )
    assert small is not None and large is not None
    assert large.high - large.low > 3 * (small.high - small.low)
    card = desk.scorer(report["use_case"]).card
    assert card.interval["coverage"]["low"] < 0.9 < card.interval["coverage"]["high"] + 0.03
