"""Cases are kept, found by use case, and the simulated ones go together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from core.store.ledger import Ledger
from core.store.ledger_tables import CaseRecord

AT = datetime(2026, 11, 21, 10, tzinfo=UTC)
REAL = CaseRecord("c1", "lead_scoring", AT, "Sam", "Why was this lead left?", prediction_id="ab" * 16)
SIMULATED = CaseRecord(
    "c2", "bnpl_default", AT.replace(hour=12), "Sam", "Why?", period_from=AT, period_to=AT, simulated=True,
    planted_cause="data",
)  # fmt: skip


def test_cases_are_kept_and_the_simulated_ones_cleared(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.open_cases([REAL, SIMULATED])
    assert ledger.cases() == [SIMULATED, REAL]
    assert ledger.cases("lead_scoring") == [REAL]
    with pytest.raises(IntegrityError):
        ledger.open_cases([replace(REAL, id="c3"), REAL])
    assert len(ledger.cases()) == 2, "all of them or none"
    assert ledger.clear_simulated_cases() == 1
    assert ledger.cases() == [REAL]
    ledger.close()
