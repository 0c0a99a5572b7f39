"""Typed columns as Arrow tables: what the log keeps and what a scored file shows of the raw columns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.domain.columns import SEPARATOR, Array, Column, Columns, Kind, levels_in, missing_mask
from core.domain.schema import Schema

Texts = Mapping[int, str]


def raw_table(schema: Schema, columns: Columns, other: Mapping[str, Texts] | None = None) -> pa.Table:
    """Raw columns with their natural types; times in UTC.

    Parameters
    ----------
    schema : Schema
    columns : mapping of str to array of n_rows rows
    other : mapping of str to mapping of int to str
        For category columns with unseen values: position -> the text as it came.

    Returns
    -------
    pyarrow.Table
        float64 for numbers, int64 for counts, bool for yes/no, dictionary of string for categories,
        timestamp[us] (UTC, naive) for times, string for ids and texts, list of float64 for lists of numbers,
        dictionary of string for sets ("a;b", levels in the column's order); null where missing.
    """
    arrays = {
        column.name: _arrow(column, columns[column.name], schema.timezone, (other or {}).get(column.name, {}))
        for column in schema.columns
    }
    return pa.table(arrays)


def _arrow(column: Column, values: Array, timezone: str, other: Texts) -> pa.Array:
    if column.kind.is_coded:
        return _levels(column, values, other)
    if column.kind is Kind.TIME:
        return pa.array(to_utc(values, timezone))
    if column.kind.is_text:
        return pa.array(values, type=pa.string(), from_pandas=False)
    if column.kind is Kind.NUMBERS:
        return _lists(values)
    if column.kind is Kind.SET:
        return _sets(column, values)
    missing = missing_mask(column, values)
    mask = missing if missing.any() else None
    if column.kind is Kind.YESNO:
        return pa.array(values == 1.0, mask=mask)
    if column.kind is Kind.COUNT:
        return pa.array(np.where(missing, 0, values).astype(np.int64), mask=mask)
    return pa.array(values, mask=mask)


def _levels(column: Column, codes: Array, other: Texts) -> pa.Array:
    labels = list(column.levels)
    if other:
        positions = {text: len(labels) + place for place, text in enumerate(sorted(set(other.values())))}
        codes = codes.astype(np.int32)
        for row, text in other.items():
            codes[row] = positions[text]
        labels += list(positions)
    unknown = codes < 0
    indices = pa.array(np.where(unknown, 0, codes).astype(np.int32), mask=unknown if unknown.any() else None)
    return pa.DictionaryArray.from_arrays(indices, pa.array(labels, type=pa.string()))


def _lists(values: Array) -> pa.Array:
    """Lists of the numbers that are there, null where there is none."""
    there = ~np.isnan(values)
    lengths = there.sum(axis=1)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    empty = lengths == 0
    mask = pa.array(empty) if empty.any() else None
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values[there]), mask=mask)


def _sets(column: Column, masks: Array) -> pa.Array:
    seen, places = np.unique(masks, return_inverse=True)
    texts = [SEPARATOR.join(levels_in(column, mask)) for mask in seen.tolist()]
    missing = missing_mask(column, masks)
    indices = pa.array(places.astype(np.int32), mask=missing if missing.any() else None)
    return pa.DictionaryArray.from_arrays(indices, pa.array(texts, type=pa.string()))


def to_utc(times: Array, timezone: str) -> Array:
    """Wall clock times to UTC, both naive datetime64[us] of shape (n_rows,); the earlier of two readings.

    >>> to_utc(np.array(["2026-03-02T02:30"], dtype="datetime64[us]"), "Asia/Dubai")
    array(['2026-03-01T22:30:00.000000'], dtype='datetime64[us]')
    """
    if timezone == "UTC":
        return times
    local = pc.assume_timezone(pa.array(times), timezone, ambiguous="earliest", nonexistent="earliest")
    return np.asarray(local.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us")).to_numpy(zero_copy_only=False))
