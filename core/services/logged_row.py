"""One row, typed exactly as it was when it was scored: from the log, or as somebody gives it."""

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


def typed_logged(use_case: UseCase, logged: pa.Table) -> TypedRow:
    """A row of the log (see `core.store.log_lookup`) through the functions that read a file.

    Times are kept in UTC and read as wall clock of the use case's time zone again.

    Raises
    ------
    BundleProblem
        A value can no longer be read, because the definition of its column has changed since.
    """
    stored = raw_names(use_case)
    table = with_zone(logged.select(list(stored.values())).rename_columns(list(stored)))
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
