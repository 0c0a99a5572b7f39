"""Rows into a table: made where there is none, each prediction once, all of a call or none; refused in words."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from core.errors import InputError
from core.store.table_target import add_rows, check_place


def part(first: int, n: int, **columns: object) -> pa.Table:
    ids = [f"{number:032x}" for number in range(first, first + n)]
    return pa.table({"prediction_id": ids, "score": [0.5] * n, "band": ["A"] * n} | columns)


@pytest.fixture(params=["duckdb", "sqlite"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "out.duckdb") if request.param == "duckdb" else f"sqlite:///{tmp_path / 'out.sqlite'}"


def rows_in(place: str) -> int:
    if "://" not in place:
        with duckdb.connect(place, read_only=True) as found:
            return int(found.execute("SELECT count(*) FROM scores").fetchall()[0][0])
    lite = sqlite3.connect(place.removeprefix("sqlite:///"))
    n = lite.execute("SELECT count(*) FROM scores").fetchone()[0]
    lite.close()
    return int(n)


def test_each_prediction_once_however_often_it_is_sent(place: str) -> None:
    assert add_rows(place, "scores", iter([part(0, 600), part(600, 100)])) == (700, 0)
    twice = pa.concat_tables([part(650, 100), part(740, 10)])
    assert add_rows(place, "scores", iter([twice])) == (50, 60)
    assert add_rows(place, "scores", iter([])) == (0, 0)
    assert rows_in(place) == 750


def test_all_or_none(place: str) -> None:
    def broken() -> object:
        yield part(0, 10)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        add_rows(place, "scores", broken())  # type: ignore[arg-type]
    assert add_rows(place, "scores", iter([part(0, 10)])) == (10, 0)


def test_a_table_with_other_columns_is_left_alone(place: str) -> None:
    add_rows(place, "scores", iter([part(0, 10)]))
    with pytest.raises(InputError, match="no column decision"):
        add_rows(place, "scores", iter([part(10, 5, decision=["call"] * 5)]))
    assert rows_in(place) == 10


def test_places_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "full.duckdb").write_bytes(b"no database at all" * 500)
    for place, table in (("out.duckdb", "a-b"), (str(tmp_path / "gone" / "out.duckdb"), "scores"), ("x://y", "scores")):
        with pytest.raises(InputError):
            check_place(place, table)
    with pytest.raises(InputError, match="could not be written"):
        add_rows(str(tmp_path / "full.duckdb"), "scores", iter([part(0, 1)]))
    with pytest.raises(InputError) as refused:
        add_rows(f"sqlite:////{tmp_path}/gone/s3cret.sqlite", "scores", iter([part(0, 1)]))
    assert "s3cret" not in refused.value.message
