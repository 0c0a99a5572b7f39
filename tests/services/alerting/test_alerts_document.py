"""docs/alerts.md has a row for every rule, made from the rule itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.services.alerting.rule import Rule, rules
from core.ui import alert_words

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "alerts.md").read_text()


def row(rule: Rule) -> str:
    limits = [said for said in alert_words.terms(rule, rule.terms) if said.startswith(("Above", "Below"))]
    needed, of = rule.terms.persistence
    opens = "at once" if (needed, of) == (1, 1) else f"{needed} of {of} {rule.counts}"
    compares = " ".join([rule.watches, *limits])
    return f"| {rule.title} | {rule.over} | {compares} | {opens} | {alert_words.stretch(rule.terms.every)} |"


@pytest.mark.parametrize("key", rules())
def test_every_rule_has_its_row(key: str) -> None:
    assert row(rules()[key]) in DOCUMENT, f"docs/alerts.md needs the line: {row(rules()[key])}"


def test_no_rule_is_there_that_is_none() -> None:
    titles = {rule.title for rule in rules().values()}
    named = {line.split(" | ")[0].removeprefix("| ") for line in DOCUMENT.splitlines() if line.startswith("| ")}
    assert named - {"rule"} == titles
