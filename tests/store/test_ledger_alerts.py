"""Alerts are kept, one open per rule, subject and part; simulated ones go together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import InputError, UnknownName
from core.store.ledger import Ledger
from core.store.ledger_alert_tables import AlertRecord, LookRecord, ReadingRecord, RuleTermsRecord

AT = datetime(2026, 11, 21, 10, tzinfo=UTC)
ALERT = AlertRecord(
    "a1", "rejects", "lead_scoring", "", "warning", "open", "12 % rejected.", 0.12, 0.05, 900, AT, AT
)  # fmt: skip


def test_one_open_alert_per_part(ledger: Ledger) -> None:
    ledger.add_alert(ALERT)
    with pytest.raises(InputError, match="is open for the same"):
        ledger.add_alert(replace(ALERT, id="a2"))
    ledger.add_alert(replace(ALERT, id="a3", about="Age"))
    closed = ledger.change_alert("a1", state="closed", closed_at=AT, closed_by="Rita", closed_reason="repaired")
    assert ledger.alert("a1") == closed
    ledger.add_alert(replace(ALERT, id="a2", opened_at=AT + timedelta(hours=1)))
    assert [alert.id for alert in ledger.alerts(open_only=True)] == ["a2", "a3"]
    assert [alert.id for alert in ledger.alerts(subject="lead_scoring")] == ["a2", "a1", "a3"]
    assert ledger.alerts(subject="bnpl_default") == []
    with pytest.raises(UnknownName):
        ledger.change_alert("a9", owner="Rita")


def test_looks_and_readings(ledger: Ledger) -> None:
    reading = ReadingRecord(AT, "rejects", "lead_scoring", "", "ok", 0.01, 0.05, 900, None, "In order.")
    later = replace(reading, at=AT + timedelta(hours=1), state="breach", severity="warning")
    ledger.add_readings([reading, later, replace(reading, about="Age")])
    ledger.add_readings([])
    assert ledger.readings("rejects", "lead_scoring", "") == [reading, later]
    assert ledger.readings("rejects", "lead_scoring", "", limit=1) == [later]
    assert ledger.drop_readings(AT + timedelta(minutes=1)) == 2
    look = LookRecord("rejects", "lead_scoring", "", False, AT, "ok", 0.01, 0.05, 900, "In order.")
    ledger.keep_looks([look])
    ledger.keep_looks([replace(look, marks="."), replace(look, simulated=True)])
    assert ledger.looks(rule="rejects", simulated=False) == [replace(look, marks=".")]
    ledger.hush("rejects", "lead_scoring", "", "critical")
    assert {found.hushed for found in ledger.looks(subject="lead_scoring")} == {"critical"}


def test_terms_that_people_set(ledger: Ledger) -> None:
    record = RuleTermsRecord("rejects", "", {"limit": 0.1}, AT, "Rita", "files of a new partner")
    ledger.set_rule_terms(record)
    ledger.set_rule_terms(replace(record, subject="lead_scoring", terms={"on": False}))
    ledger.set_rule_terms(replace(record, terms={"limit": 0.2}))
    assert [(found.subject, found.terms) for found in ledger.rule_terms()] == [
        ("", {"limit": 0.2}), ("lead_scoring", {"on": False})
    ]  # fmt: skip
    ledger.set_rule_terms(replace(record, terms={}))
    assert [found.subject for found in ledger.rule_terms()] == ["lead_scoring"]


def test_simulated_alerts_go_together(ledger: Ledger) -> None:
    ledger.add_alert(ALERT)
    ledger.add_alert(replace(ALERT, id="a2", about="Age", simulated=True))
    reading = ReadingRecord(AT, "rejects", "bnpl_default", "", "ok", None, None, None, None, "In order.", True)
    ledger.add_readings([reading, replace(reading, simulated=False)])
    look = LookRecord("rejects", "bnpl_default", "", False, AT, "ok", None, None, None, "In order.")
    ledger.keep_looks([look, replace(look, simulated=True), replace(look, subject="lead_scoring")])
    assert ledger.clear_simulated_alerts(["bnpl_default"]) == 1
    assert [alert.id for alert in ledger.alerts()] == ["a1"]
    assert len(ledger.readings("rejects", "bnpl_default", "")) == 1
    assert [found.subject for found in ledger.looks()] == ["lead_scoring"]
