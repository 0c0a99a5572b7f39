"""The rows a retraining may use: mature, labelled, of one kind, counted before they are taken out of the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.domain.columns import Array
from core.domain.records import raw_table
from core.domain.usecase import Task, UseCase
from core.errors import InputError
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.judging import outcomes
from core.services.kept import kept
from core.services.rebuilding.retraining_order import Limits, Rows, too_little, window
from core.services.reference import parsed_columns, with_zone
from core.services.training import Labelled
from core.store.log_schema import raw_names

OUTCOME, AT = "ringside_outcome", "ringside_as_of"  # beside the raw columns of an extract


@dataclass(frozen=True)
class Supply:
    """The labelled rows of one kind in the window, and what is still missing."""

    rows: Rows
    n_rows: int
    n_rarest: int | None  # rows of the smallest class; None for values
    first: date | None
    last: date | None
    lacks: str  # in words; "" where there is enough

    @property
    def days(self) -> int:
        """From the first row to the last."""
        return (self.last - self.first).days + 1 if self.first and self.last else 0


def supplies(
    desk: Desk, actor: Actor, key: str, limits: Limits | None = None, now: datetime | None = None
) -> dict[Rows, Supply]:
    """What the log holds for a retraining, logged and simulated rows apart."""
    require(actor, Action.SEE_MODELS)
    use_case, at, asked = desk.use_case(key), now or datetime.now(UTC), limits or Limits()
    mark = ("retraining supply", asked, at.date(), *desk.log.water_mark(use_case))

    def counted() -> dict[Rows, Supply]:
        table = _labelled(desk, use_case, asked, at, ["batch"])
        return {rows: _supply(use_case, part, rows, asked) for rows, part in _apart(desk, table).items()}

    return kept(desk, use_case, mark, counted)


def _labelled(desk: Desk, use_case: UseCase, limits: Limits, at: datetime, columns: list[str]) -> pa.Table:
    since, until = window(use_case, limits, at)
    table = desk.log.judged_arms(use_case, at, [], since=since, until=until, columns=columns)
    known = ~np.isnan(outcomes(use_case, table["outcome"]))
    return table.filter(pa.array(known & table["mature"].to_numpy(zero_copy_only=False).astype(bool)))


def _apart(desk: Desk, table: pa.Table) -> dict[Rows, pa.Table]:
    drawn = np.isin(table["batch"].to_numpy(), list(desk.log.simulated_batches()))
    return {Rows.LOGGED: table.filter(pa.array(~drawn)), Rows.SIMULATED: table.filter(pa.array(drawn))}


def _supply(use_case: UseCase, table: pa.Table, rows: Rows, limits: Limits) -> Supply:
    days = table["as_of"].to_numpy().astype("datetime64[D]")
    first, last = (days.min().astype(date), days.max().astype(date)) if len(days) else (None, None)
    span = (last - first).days + 1 if first and last else 0
    rarest = None
    if use_case.task is not Task.REGRESSION:
        codes = outcomes(use_case, table["outcome"]).astype(np.int64)
        rarest = int(np.bincount(codes, minlength=len(use_case.target.classes)).min())
    return Supply(rows, table.num_rows, rarest, first, last, too_little(use_case, table.num_rows, span, limits))


def extract(desk: Desk, use_case: UseCase, rows: Rows, limits: Limits, path: Path) -> None:
    """Write the labelled rows of one kind to a Parquet file, oldest first, for a process of its own to train on.

    Raises
    ------
    InputError
        There are fewer rows, or over a shorter time, than the limits ask for; the counts are in the message.
    """
    stored = raw_names(use_case)
    table = _labelled(desk, use_case, limits, datetime.now(UTC), ["batch", *stored.values()])
    mine = _apart(desk, table)[rows]
    lacks = _supply(use_case, mine, rows, limits).lacks
    if lacks:
        raise InputError(
            f"There are too few {rows} rows to retrain on: {lacks}.",
            "Bring outcomes, wait, or lower the limits and say why.",
        )
    columns = {name: mine[stored[name]] for name in use_case.schema.names}
    columns |= {OUTCOME: pa.array(outcomes(use_case, mine["outcome"])), AT: mine["as_of"]}
    pq.write_table(pa.table(columns), path)


def read_extract(use_case: UseCase, path: Path) -> tuple[Labelled, Array]:
    """What `extract` wrote, typed and checked as it was when it was scored, and when each row happened (UTC)."""
    table = pq.read_table(path)
    raw = with_zone(table.select(list(use_case.schema.names)))
    checked = use_case.schema.check(parsed_columns(use_case.schema, raw), raw.num_rows)
    target = table[OUTCOME].to_numpy()[checked.ok]
    columns = {name: values[checked.ok] for name, values in checked.columns.items()}
    rows = raw_table(use_case.schema, columns).append_column(use_case.target.name, _as_text(use_case, target))
    n_bad = int((~checked.ok).sum())
    labelled = Labelled(columns, target, rows, raw.num_rows, n_bad, 0)
    return labelled, table[AT].to_numpy()[checked.ok].astype("datetime64[us]")


def _as_text(use_case: UseCase, target: Any) -> pa.Array:
    """Outcomes as a labelled file writes them."""
    if use_case.task is Task.REGRESSION:
        return pa.array([repr(float(value)) for value in target], pa.string())
    return pa.array([use_case.target.classes[int(code)] for code in target], pa.string())
