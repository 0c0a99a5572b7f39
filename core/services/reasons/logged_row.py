"""Rows typed exactly as they were when they were scored: from the log, or one as somebody gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from core.domain.columns import Columns, Kind
from core.domain.parsing import parse_row, zone
from core.domain.schema import Checked, Parsed
from core.domain.usecase import UseCase
from core.errors import BundleProblem
from core.services.reference import parsed_columns, with_zone
from core.services.scoring import check_row
from core.store.log_schema import raw_names


@dataclass(frozen=True)
class TypedRow:
    """A row as scoring takes it (arrays of one row), as it came, and what was filled in for it."""

    columns: Columns
    raw: Mapping[str, Any]
    other_texts: Mapping[str, str]
    imputed: tuple[str, ...]
    other: tuple[str, ...]


def logged_columns(use_case: UseCase, logged: pa.Table) -> Columns:
    """Logged rows as typed columns again.

    Parameters
    ----------
    logged : pyarrow.Table
        n rows of the log with their raw columns under their stored names; other columns are passed over.

    Returns
    -------
    dict
        Every column of the schema, n rows each; what cannot be read any more is missing.
    """
    return {name: item.values for name, item in parsed_columns(use_case.schema, _raw(use_case, logged)).items()}


def _raw(use_case: UseCase, logged: pa.Table) -> pa.Table:
    """The raw columns under the names of the schema; times are kept in UTC, and marked as such."""
    stored = raw_names(use_case)
    return with_zone(logged.select(list(stored.values())).rename_columns(list(stored)))


def typed_logged(use_case: UseCase, logged: pa.Table) -> TypedRow:
    """A row of the log (see `core.store.log_lookup`) through the functions that read a file.

    Times are read as wall clock of the use case's time zone again.

    Raises
    ------
    BundleProblem
        A value can no longer be read, because the definition of its column has changed since.
    """
    table = _raw(use_case, logged)
    parsed = parsed_columns(use_case.schema, table)
    for column in use_case.schema:
        if parsed[column.name].unread and not column.kind.is_coded:
            raise BundleProblem(
                f"{column.name} of the logged row cannot be read any more: it is now defined as {column.kind.value}.",
                f"Put the former definition of {column.name} back, or score the row again.",
                column=column.name,
            )
    return _typed(use_case, parsed, _as_it_came(use_case, table))


def typed_given(use_case: UseCase, row: Mapping[str, Any]) -> TypedRow:
    """A row as a form gives it.

    Raises
    ------
    RowProblem
        With every problem of the row.
    """
    check_row(use_case, row)
    raw = {name: row[name] for name in use_case.schema.names if name in row}
    return _typed(use_case, parse_row(use_case.schema, row), raw)


def _typed(use_case: UseCase, parsed: Mapping[str, Parsed], raw: Mapping[str, Any]) -> TypedRow:
    checked: Checked = use_case.schema.check(parsed, 1)
    other_texts = {name: parsed[name].unread[0] for name in checked.other}
    return TypedRow(checked.columns, raw, other_texts, tuple(checked.imputed), tuple(checked.other))


def _as_it_came(use_case: UseCase, table: pa.Table) -> dict[str, Any]:
    """Plain values that `core.domain.parsing` reads back to the same row; times with the use case's zone."""
    row: dict[str, Any] = table.to_pylist()[0]
    for column in use_case.schema.of_kind(Kind.TIME):
        time = row[column.name]
        if isinstance(time, datetime):
            row[column.name] = time.replace(tzinfo=UTC).astimezone(zone(use_case.schema.timezone))
    return row
