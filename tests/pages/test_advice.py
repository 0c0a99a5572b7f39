"""What a use case recommends for one row stands beside its score, and nowhere else."""

from __future__ import annotations

import pytest

from core.usecases import builtin

from .conftest import OpenPage
from .test_score_one import SCRIPT, press_score, said


@pytest.mark.parametrize("key", [key for key, case in builtin().items() if case.advice is None])
def test_a_use_case_without_advice_has_no_card(open_page: OpenPage, key: str) -> None:
    app = press_score(open_page("trained", SCRIPT, key))
    assert app.metric and "**Recommended**" not in said(app)


def test_a_debtors_card_names_channel_urgency_hours_strategy_and_recovery(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, "debt_repayment")
    assert "**Recommended**" not in said(app)
    press_score(app)
    assert "**Recommended**" in said(app)
    lines = [element.value for element in app.markdown if "-badge[" in element.value]
    for topic in ("Urgency", "Channel", "Best hours", "Strategy", "Expected recovery"):
        assert sum(f" {topic}]" in line for line in lines) == 1, topic
