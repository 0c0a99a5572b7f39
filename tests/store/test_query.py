"""One SELECT over one named file; nothing else can be read, written, attached or loaded."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import duckdb
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest

from core.errors import InputError
from core.store.query import one_select, run_select


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The same three rows as DuckDB, SQLite, Parquet and CSV; and a file that is nobody's business."""
    with duckdb.connect(str(tmp_path / "w.duckdb")) as made:
        made.execute("CREATE TABLE leads AS SELECT range AS id, 'a' || range AS name FROM range(3)")
        made.execute(f"COPY leads TO '{tmp_path / 'leads.parquet'}' (FORMAT parquet)")
        made.execute(f"COPY leads TO '{tmp_path / 'leads.csv'}' (HEADER)")
    lite = sqlite3.connect(tmp_path / "w.sqlite")
    lite.execute("CREATE TABLE leads (id INTEGER, name TEXT)")
    lite.executemany("INSERT INTO leads VALUES (?, ?)", [(place, f"a{place}") for place in range(3)])
    lite.commit()
    lite.close()
    (tmp_path / "secret.csv").write_text("secret\n42\n")
    return tmp_path


@pytest.mark.parametrize(
    ("source", "table"),
    [("w.duckdb", "leads"), ("w.sqlite", "leads"), ("leads.parquet", "source"), ("leads.csv", "source"),
     ("lead*.csv", "source")],
)  # fmt: skip
def test_rows_of_every_kind_of_file(folder: Path, source: str, table: str) -> None:
    query = f"WITH chosen AS (SELECT * FROM {table} WHERE id > 0) SELECT id, name FROM chosen ORDER BY id;"
    made = run_select(folder / source, query, folder / "out")
    rows = pq.read_table(made) if made.suffix == ".parquet" else arrow_csv.read_csv(made)
    assert rows.to_pylist() == [{"id": 1, "name": "a1"}, {"id": 2, "name": "a2"}]


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM leads", "SELECT 1; SELECT 2", "ATTACH 'x.db'", "COPY leads TO 'x.csv'", "PRAGMA version",
        "INSERT INTO leads VALUES (1)", "SET memory_limit = '1GB'", "INSTALL httpfs", "SELEC 1", "",
        "CALL pragma_version()",
    ],
)  # fmt: skip
def test_anything_but_one_select_is_refused_in_words(query: str) -> None:
    with pytest.raises(InputError) as refused:
        one_select(query)
    assert refused.value.message.startswith("The query") and refused.value.hint


@pytest.mark.parametrize("source", ["w.duckdb", "leads.parquet", "leads.csv"])
@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('{other}')", "SELECT * FROM '{other}'", "SELECT * FROM read_text('{other}')",
        "SELECT * FROM glob('{folder}/*')", "SELECT * FROM sqlite_scan('{folder}/w.sqlite', 'leads')",
    ],
)  # fmt: skip
def test_duckdb_reaches_nothing_but_the_source(folder: Path, source: str, query: str) -> None:
    text = query.format(other=folder / "secret.csv", folder=folder)
    with pytest.raises(InputError, match="could not be run"):
        made = run_select(folder / source, text, folder / "out")
        assert pq.read_table(made).num_rows == 0, "glob may answer, with nothing"
        raise InputError("The query could not be run.")


@pytest.mark.parametrize(
    "query", ["SELECT load_extension('x')", "SELECT * FROM pragma_database_list", "SELECT writefile('x', 'y')"]
)
def test_sqlite_reaches_nothing_but_the_source(folder: Path, query: str) -> None:
    with pytest.raises(InputError, match="could not be run"):
        run_select(folder / "w.sqlite", query, folder / "out")


def test_a_source_that_is_not_there_and_a_query_that_is_stopped(folder: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        run_select(folder / "gone.parquet", "SELECT * FROM source", folder / "out")
    with pytest.raises(InputError, match="could not be run"):
        run_select(folder / "w.duckdb", "SELECT * FROM nothing", folder / "out")
    with pytest.raises(InputError, match="stopped"):
        run_select(folder / "w.duckdb", "SELECT * FROM leads", folder / "out", stopped=lambda: True)
    assert not (folder / "out.parquet").exists()
