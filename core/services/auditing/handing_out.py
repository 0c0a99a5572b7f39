"""Tables and events as files to take along: every text that a spreadsheet would run as a formula made harmless."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from core.store.formulas import safe_text


def csv_of(table: Any) -> str:
    """A shown table as CSV.

    Parameters
    ----------
    table : pyarrow.Table, sequence of mappings, or mapping of a title to its values
        What `st.dataframe` takes on the desk's pages.

    Examples
    --------
    >>> print(csv_of([{"Name": "=1+1", "n": 3}]), end="")
    Name,n
    '=1+1,3
    """
    header, rows = _plain(table)
    return text_of(header, rows)


def text_of(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A header and rows as CSV, line by line harmless."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow([safe_text(str(name)) for name in header])
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return written.getvalue()


def _plain(table: Any) -> tuple[list[str], Iterable[Sequence[Any]]]:
    if not isinstance(table, pa.Table):
        columns = dict(table) if isinstance(table, Mapping) else _columns(list(table))
        return list(columns), zip(*columns.values(), strict=True)
    return list(table.column_names), zip(*(column.to_pylist() for column in table.columns), strict=True)


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return safe_text("; ".join(str(item) for item in value))
    return safe_text(str(value))
