"""The realised figure is kept as it was read last, and only where it could be told."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from core.config import Settings
from core.domain.maturity import Maturity
from core.domain.metrics.measured import Measured
from core.services.desk import Desk, open_desk
from core.services.realised import NAME, remember, remembered


@pytest.fixture
def bare(home: Any) -> Iterator[Desk]:
    opened = open_desk(Settings(home=home))
    yield opened
    opened.close()


def read(value: float, day: date = date(2026, 3, 2)) -> Any:
    """What the performance page has read."""
    found = Measured("auc", value, value - 0.01, value + 0.01, 900, 100, "DeLong")
    return SimpleNamespace(
        use_case="lead_scoring",
        champion="lightgbm",
        metrics=("auc", "brier"),
        overall={"auc": {"lightgbm": found, "ridge": None}},
        maturity=Maturity(3_000, 1_000, 900),
        known_on=day,
    )


def test_the_last_reading_stands(bare: Desk) -> None:
    assert remembered(bare) == {}
    remember(bare, "v1", read(0.71))
    remember(bare, "v1", read(0.72, date(2026, 3, 9)))
    found = remembered(bare)["lead_scoring"]
    assert (found.metric, found.value, found.known_on) == ("auc", 0.72, date(2026, 3, 9))
    assert (found.champion, found.version, found.enough) == ("lightgbm", "v1", True)
    assert (found.n, found.n_mature, found.n_rows) == (900, 1_000, 3_000)


def test_a_figure_that_cannot_be_told_replaces_nothing(bare: Desk) -> None:
    remember(bare, "v1", read(0.71))
    remember(bare, "v1", read(math.nan))
    nobody = read(0.9)
    nobody.champion = "ridge"
    remember(bare, "v1", nobody)
    assert remembered(bare)["lead_scoring"].value == 0.71


def test_the_same_reading_writes_nothing(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    remember(bare, "v1", read(0.71))
    monkeypatch.setattr(bare.ledger, "keep_figure", lambda *args: pytest.fail("written again"))
    remember(bare, "v1", read(0.71))


def test_what_an_older_desk_kept_otherwise_is_left_out(bare: Desk) -> None:
    remember(bare, "v1", read(0.71))
    value = bare.ledger.kept_figures(NAME)["lead_scoring"]
    bare.ledger.keep_figure("lead_scoring", NAME, datetime(2026, 3, 2, tzinfo=UTC), {"metric": value["metric"]})
    assert remembered(bare) == {}
