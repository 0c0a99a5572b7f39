"""Parquet and Excel files as Arrow tables, a stretch of rows at a time."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import FileProblem
from core.store.csv_blocks import Block
from core.store.csv_records import Ragged, counted

LARGEST_SHEET = 1 << 30  # bytes an Excel file may unpack to
LARGEST_RATIO = 100  # unpacked to packed, above LEAST_BOMB; sheets of real rows stay under 40
LEAST_BOMB = 50 << 20


def parquet_header(path: Path) -> list[str]:
    """Column names of a Parquet file.

    Raises
    ------
    FileProblem
        The file is cut short or damaged.
    """
    return list(_parquet(path).schema_arrow.names)


def parquet_blocks(path: Path, header: tuple[str, ...], n_rows: int) -> Iterator[Block[Any]]:
    """Stretches of a Parquet file."""
    file = _parquet(path)
    total, done, size = file.metadata.num_rows, 0, path.stat().st_size
    try:
        for batch in file.iter_batches(batch_size=n_rows):
            done += batch.num_rows
            table = pa.Table.from_batches([batch]).rename_columns(list(header))
            yield Block(table, np.arange(len(batch)), [], len(batch), position=size * done // total)
    except (pa.ArrowException, OSError) as error:
        raise FileProblem(f"{path.name} is damaged after row {done}: {error}.", "Write it again.") from error


def _parquet(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise FileProblem(f"{path.name} is not a whole Parquet file: {error}.", "Write it again.") from error


def excel_header(path: Path) -> list[str]:
    """The first row of an Excel file's first sheet that is not empty.

    Raises
    ------
    FileProblem
        The file is another kind of archive, would unpack to too much, or its sheet is empty.
    """
    for row in _rows(path):
        return ["" if value is None else str(value).strip() for value in row]
    raise FileProblem(f"The first sheet of {path.name} is empty.", "It takes a header and at least one row.")


def excel_blocks(path: Path, header: tuple[str, ...], n_rows: int) -> Iterator[Block[Any]]:
    """Stretches of the first sheet, all text; how much has been read is not known before the end."""
    rows = _rows(path)
    next(rows)
    while stretch := list(islice(rows, n_rows)):
        yield _excel_block(stretch, header)


def _excel_block(rows: list[list[Any]], header: tuple[str, ...]) -> Block[Any]:
    width = len(header)
    fine = [place for place, row in enumerate(rows) if len(row) <= width]
    texts = [[_written(value) for value in rows[place]] + [None] * (width - len(rows[place])) for place in fine]
    columns = zip(*texts, strict=True) if texts else ((),) * width
    table = pa.Table.from_arrays([pa.array(column, pa.string()) for column in columns], names=list(header))
    ragged = [
        Ragged(place, "\t".join(_written(value) or "" for value in row), counted(len(row), width))
        for place, row in enumerate(rows)
        if len(row) > width
    ]
    return Block(table, np.array(fine, dtype=np.int64), ragged, len(rows))


def _written(value: Any) -> str | None:
    """A cell as a person would write it."""
    if value is None:
        return None
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _rows(path: Path) -> Iterator[list[Any]]:
    """Rows with at least one value, without the empty cells at their end."""
    _refuse_bombs(path)
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, KeyError, ValueError, OSError, SyntaxError, zipfile.BadZipFile) as error:
        raise FileProblem(f"{path.name} cannot be read as an Excel file: {error}.", "Save it again.") from error
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # a file may claim any size
        for row in sheet.iter_rows(values_only=True):
            values = list(row)
            while values and (values[-1] is None or values[-1] == ""):
                values.pop()
            if values:
                yield values
    finally:
        book.close()


def _refuse_bombs(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        raise FileProblem(f"{path.name} is a damaged archive.", "Save it again.") from error
    if "xl/workbook.xml" not in {member.filename for member in members}:
        raise FileProblem(
            f"{path.name} is a zip archive, not a table.", "Unpack it, and give one CSV, Parquet or Excel file."
        )
    size = sum(member.file_size for member in members)
    packed = max(1, path.stat().st_size)
    if size > LARGEST_SHEET or (size > LEAST_BOMB and size / packed > LARGEST_RATIO):
        raise FileProblem(
            f"{path.name} would unpack from {packed / 1e6:.1f} MB to {size / 1e6:,.0f} MB.",
            f"An Excel file may unpack to {LARGEST_SHEET >> 20:,} MB. Save it as CSV or Parquet.",
            unpacked_bytes=size,
        )
