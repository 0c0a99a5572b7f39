"""A file of outcomes: which of its columns is which, and its rows as typed columns with their checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.domain.columns import NO_TEXTS, YES_TEXTS, Array, Column, Kind, Missing
from core.domain.records import to_utc
from core.domain.schema import Checked, Schema, Violation
from core.domain.usecase import Task, UseCase
from core.errors import InputError, UnknownName
from core.store.chunks import Chunk
from core.store.headers import squeezed
from core.store.intake import Source, open_source

OBSERVED_AT = "observed_at"
_CHUNK_ROWS = 500_000
_ALIASES = {"entity": ("entity", "id"), "outcome": ("outcome", "actual"), "time": ("as_of",), "observed_at": ()}


@dataclass(frozen=True)
class Named:
    """The file's columns, where their names do not say what they are."""

    entity: str | None = None
    outcome: str | None = None
    observed_at: str | None = None
    time: str | None = None


@dataclass
class OutcomeRows:
    """The rows of a file: chunks with their checks, and the readable rows as one table."""

    parts: list[tuple[Chunk, Checked]] = field(default_factory=list)
    tables: list[pa.Table] = field(default_factory=list)

    @property
    def n_rows(self) -> int:
        return sum(chunk.n_rows + len(chunk.ragged) for chunk, _ in self.parts)

    @property
    def n_unreadable(self) -> int:
        return self.n_rows - sum(len(table) for table in self.tables)


def refuse_without_entity(use_case: UseCase) -> None:
    """Outcomes are joined by the entity's name; a use case without one cannot take any."""
    if use_case.entity is None:
        raise InputError(
            f"{use_case.title} has no column that names a {use_case.noun}, so outcomes cannot be joined to it.",
            "Adopt it again with an id column, and score with that id.",
            use_case=use_case.key,
        )


def outcome_column(use_case: UseCase) -> Column:
    """How an outcome is written in files: the target's labels, yes and no where they mean the same, or a number."""
    classes, name = use_case.target.classes, use_case.target.name
    if use_case.task is Task.REGRESSION:
        return Column(name, Kind.NUMBER)
    if use_case.task is Task.BINARY and classes[0].lower() in NO_TEXTS and classes[1].lower() in YES_TEXTS:
        return Column(name, Kind.YESNO)
    return Column(name, Kind.CATEGORY, levels=classes)


def outcome_schema(use_case: UseCase) -> Schema:
    """The columns that are read of a file of outcomes."""
    refuse_without_entity(use_case)
    columns = [Column(use_case.entity or "", Kind.ID), outcome_column(use_case)]
    time = use_case.schema.time
    if time is not None:
        columns.append(Column(time.name, Kind.TIME, missing=Missing.ALLOW, time_format=time.time_format))
    columns.append(Column(OBSERVED_AT, Kind.TIME, missing=Missing.ALLOW))
    return Schema(tuple(columns), timezone=use_case.schema.timezone)


def roles_of(use_case: UseCase, header: tuple[str, ...], named: Named) -> dict[str, str | None]:
    """Role -> the file's column, as named, else by the schema's own name, else by a plain word for it."""
    time = use_case.schema.time
    own = {"entity": use_case.entity or "", "outcome": use_case.target.name, "observed_at": OBSERVED_AT}
    own |= {"time": time.name} if time is not None else {}
    plain = {squeezed(name): name for name in reversed(header)}
    found: dict[str, str | None] = {}
    for role, name in own.items():
        given = getattr(named, role)
        if given is not None and given not in header:
            raise UnknownName("column in the file", given, header)
        words = (name, *_ALIASES[role])
        found[role] = given or next((plain[squeezed(word)] for word in words if squeezed(word) in plain), None)
    return found


def open_outcomes(use_case: UseCase, path: Path, named: Named) -> Source:
    """Open a file of outcomes.

    Raises
    ------
    InputError
        The use case has no entity column, or no column of the file is the entity's or the outcome's.
    """
    schema = outcome_schema(use_case)
    header = open_source(path, schema, {}).header
    roles = roles_of(use_case, header, named)
    names = {"entity": use_case.entity or "", "outcome": use_case.target.name}
    for role, name in names.items():
        if roles[role] is None:
            raise UnknownName(f"{role} column in the file; looked for", name, header)
    time = use_case.schema.time
    targets = {**names, "observed_at": OBSERVED_AT, "time": time.name if time else ""}
    mapping: dict[str, str | None] = dict.fromkeys(header)
    mapping |= {column: targets[role] for role, column in roles.items() if column is not None}
    return open_source(path, schema, mapping, chunk_rows=_CHUNK_ROWS)


def read_outcomes(use_case: UseCase, source: Source, now: datetime, most: int | None = None) -> OutcomeRows:
    """Read and check the rows, all or the first `most`; an outcome seen after `now` is refused."""
    read = OutcomeRows()
    for chunk in source.chunks():
        checked = source.schema.check(chunk.parsed, chunk.n_rows)
        seen = checked.columns[OBSERVED_AT]
        late = np.flatnonzero(to_utc(seen, source.schema.timezone) > np.datetime64(now.replace(tzinfo=None), "us"))
        reject(checked, source.schema[OBSERVED_AT], late, "The outcome was seen after today.")
        read.parts.append((chunk, checked))
        read.tables.append(_typed(use_case, chunk, checked))
        if most is not None and read.n_rows >= most:
            break
    return read


def _typed(use_case: UseCase, chunk: Chunk, checked: Checked) -> pa.Table:
    ok, columns = checked.ok, checked.columns
    time, zone = use_case.schema.time, use_case.schema.timezone
    values = columns[use_case.target.name][ok]
    if outcome_column(use_case).kind is Kind.CATEGORY:
        labels = np.array(use_case.target.classes, dtype=object)
        values = labels[values] if use_case.task is Task.MULTICLASS else values.astype(np.float64)
    kind = pa.string() if use_case.task is Task.MULTICLASS else pa.float64()
    n_rows = int(ok.sum())
    as_of = pa.nulls(n_rows, pa.timestamp("us")) if time is None else _utc(columns[time.name][ok], zone)
    return pa.table(
        {
            "row": chunk.row_numbers[ok],
            "entity": pa.array(columns[use_case.entity or ""][ok], pa.string()),
            "as_of": as_of,
            "outcome": pa.array(values, kind),
            OBSERVED_AT: _utc(columns[OBSERVED_AT][ok], zone),
        }
    )


def _utc(times: Array, zone: str) -> pa.Array:
    return pa.array(to_utc(times, zone), pa.timestamp("us"), mask=np.isnat(times))


def readable(use_case: UseCase, read: OutcomeRows) -> pa.Table:
    """The readable rows: row, entity, as_of and observed_at (UTC), outcome."""
    if read.tables:
        return pa.concat_tables(read.tables).combine_chunks()
    raise InputError(f"The file has no rows of outcomes for {use_case.title}.", "It takes a header and at least one.")


def reject(checked: Checked, column: Column, rows: Array, why: str) -> None:
    """Take rows (positions) out of a check, for this reason."""
    if len(rows):
        checked.violations.append(Violation(column, "outcome", rows, [""] * len(rows), [why] * len(rows)))
        checked.ok[rows] = False
