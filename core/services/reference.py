"""The held-out reference rows of a version, as typed columns again, and what is typical of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from core.domain.columns import Column, Columns, Kind
from core.domain.schema import Parsed, Schema
from core.store.typed import read_column


def with_zone(table: pa.Table) -> pa.Table:
    """Naive UTC times marked as UTC, so that whoever reads them cannot take them for local ones."""
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type) and field.type.tz is None:
            times = table.column(place).cast(pa.timestamp("us", "UTC"))
            table = table.set_column(place, field.name, times)
    return table


def typed_columns(schema: Schema, reference: pa.Table) -> Columns:
    """The schema's columns that the reference rows have, typed as in scoring."""
    return {name: item.values for name, item in parsed_columns(schema, reference).items()}


def parsed_columns(schema: Schema, table: pa.Table) -> dict[str, Parsed]:
    """The schema's columns that a table has, read as a file's are."""
    found = {}
    for column in schema:
        if column.name in table.column_names:
            parts = table[column.name].chunks
            values = pa.concat_arrays(parts) if parts else pa.array([], table[column.name].type)
            found[column.name] = read_column(column, values, schema.timezone)
    return found


def typical_value(column: Column, reference: pa.Table) -> Any:
    """The median, the most frequent level, answer or set; "" for ids, texts, times and columns without values.

    Of lists of numbers, the median at every place, counted from the latest, that at least half of the rows
    have a number at.
    """
    if column.kind.is_text or column.kind is Kind.TIME or column.name not in reference.column_names:
        return ""
    values = reference[column.name].drop_null()
    if len(values) == 0:
        return ""
    if column.kind is Kind.NUMBERS:
        lists = read_column(column, values.combine_chunks(), "UTC").values
        usual = lists[:, np.isnan(lists).mean(axis=0) <= 0.5]
        return [float(median) for median in np.nanquantile(usual, 0.5, axis=0, method="lower")]
    if column.kind is Kind.NUMBER or column.kind is Kind.COUNT:
        # the middle value itself: a median between two rows would be a number nobody ever wrote
        return float(np.quantile(values.to_numpy(zero_copy_only=False), 0.5, method="lower"))
    counts = sorted(values.value_counts().to_pylist(), key=lambda item: (-item["counts"], str(item["values"])))
    return counts[0]["values"]
