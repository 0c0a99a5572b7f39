"""docs/alerts.md names every rule, with what it compares."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.services.alerting.rule import rules

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "alerts.md").read_text()


@pytest.mark.parametrize("key", rules())
def test_every_rule_is_there(key: str) -> None:
    rule = rules()[key]
    assert f"| {rule.title} | {rule.over} | {rule.watches}" in DOCUMENT
