"""Tables as they are shown become CSV in which no text is a formula."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from core.services.auditing.handing_out import csv_of


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"Who": ["=HYPERLINK(1)", "Ana"], "n": [-3, None]}),
        [{"Who": "=HYPERLINK(1)", "n": -3}, {"Who": "Ana"}],
        {"Who": ["=HYPERLINK(1)", "Ana"], "n": [-3, None]},
    ],
    ids=["arrow", "rows", "columns"],
)
def test_every_kind_of_table(table: object) -> None:
    assert list(csv.reader(io.StringIO(csv_of(table)))) == [["Who", "n"], ["'=HYPERLINK(1)", "-3"], ["Ana", ""]]


def test_lists_times_and_titles() -> None:
    said = csv_of([{"=a": ["+1 a", "b"], "at": datetime(2026, 5, 4, tzinfo=UTC), "yes": True}])
    assert said.splitlines() == ["'=a,at,yes", "'+1 a; b,2026-05-04T00:00:00+00:00,True"]
