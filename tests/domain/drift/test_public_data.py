"""Public data replayed in time order: a shop that stays as it is, a bank through a crisis, loans through another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import csv

from core.domain.columns import OTHER
from core.domain.drift.bins import Bins, Counted, Of, count_levels, count_numbers, level_bins, number_bins
from core.domain.drift.entities import rows_of
from core.domain.drift.judgement import Finding, Level, Limits, judge

pytestmark = pytest.mark.real_data
RealData = Callable[[str], Path]


def read(path: Path, delimiter: str = ",", encoding: str = "utf8") -> pa.Table:
    return csv.read_csv(path, csv.ReadOptions(encoding=encoding), csv.ParseOptions(delimiter=delimiter))


def judged(table: pa.Table, columns: list[str], half: int, who: str | None = None) -> dict[str, Finding]:
    """The rows after the first `half` against those; `who` names what repeats."""
    before, now = table.slice(0, half), table.slice(half)
    held, rows = (rows_of(None if who is None else np.array(side[who]), len(side)) for side in (before, now))
    pairs = [both(name, before[name], now[name]) for name in columns]
    bins = [replace(item, design=held.n / held.n_effective) for item, _ in pairs]
    return {item.name: item for item in judge(bins, [counted for _, counted in pairs], rows, Limits())}


def both(name: str, before: pa.ChunkedArray, now: pa.ChunkedArray) -> tuple[Bins, Counted]:
    if not pa.types.is_string(before.type):
        as_floats = [np.array(side.cast(pa.float64())) for side in (before, now)]
        bins = number_bins(name, Of.RAW, as_floats[0])
        return bins, count_numbers(bins, as_floats[1])
    levels = sorted(pc.unique(before).to_pylist())
    codes = [np.array([levels.index(v) if v in levels else OTHER for v in side.to_pylist()]) for side in (before, now)]
    bins = level_bins(name, Of.RAW, levels, codes[0])
    return bins, count_levels(bins, codes[1])


def test_a_shop_that_stays_as_it_is_stays_quiet(real_data: RealData) -> None:
    table = read(real_data("superstore.csv"), encoding="latin1")
    days = pc.strptime(table["Order Date"], "%m/%d/%Y", "s")
    table = table.append_column("day", days).sort_by("day")
    columns = ["Ship Mode", "Segment", "Region", "Category", "Sub-Category", "Sales", "Quantity", "Discount", "Profit"]
    columns += ["State", "City"]
    found, by_line = (judged(table, columns, len(table) // 2, who) for who in ("Order ID", None))
    assert {item.level for name, item in found.items() if name != "City"} == {Level.QUIET}
    assert found["City"].level is Level.TOO_FEW and found["City"].psi > 0.25, "hundreds of cities need more orders"
    assert "New: " in found["City"].aside[0] and "chance" in found["City"].aside[0]
    assert by_line["City"].level.raised, "the lines of one order are no independent rows"


def test_a_bank_through_the_crisis_is_named_by_its_rates(real_data: RealData) -> None:
    table = read(real_data("bank_marketing_additional_full.csv"), delimiter=";")
    columns = [name for name in table.column_names if name not in ("y", "duration")]
    found = judged(table, columns, int(len(table) * 0.6))
    rates = ("emp.var.rate", "cons.price.idx", "cons.conf.idx", "euribor3m", "nr.employed")
    assert all(found[name].level is Level.SIGNIFICANT and found[name].psi > 1 for name in rates)
    assert found["day_of_week"].level is Level.QUIET
    assert "cellular" in table["contact"].to_pylist() and found["contact"].level is Level.SIGNIFICANT
