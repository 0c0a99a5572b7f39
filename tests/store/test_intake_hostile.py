"""Files that are no tables, or nearly: each is refused in words, or read without losing a row."""

from __future__ import annotations

import gzip
import resource
import time
import zipfile
from pathlib import Path

import pytest

from core.domain.columns import Column, Kind
from core.domain.schema import Schema
from core.errors import FileProblem
from core.store.intake import open_source, read_text_table

SCHEMA = Schema((Column("a", Kind.NUMBER), Column("b", Kind.TEXT)))


def refused(path: Path) -> FileProblem:
    with pytest.raises(FileProblem) as caught:
        list(open_source(path, SCHEMA).chunks())
    assert caught.value.hint
    return caught.value


def bomb(path: Path, member: str = "xl/worksheets/sheet1.xml") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open(member, "w") as stream:
            for _ in range(200):
                stream.write(b" " * (1 << 20))
    return path


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x.csv is empty."),
        (b"\xef\xbb\xbf\r\n \n", "x.csv is empty."),
        (gzip.compress(b"a,b\n1,2\n"), "x.csv is a gzip archive"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "x.csv is a binary file"),
        (b"\x00" * 4096, "x.csv is a binary file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "x.csv is an Excel file of the old .xls kind"),
        (b"%PDF-1.7\n", "x.csv is a PDF"),
        (b"PAR1 not really", "x.csv is not a whole Parquet file"),
        (b"PK\x03\x04 not really", "x.csv is a damaged archive"),
        (b'"a,b\n1,2\n', "The header of x.csv cannot be read"),
    ],
    ids=["empty", "blank", "gzip", "png", "zeros", "xls", "pdf", "parquet", "zip", "open header"],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    assert refused(path).message.startswith(message)


def test_missing_paths_and_folders(tmp_path: Path) -> None:
    assert "There is no file" in refused(tmp_path / "none.csv").message
    assert "is not a file" in refused(tmp_path).message


def test_a_zip_of_other_things(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("leads.csv", "a,b\n1,2\n")
    assert refused(path).message == "x.csv is a zip archive, not a table."


@pytest.mark.parametrize("name", ["bomb.xlsx", "bomb.csv"])
def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, name: str) -> None:
    started = time.perf_counter()
    path = bomb(tmp_path / name)
    packing = time.perf_counter() - started
    started = time.perf_counter()
    assert "would unpack from 0.2 MB to 210 MB" in refused(path).message
    assert time.perf_counter() - started < packing


def test_a_header_alone_has_no_chunks(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b")
    source = open_source(path, SCHEMA)
    assert source.header == ("a", "b") and list(source.chunks()) == []


def test_a_delimiter_nobody_knows_shows_as_missing_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a^b\n1^2\n")
    source = open_source(path, SCHEMA)
    assert source.header == ("a^b",) and source.missing == ("a", "b")


def test_duplicate_headers(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,c,c,,b\n1,2,3,4,5\n")
    source = open_source(path, SCHEMA)
    assert source.header == ("a", "c", "c_2", "column_4", "b")
    assert source.notes == (
        "Column 3, named 'c' like another, is read as 'c_2'.",
        "Column 4 has no name and is read as 'column_4'.",
    )
    assert read_text_table(path)[1].notes == source.notes
    path.write_text("a,b,a\n1,2,3\n")
    assert refused(path).message == "x.csv has 2 columns named 'a'."


def test_ten_thousand_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    names = ["a", "b", *(f"some_rather_long_name_{i}" for i in range(9_998))]
    path.write_text("\n".join([",".join(names), *[",".join(["1"] * 10_000)] * 3]))
    source = open_source(path, SCHEMA)
    (chunk,) = source.chunks()
    assert len(source.unknown) == 9_998 and chunk.n_rows == 3
    assert chunk.parsed["a"].values.tolist() == [1, 1, 1]


def test_zero_bytes_in_a_value_stay_in_that_value(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"a,b\n1,x\x00y\n2\x00,z\n" + b"3,plain\n" * 50)
    (chunk,) = open_source(path, SCHEMA).chunks()
    assert chunk.n_rows == 52
    assert chunk.parsed["b"].values[0] == "x\x00y" and chunk.parsed["a"].unread == {1: "2\x00"}


@pytest.mark.parametrize("text", ["1e999", "-1e999", "inf", "-inf", "Infinity", "9" * 400, "1e308e5", "0x1F", "1_000"])
def test_no_infinite_or_odd_number_passes(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"a,b\n{text},x\n2,y\n")
    (chunk,) = open_source(path, SCHEMA).chunks()
    checked = SCHEMA.check(chunk.parsed, 2)
    assert checked.ok.tolist() == [False, True]
    (problem,) = checked.problems()
    assert (problem.row, problem.column, problem.rule in {"type", "range"}) == (1, "a", True)


def test_five_ways_to_write_a_time_and_one_that_is_not_taken(tmp_path: Path) -> None:
    schema = Schema((Column("at", Kind.TIME),))
    texts = [
        "2026-03-01",
        "2026-03-01T10:00:00",
        "2026-03-01 10:00",
        "2026-03-01T10:00:00Z",
        "2026-03-01T10:00:00.5+02:00",
    ]
    path = tmp_path / "x.csv"
    path.write_text("\n".join(["at", *texts, "01/03/2026"]))
    (chunk,) = open_source(path, schema).chunks()
    checked = schema.check(chunk.parsed, 6)
    assert checked.ok.tolist() == [True] * 5 + [False]
    assert checked.why()[5] == "at is '01/03/2026'; it takes an ISO 8601 time."
    assert str(chunk.parsed["at"].values[4]) == "2026-03-01T08:00:00.500000"


def sparse(path: Path, head: bytes) -> Path:
    with path.open("wb") as stream:
        stream.write(head)
        stream.truncate(5 * 10**9)
    return path


@pytest.mark.parametrize("head", [b"", b"a,b\n" + b"1,2\n" * 70_000], ids=["zeros", "rows, then zeros"])
def test_five_gigabytes_are_never_held_in_memory(tmp_path: Path, head: bytes) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(sparse(tmp_path / "x.csv", head))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB
