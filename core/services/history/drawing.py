"""Draw the rows of a simulated history: the generator's rows, dated back from now, with changed inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from core.domain.columns import Array, Columns, Kind
from core.domain.features import Floats
from core.domain.history import DAYS, MONTHS, History, within
from core.domain.schema import Parsed
from core.domain.usecase import Task, UseCase
from core.services.records import Accepted, accept
from core.store.typed import read_column

MARK = "sim-"  # in front of every id, so that nobody takes a simulated row for a real one
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Drawn:
    """The rows of a history, in order of time.

    `seen` is what reaches the desk, `true` what was so in the world: they differ where a feed is broken.
    `residual` is the part of a value's outcome that its inputs do not tell; zero for classes.
    """

    seen: Accepted
    true: Columns
    period: Array
    broken: Array
    residual: Floats

    @property
    def n_rows(self) -> int:
        return self.seen.n_rows


def draw(use_case: UseCase, history: History, seed: int, until: datetime) -> Drawn:
    """The rows of the last six months before `until`; the same arguments give the same rows."""
    assert use_case.synthesize is not None and use_case.schema.time is not None
    table = use_case.synthesize(history.rows * (2 if history.by_month else 1), seed).slice(0, history.rows)
    parsed = _read(use_case, table)
    times = parsed[use_case.schema.time.name].values
    days, period = _days(times, history, until.astimezone(ZoneInfo(use_case.schema.timezone)))
    residual = _residual(use_case, {name: found.values for name, found in parsed.items()}, table)
    for column in use_case.schema:
        found = parsed[column.name]
        if column.kind is Kind.TIME:
            found.values = found.values + (days - times.astype("datetime64[D]"))
        elif column.kind is Kind.ID:
            found.values = np.array([MARK + text for text in found.values], dtype=object)
    order = np.argsort(parsed[use_case.schema.time.name].values, kind="stable")
    parsed = {name: Parsed(found.values[order], found.unread) for name, found in parsed.items()}
    period, residual = period[order], residual[order]
    _shift(use_case, history, parsed, within(period, history.episodes.shifted))
    checked = use_case.schema.check(parsed, len(period))
    ok = checked.ok
    accepted = accept(checked, parsed, np.arange(1, len(period) + 1))
    return _broken(history, accepted, period[ok], residual[ok])


def _read(use_case: UseCase, table: pa.Table) -> dict[str, Parsed]:
    timezone = use_case.schema.timezone
    return {
        column.name: read_column(column, table[column.name].combine_chunks(), timezone) for column in use_case.schema
    }


def _days(times: Array, history: History, until: datetime) -> tuple[Array, Array]:
    """The new day of every row, and its period."""
    today = np.datetime64(until.date(), "D")
    if history.by_month:
        place = np.unique(times.astype("datetime64[M]"), return_inverse=True)[1]
        latest = today.astype("datetime64[M]") - (MONTHS - place)
        return (latest + 1).astype("datetime64[D]") - _DAY, place
    old = times.astype("datetime64[D]")
    first, last = old.min(), old.max()
    new = (old - first).astype(np.int64) * DAYS // int((last - first).astype(np.int64) + 1)
    return today - DAYS * _DAY + new * _DAY, new // 7


def _residual(use_case: UseCase, columns: Columns, table: pa.Table) -> Floats:
    if use_case.task is not Task.REGRESSION:
        return np.zeros(len(table))
    assert use_case.truth is not None
    values = table[use_case.target.name].to_numpy(zero_copy_only=False).astype(np.float64)
    return np.asarray(values - use_case.truth(columns))


def _shift(use_case: UseCase, history: History, parsed: Mapping[str, Parsed], rows: Array) -> None:
    """Raise both shifted columns on some rows, inside what the schema allows."""
    for name in history.shifted:
        column, values = use_case.schema[name], parsed[name].values
        step = history.episodes.shift_sd * np.nanstd(values)
        moved = np.where(rows, values + step, values)
        if column.kind is Kind.COUNT:  # whole numbers whose mean moves by the step, not by the rounded step
            moved = np.where(rows, np.floor(moved + np.arange(len(moved)) * 0.6180339887 % 1.0), values)
        parsed[name].values = np.clip(moved, column.minimum, column.maximum)


def _broken(history: History, accepted: Accepted, period: Array, residual: Floats) -> Drawn:
    """One column arrives with its smallest value throughout, in the first seventh of a period."""
    name = history.shifted[0]
    inside = np.flatnonzero(period == history.episodes.broken)
    broken = np.zeros(accepted.n_rows, dtype=bool)
    broken[inside[: len(inside) // 7]] = True
    true = accepted.columns
    arrived = np.where(broken, np.nanmin(true[name]), true[name])
    return Drawn(replace(accepted, columns=true | {name: arrived}), true, period, broken, residual)


def part(accepted: Accepted, rows: Array) -> Accepted:
    """Some rows, numbered from 1 as in a file of their own; `rows` holds ascending positions."""
    taken = pa.array(rows)
    place = {int(row): new for new, row in enumerate(rows)}
    return Accepted(
        columns={name: values[rows] for name, values in accepted.columns.items()},
        row_numbers=np.arange(1, len(rows) + 1),
        n_rows=len(rows),
        other_texts={
            name: {place[row]: text for row, text in texts.items() if row in place}
            for name, texts in accepted.other_texts.items()
        },
        imputed=accepted.imputed.take(taken),
        other=accepted.other.take(taken),
        n_imputed=accepted.n_imputed,
    )
