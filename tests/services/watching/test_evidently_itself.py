"""Evidently for real, once: what the page says of its tests is so, with numbers, beside ours on the same rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from core.bridges import evidently
from core.bridges.evidently import CATEGORY, NUMBER, ColumnDrift
from core.domain.columns import Array
from core.domain.drift.bins import Bins, Counted, Of, Rows, count_levels, count_numbers, level_bins, number_bins
from core.domain.drift.judgement import Finding, Limits, judge

N, QUIET = 1_000, 60
LEVELS = ("a", "b", "c", "d")


@dataclass(frozen=True)
class Both:
    """What either says of the same columns."""

    theirs: dict[str, ColumnDrift]
    ours: dict[str, Finding]
    stages: set[str]
    page: str


def items(then: dict[str, Array], now: dict[str, Array]) -> list[tuple[Bins, Counted]]:
    found = []
    for name, values in then.items():
        if values.dtype == np.int16:
            bins = level_bins(name, Of.RAW, LEVELS, values)
            found.append((bins, count_levels(bins, now[name])))
        else:
            bins = number_bins(name, Of.RAW, values)
            found.append((bins, count_numbers(bins, now[name])))
    return found


def table(columns: dict[str, Array]) -> pa.Table:
    texts = {name: np.array(LEVELS)[values] for name, values in columns.items() if values.dtype == np.int16}
    return pa.table({name: pa.array(texts.get(name, values), from_pandas=True) for name, values in columns.items()})


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    folder, rng = tmp_path_factory.mktemp("evidently"), np.random.default_rng(5)
    then: dict[str, Array] = {"tail": rng.lognormal(0, 2.0, N), "emptied": rng.normal(size=N)}
    now: dict[str, Array] = {"tail": 3 * rng.lognormal(0, 2.0, N), "emptied": rng.normal(size=N)}
    now["emptied"][rng.random(N) < 0.5] = np.nan
    for place in range(QUIET):
        then[f"quiet {place}"], now[f"quiet {place}"] = rng.integers(0, 4, (2, N)).astype(np.int16)
    for name, columns in ((evidently.CURRENT, now), (evidently.REFERENCE, then)):
        parquet.write_table(table(columns), folder / name)
    stages: set[str] = set()
    kinds = {name: CATEGORY if values.dtype == np.int16 else NUMBER for name, values in then.items()}
    said = evidently.make(folder, kinds, lambda stage, share: stages.add(stage))
    told = items(then, now)
    found = judge([bins for bins, _ in told], [counted for _, counted in told], Rows(N, N, N), Limits())
    page = (folder / evidently.REPORT).read_text(encoding="utf-8")
    return Both({item.column: item for item in said}, {item.name: item for item in found}, stages, page)


pytestmark = pytest.mark.slow


def test_a_page_comes_out_that_asks_nobody_for_anything(both: Both) -> None:
    assert "<html" in both.page[:200] and "tail" in both.page
    assert set(both.theirs) == set(both.ours)
    assert {item.method for item in both.theirs.values()} == {"psi", "chisquare"}
    assert "Importing Evidently" in both.stages
    assert not [mark for mark in ("<script src=", "<link ", "googleapis") if mark in both.page]


def test_bins_of_equal_width_do_not_see_a_tail_that_tripled(both: Both) -> None:
    assert both.theirs["tail"].value < 0.1 and not both.theirs["tail"].drifted
    assert both.ours["tail"].psi > 0.2 and both.ours["tail"].level.raised


def test_one_sample_chi_square_calls_quiet_columns_drifted(both: Both) -> None:
    theirs = sum(item.drifted for name, item in both.theirs.items() if name.startswith("quiet"))
    ours = [item for name, item in both.ours.items() if name.startswith("quiet")]
    assert theirs / QUIET > 0.15, "against 5 % that its level promises"
    assert sum(item.chi2_p < 0.05 for item in ours) / QUIET < 0.12
    assert not any(item.level.raised for item in ours)


def test_missing_values_are_dropped(both: Both) -> None:
    assert not both.theirs["emptied"].drifted
    found = both.ours["emptied"]
    assert found.level.raised and found.missing_now == pytest.approx(0.5, abs=0.05) and (found.missing_p or 1) < 1e-9
