"""New categories: silent on known levels, fires for refused levels by name, not applicable on few rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.domain.alert import Severity, State
from core.domain.columns import Unseen
from core.services.alerting.rules.new_categories import RULE, check
from core.services.desk import Desk

from .trained import Row, score_rows

KEY = "lead_scoring"


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=5)


def test_stays_silent(desk: Desk, tmp_path: Path) -> None:
    score_rows(desk, tmp_path, KEY)
    readings = check(desk, desk.use_case(KEY), soon(), RULE.terms)
    assert {reading.about: reading.state for reading in readings} == dict.fromkeys(
        ("company_size", "industry", "referral_source"), State.OK
    )


def test_fires_with_the_names_that_several_rows_share(desk: Desk, tmp_path: Path) -> None:
    def told(place: int, row: Row) -> Row:
        level = "Fair" if place % 10 == 0 else f"Mr {place}" if place % 10 == 1 else row["referral_source"]
        return row | {"referral_source": level}

    score_rows(desk, tmp_path, KEY, told)
    [breach] = [
        reading for reading in check(desk, desk.use_case(KEY), soon(), RULE.terms) if reading.state is State.BREACH
    ]
    assert (breach.about, breach.severity, breach.value) == ("referral_source", Severity.CRITICAL, 0.2)
    assert "('Fair')" in breach.sentence
    assert "Mr " not in breach.sentence


def test_levels_scored_as_other(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    score_rows(desk, tmp_path, KEY)
    use_case = desk.use_case(KEY)
    columns = tuple(
        replace(column, unseen=Unseen.OTHER) if column.name == "industry" else column for column in use_case.schema
    )
    open_list = replace(use_case, schema=replace(use_case.schema, columns=columns))

    def unseen(_: Any, column: str, *__: Any) -> dict[str, int]:
        return {"Space travel": 30} if column == "industry" else {}

    monkeypatch.setattr(desk.log, "unseen", unseen)
    [breach] = [item for item in check(desk, open_list, soon(), RULE.terms) if item.state is State.BREACH]
    assert (breach.about, breach.value) == ("industry", 0.1)
    assert "'Space travel'" in breach.sentence


def test_not_applicable(desk: Desk, tmp_path: Path) -> None:
    use_case = desk.use_case(KEY)
    assert check(desk, use_case, soon(), RULE.terms)[0].state is State.NOT_APPLICABLE
    score_rows(desk, tmp_path, KEY, n=60)
    assert check(desk, use_case, soon(), RULE.terms)[0].sentence == "Not enough rows: 60 of 170."
    numbers = tuple(column for column in use_case.schema if not column.kind.is_coded)
    bare = replace(use_case, schema=replace(use_case.schema, columns=numbers))
    assert "holds categories" in check(desk, bare, soon(), RULE.terms)[0].sentence
