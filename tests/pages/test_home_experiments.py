"""Home names an experiment that was rolled back, for a week and to those who see the models."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.services.access import Role
from core.store.ledger_registry import ExperimentRecord
from core.ui import state

from .conftest import OpenPage

KEY = "lead_scoring"


def rolled_back(name: str, days_ago: float) -> None:
    at = datetime.now(UTC) - timedelta(days=days_ago)
    spec = {"name": name, "arms": ["champion", "challenger"], "stages": [[0.9, 0.1]]}
    facts = ("test", at - timedelta(days=2), "Rita", spec, "rolled back", 0, at - timedelta(days=2), at)
    state.desk().ledger.add_experiment(ExperimentRecord(name, KEY, *facts))


@pytest.mark.parametrize(("role", "sees"), [(Role.RISK, True), (Role.SALES, False)])
def test_a_rollback_of_this_week_is_named(open_page: OpenPage, role: Role, sees: bool) -> None:
    open_page("trained", "home.py", KEY)
    rolled_back("Old calls", 9)
    rolled_back("New calls", 1)
    app = open_page("trained", "home.py", KEY, role)
    said = " ".join(element.value for element in app.markdown)
    assert ("New calls was rolled back" in said) is sees
    assert "Old calls" not in said
