"""The held-out reference rows of a version, as typed columns again."""

from __future__ import annotations

import pyarrow as pa

from core.domain.columns import Columns
from core.domain.schema import Schema
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
    return {
        column.name: read_column(column, reference[column.name].combine_chunks(), schema.timezone).values
        for column in schema
        if column.name in reference.column_names
    }
