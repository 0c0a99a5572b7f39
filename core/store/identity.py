"""A prediction's id: a hash of what was scored, so that logging the same row again changes nothing.

The id is the first half of a SHA-256, shown as 32 hex digits and kept in 16 bytes. It covers the use case,
the version, whether the row is live or replayed, and every raw column's value: the same row by page and by
file is the same prediction; another version, value or time is a new one. Where no column names a row, its
place in the file is part of the id, so that two equal rows stay two.

A row's canonical bytes are a fixed part and its texts. The fixed part starts with a digest of use case,
version and source class, then holds per column, in schema order: float64 (numbers; -0.0 is 0.0, one NaN),
as many float64 as a list of numbers has room for, int16 (level codes), int64 (microseconds since 1970, UTC;
the bits of a set), or the uint32 byte length of its text (ids and
texts, and categories that take unseen values). The texts follow in the same order, as UTF-8. All
integers and floats are little-endian.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.domain.columns import Array, Column, Columns, Kind, Unseen
from core.domain.records import to_utc
from core.domain.schema import Schema
from core.domain.usecase import UseCase

Texts = Mapping[str, Mapping[int, str]]

_HEAD = 16  # bytes of the digest in front of every row


def prediction_ids(
    use_case: UseCase,
    version: str,
    columns: Columns,
    other_texts: Texts,
    n_rows: int,
    *,
    source: str = "live",
    row_numbers: Array | None = None,
) -> pa.Array:
    """The id of every row.

    Parameters
    ----------
    use_case : UseCase
    version : str
        The bundle that scores the rows, `core.ml.bundle.Bundle.identity`.
    columns : mapping of str to array of n_rows rows
        Typed raw columns.
    other_texts : mapping of str to mapping of int to str
        By category column: row position -> the text that is not among its levels.
    n_rows : int
    source : {"live", "replay"}
        Rows that were scored to act on, or scored again to compare versions.
    row_numbers : array of int64, shape (n_rows,), optional
        Place of each row in its file, from 1 (a row alone is 1). Part of the id only where no column names a
        row: there two equal rows of a file are two rows, and the same file again still adds nothing.

    Returns
    -------
    pyarrow.Array of string, shape (n_rows,)
        32 lower-case hex digits each.
    """
    head = _head(use_case.key, version, source)
    places = None if use_case.entity else _places(row_numbers, n_rows)
    fixed, texts = _pack(use_case.schema, head, columns, other_texts, places, n_rows)
    sha256 = hashlib.sha256
    if not texts:
        width, content = fixed.shape[1], memoryview(fixed.tobytes())
        return pa.array(
            [sha256(content[at : at + width]).hexdigest()[:32] for at in range(0, n_rows * width, width)], pa.string()
        )
    joined = _joined(fixed, texts)
    offsets = np.frombuffer(joined.buffers()[1], dtype=np.int64, count=n_rows + 1).tolist()
    content = memoryview(joined.buffers()[2])
    return pa.array([sha256(content[start:end]).hexdigest()[:32] for start, end in pairwise(offsets)], pa.string())


def row_bytes(
    use_case: UseCase,
    version: str,
    columns: Columns,
    other_texts: Texts,
    row: int,
    *,
    source: str = "live",
    row_number: int = 1,
) -> bytes:
    """The canonical bytes of one row, written value by value: the plain statement of what `prediction_ids` packs."""
    head, tail = [_head(use_case.key, version, source)], []
    if use_case.entity is None:
        head.append(row_number.to_bytes(8, "little"))
    for column in use_case.schema:
        value = columns[column.name][row : row + 1]
        if column.kind.is_numeric or column.kind is Kind.NUMBERS:
            head.append(_canonical(value).tobytes())
        elif column.kind is Kind.TIME:
            head.append(_micros(value, use_case.schema.timezone).tobytes())
        elif column.kind.is_coded:
            head.append(value.astype("<i2").tobytes())
        elif column.kind is Kind.SET:
            head.append(value.astype("<i8").tobytes())
        if _has_text(column):
            text = value[0] if column.kind.is_text else other_texts.get(column.name, {}).get(row, "")
            tail.append(str(text).encode())
            head.append(len(tail[-1]).to_bytes(4, "little"))
    return b"".join(head + tail)


def _head(key: str, version: str, source: str) -> bytes:
    return hashlib.sha256("\0".join(("prediction", key, version, source)).encode()).digest()[:_HEAD]


def _places(row_numbers: Array | None, n_rows: int) -> Array:
    return np.ones(n_rows, dtype=np.int64) if row_numbers is None else row_numbers


def _has_text(column: Column) -> bool:
    return column.kind.is_text or (column.kind.is_coded and column.unseen is Unseen.OTHER)


def _canonical(values: Array) -> Array:
    floats = values.astype("<f8") + 0.0  # -0.0 + 0.0 is 0.0
    floats[np.isnan(floats)] = np.nan
    return floats


def _micros(times: Array, timezone: str) -> Array:
    return to_utc(times.astype("datetime64[us]"), timezone).view(np.int64).astype("<i8")


def _layout(schema: Schema, numbered: bool) -> np.dtype[np.void]:
    """One packed record: fields "v<place>" for values and "t<place>" for text lengths."""
    fields: list[tuple[str, str] | tuple[str, str, tuple[int, ...]]] = [("head", f"V{_HEAD}")]
    fields += [("number", "<i8")] if numbered else []
    for place, column in enumerate(schema):
        if column.kind.is_numeric:
            fields.append((f"v{place}", "<f8"))
        elif column.kind is Kind.NUMBERS:
            fields.append((f"v{place}", "<f8", (column.width,)))
        elif not column.kind.is_text:
            fields.append((f"v{place}", "<i2" if column.kind.is_coded else "<i8"))
        if _has_text(column):
            fields.append((f"t{place}", "<u4"))
    return np.dtype(fields)


def _pack(
    schema: Schema, head: bytes, columns: Columns, other_texts: Texts, numbers: Array | None, n_rows: int
) -> tuple[NDArray[np.uint8], list[pa.Array]]:
    """The fixed parts, shape (n_rows, width), and the text columns that follow them."""
    layout = _layout(schema, numbers is not None)
    packed = np.empty(n_rows, dtype=layout)
    packed["head"] = np.frombuffer(head, dtype=f"V{_HEAD}")[0]
    if numbers is not None:
        packed["number"] = numbers
    texts: list[pa.Array] = []
    for place, column in enumerate(schema):
        values = columns[column.name]
        if column.kind.is_numeric:
            packed[f"v{place}"] = _canonical(values)
        elif column.kind is Kind.TIME:
            packed[f"v{place}"] = _micros(values, schema.timezone)
        elif not column.kind.is_text:
            packed[f"v{place}"] = _canonical(values) if column.kind is Kind.NUMBERS else values
        if not _has_text(column):
            continue
        unseen = other_texts.get(column.name, {})
        if column.kind.is_text or unseen:
            texts.append(_texts(values, n_rows) if column.kind.is_text else _sparse(unseen, n_rows))
            packed[f"t{place}"] = pc.binary_length(texts[-1]).to_numpy(zero_copy_only=False)
        else:
            packed[f"t{place}"] = 0
    return packed.view(np.uint8).reshape(n_rows, layout.itemsize), texts


def _texts(values: Array, n_rows: int) -> pa.Array:
    return pa.array(values, type=pa.large_string()).cast(pa.large_binary())


def _sparse(texts: Mapping[int, str], n_rows: int) -> pa.Array:
    dense = np.full(n_rows, "", dtype=object)
    for row, text in texts.items():
        dense[row] = text
    return _texts(dense, n_rows)


def _joined(fixed: NDArray[np.uint8], texts: list[pa.Array]) -> pa.Array:
    """Fixed part and texts of each row, one after the other."""
    n_rows, width = fixed.shape
    offsets = np.arange(n_rows + 1, dtype=np.int64) * width
    head = pa.Array.from_buffers(pa.large_binary(), n_rows, [None, pa.py_buffer(offsets), pa.py_buffer(fixed)])
    return pc.binary_join_element_wise(head, *texts, pa.scalar(b"", pa.large_binary()))
