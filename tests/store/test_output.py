"""What goes out: complete files only, every rejected row with its reason, nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.columns import Column, Kind, Unseen
from core.domain.schema import Schema
from core.store.formulas import safe_array, safe_text
from core.store.intake import open_source
from core.store.output import RejectsWriter, ScoredWriter, template

SCHEMA = Schema((Column("a", Kind.NUMBER), Column("b", Kind.CATEGORY, levels=("x", "y"))))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def scored(
    path: Path, texts: dict[str, Any], columns: dict[str, Any], parquet: Path | None = None
) -> list[dict[str, str]]:
    writer = ScoredWriter(path, parquet)
    writer.write(pa.table(texts), columns)
    writer.close()
    return rows_of(path)


def test_chunks_are_appended_to_both_files(tmp_path: Path) -> None:
    writer = ScoredWriter(tmp_path / "sub" / "x.csv", tmp_path / "sub" / "x.parquet")
    for start in range(0, 10, 5):
        numbers = np.arange(start, start + 5)
        band = pa.DictionaryArray.from_arrays(pa.array(numbers % 2), pa.array(["low", "high"]))
        texts = pa.table({"a": [str(n) for n in numbers], "b": pa.array([None] * 5, pa.string())})
        writer.write(texts, {"score": np.where(numbers == 3, np.nan, numbers / 4), "band": band})
        assert not (tmp_path / "sub" / "x.csv").exists()
    writer.close()
    rows = rows_of(tmp_path / "sub" / "x.csv")
    assert [row["a"] for row in rows] == [str(n) for n in range(10)]
    assert [row["score"] for row in rows[:5]] == ["0", "0.25", "0.5", "", "1"]
    assert [row["band"] for row in rows[:2]] == ["low", "high"] and rows[0]["b"] == ""
    table = pq.read_table(tmp_path / "sub" / "x.parquet")
    assert table.num_rows == 10 and table["score"].null_count == 1
    assert sorted(path.name for path in (tmp_path / "sub").iterdir()) == ["x.csv", "x.parquet"]


def test_a_column_that_was_there_before_is_renamed(tmp_path: Path) -> None:
    (row,) = scored(tmp_path / "x.csv", {"score": ["old"], "given_score": ["older"]}, {"score": np.array([0.5])})
    assert row == {"given_given_score": "old", "given_score": "older", "score": "0.5"}


def test_abort_leaves_nothing(tmp_path: Path) -> None:
    writer = ScoredWriter(tmp_path / "x.csv", tmp_path / "x.parquet")
    writer.write(pa.table({"a": ["1"]}), {})
    writer.abort()
    assert list(tmp_path.iterdir()) == []


def test_nothing_written_removes_the_file_of_an_earlier_run(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("old")
    ScoredWriter(tmp_path / "x.csv").close()
    assert list(tmp_path.iterdir()) == []


def test_no_path_writes_nothing(tmp_path: Path) -> None:
    writer = ScoredWriter(None)
    writer.write(pa.table({"a": ["1"]}), {})
    writer.close()


def test_an_error_of_the_thread_reaches_the_caller_and_blocks_nobody(tmp_path: Path) -> None:
    (tmp_path / "x.csv.part").mkdir()  # the part cannot be opened
    writer = ScoredWriter(tmp_path / "x.csv")
    with pytest.raises(OSError):
        for _ in range(20):
            writer.write(pa.table({"a": ["1"]}), {})
        writer.close()
    (tmp_path / "x.csv.part").rmdir()
    writer.abort()
    assert list(tmp_path.iterdir()) == []


DANGEROUS = [
    "=1+1",
    "+1-1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    ' "=1',
    "'=1",
    "\xa0=1",
    "＝1+1",
    "\ufeff=1",
    "-",
    "+",
    "-5;=1",
    "-5;",
]
HARMLESS = [
    "-5",
    "+5.5",
    "-1e-5",
    " -3 ",
    "1,5",
    "-1.234,5",
    "-5;3;-1.5e3",
    "a=b",
    "x",
    "3-1",
    "",
    "Zürich",
    "’quoted",
    "<25k",
    "100k+",
]


@pytest.mark.parametrize("text", DANGEROUS)
def test_formulas_get_an_apostrophe(tmp_path: Path, text: str) -> None:
    coded = pa.array([text, "ok"]).dictionary_encode()
    rows = scored(tmp_path / "x.csv", {"a": ["ok", text], "b": coded}, {"id": pa.array([text, "ok"])})
    assert [row["a"] for row in rows] == ["ok", "'" + text]
    assert rows[0]["b"] == rows[0]["id"] == "'" + text == safe_text(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_stay_as_they_are(tmp_path: Path, text: str) -> None:
    assert scored(tmp_path / "x.csv", {"a": [text]}, {})[0]["a"] == text == safe_text(text)


def test_a_header_is_made_harmless_and_numbers_are_not_touched(tmp_path: Path) -> None:
    (row,) = scored(tmp_path / "x.csv", {"=cmd": ["1"]}, {"score": np.array([-0.5])}, tmp_path / "x.parquet")
    assert row == {"'=cmd": "1", "score": "-0.5"}
    assert pq.read_table(tmp_path / "x.parquet").column_names == ["=cmd", "score"]


@given(
    texts=st.lists(
        st.one_of(st.none(), st.text(st.sampled_from("=+-@ \t\n\r'\"1.e＝\xa0\x00ax"), max_size=4)), max_size=20
    )
)
def test_arrays_and_single_texts_are_judged_alike(texts: list[str | None]) -> None:
    expected = [None if text is None else safe_text(text) for text in texts]
    array = pa.array(["=pad", *texts], pa.string())
    assert safe_array(array)[1:].to_pylist() == expected
    assert safe_array(array.slice(1)).to_pylist() == expected


def test_rejects_keep_the_row_as_given_with_every_reason(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('a,b,note\n1,x,fine\nten,z,=1+1\n7\n2,y,fine\n,"x",q\n8,"x,open\n')
    rejects = RejectsWriter(tmp_path / "rejects.csv")
    n_good = 0
    for chunk in open_source(path, SCHEMA, chunk_rows=2).chunks():
        checked = SCHEMA.check(chunk.parsed, chunk.n_rows)
        n_good += int(checked.ok.sum())
        rejects.write(chunk, checked)
    rejects.close()
    rows = rows_of(tmp_path / "rejects.csv")
    assert n_good + rejects.n_rejected == 6 and rejects.n_rejected == 4
    assert [row["row"] for row in rows] == ["2", "3", "5", "6"]
    assert rows[0] == {
        "a": "ten",
        "b": "z",
        "note": "'=1+1",
        "row": "2",
        "why": "a is 'ten'; it takes a number. b is 'z'; it takes one of x, y.",
        "line": "",
    }
    assert rows[1]["line"] == "7" and rows[1]["why"] == "The row has 1 value; the header has 3 columns."
    assert rows[2]["why"] == "a is missing; it takes a number."
    assert rows[3]["line"] == '8,"x,open'


def test_without_rejects_there_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,x\n")
    rejects = RejectsWriter(tmp_path / "rejects.csv")
    (chunk,) = open_source(path, SCHEMA).chunks()
    rejects.write(chunk, SCHEMA.check(chunk.parsed, 1))
    rejects.close()
    assert not (tmp_path / "rejects.csv").exists()


def test_typed_columns_of_a_parquet_can_be_echoed(tmp_path: Path) -> None:
    texts = {
        "list": [[1, 2.5, None], None],
        "zoned": pa.array([0, None], pa.timestamp("us", "UTC")),
        "naive": pa.array([0, None], pa.timestamp("us")),
        "flag": [True, None],
        "raw": [b"=1", None],
    }
    rows = scored(tmp_path / "x.csv", texts, {"score": np.array([1.0, 2.0])})
    assert rows[0]["list"] == "1;2.5;" and rows[0]["zoned"] == "1970-01-01T00:00:00+00:00"
    assert rows[0]["flag"] == "true" and rows[0]["raw"] == "'=1"
    assert rows[1] == {"list": "", "zoned": "", "naive": "", "flag": "", "raw": "", "score": "2"}


def test_a_filled_in_template_reads_back(tmp_path: Path) -> None:
    columns = (Column("a", Kind.NUMBER), Column("b", Kind.CATEGORY, levels=("x", "=y"), unseen=Unseen.OTHER))
    content = template(Schema(columns), [{"a": 0.25, "b": "x"}, {"a": None, "b": "=y"}])
    assert list(csv.reader(io.StringIO(content.decode()))) == [["a", "b"], ["0.25", "x"], ["", "'=y"]]
    (tmp_path / "x.csv").write_bytes(content)
    (chunk,) = open_source(tmp_path / "x.csv", Schema(columns)).chunks()
    np.testing.assert_array_equal(chunk.parsed["a"].values, [0.25, np.nan])
