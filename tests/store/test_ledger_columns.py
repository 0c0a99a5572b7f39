"""A ledger that was made before cases had a state opens, and keeps what it holds."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import UnknownName
from core.store.ledger import Ledger
from core.store.ledger_tables import CaseRecord, PreventionRecord

AT = datetime(2026, 11, 21, 10, tzinfo=UTC)
OLD = """
CREATE TABLE cases (
    id VARCHAR NOT NULL, use_case VARCHAR NOT NULL, opened_at DATETIME NOT NULL, opened_by VARCHAR NOT NULL,
    prediction_id VARCHAR, period_from DATETIME, period_to DATETIME, text VARCHAR NOT NULL, simulated BOOLEAN NOT NULL,
    planted_cause VARCHAR, PRIMARY KEY (id));
INSERT INTO cases VALUES ('c1', 'lead_scoring', '2026-11-21 10:00:00.000000', 'Sam', NULL, NULL, NULL, 'Why?', 0, NULL);
"""


def test_an_older_ledger_opens(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(OLD)
    connection.close()
    for _ in range(2):  # the second time nothing is missing
        ledger = Ledger(path)
        assert ledger.cases() == [CaseRecord("c1", "lead_scoring", AT, "Sam", "Why?")]
        ledger.close()
    ledger = Ledger(path)
    ledger.update_case("c1", state="proposed", proposal={"cause": "data"})
    assert ledger.case("c1").state == "proposed" and ledger.case("c1").proposal == {"cause": "data"}
    ledger.close()


def test_what_was_complained_about_never_changes(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.open_cases([CaseRecord("c1", "lead_scoring", AT, "Sam", "Why?")])
    with pytest.raises(ValueError, match="text"):
        ledger.update_case("c1", text="Never mind.")
    with pytest.raises(UnknownName):
        ledger.update_case("c2", state="closed")
    ledger.close()


def test_prevention_is_found_by_kind_and_goes_with_a_simulated_case(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    real, drawn = (CaseRecord(name, "lead_scoring", AT, "Sam", "Why?", simulated=name == "s") for name in ("r", "s"))
    ledger.open_cases([real, drawn])
    items = [
        PreventionRecord(f"p{case}", case, "lead_scoring", kind, "Watch.", "Ana", AT.date(), "open", AT, "Rita")
        for case, kind in (("r", "alert"), ("s", "retraining"))
    ]
    for item in items:
        ledger.add_prevention(item)
    assert ledger.prevention() == items
    assert ledger.prevention(kind="alert") == ledger.prevention(case_id="r") == items[:1]
    assert ledger.prevention(use_case="bnpl_default") == []
    assert ledger.clear_simulated_cases() == 1
    assert ledger.prevention() == items[:1]
    ledger.close()
