"""The compliance report tells what is on record of a period: as values, as HTML, from the terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core import cli
from core.errors import InputError, NotPermitted
from core.services import access
from core.services.access import LOCAL_PEOPLE, Role
from core.services.auditing import noting, report, report_figures, report_groups, report_html
from core.services.auditing.report_part import Part
from core.services.backing_up import backups
from core.services.desk import Desk
from core.store.ledger_alert_tables import AlertRecord
from core.store.ledger_registry import ApprovalRecord, PromotionRecord

from .conftest import LEADS, Tamper

AUDE, ANA = LOCAL_PEOPLE[Role.AUDITOR], LOCAL_PEOPLE[Role.ANALYST]
DAY = datetime(2026, 3, 5, 10, tzinfo=UTC)
NOW = datetime(2026, 3, 20, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[3]
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def desk(bare: Desk) -> Iterator[Desk]:
    evidence = {
        "verdict": {"decision": "Promote", "reason": "better by 0.02", "checks": []},
        "gate": [{"name": "AUC of 0.75", "state": "met", "sentence": "auc 0.81, n = 900."}],
        "risk": {"score": 0.31, "factors": []},
        "needs": ["risk"],
        "against": None,
    }
    record = PromotionRecord("p1", LEADS, "v2", "lightgbm", "plan1", DAY, "Rita (risk)", EVIL, evidence)
    bare.ledger.add_promotion(record)
    bare.ledger.add_approval(ApprovalRecord("p1", DAY, "Rita (risk)", "risk", True, "it is mine"))
    bare.ledger.close_promotion("p1", "promoted", DAY + timedelta(hours=1))
    say = {"actor": "Rita (risk)", "role": "risk", "via": "page"}
    before, after = {"number": 1, "policy": {"cutoffs": [0.2]}}, {"number": 2, "policy": {"cutoffs": [0.3]}}
    bare.ledger.record(
        at=DAY, **say, action="publish policy", subject=f"{LEADS} policy", before=before, after=after, reason="why not"
    )
    bare.ledger.record(at=DAY - timedelta(days=60), **say, action="publish policy", subject="before the period")
    bare.ledger.record(
        at=DAY, actor="nobody", role="none", via="page", action="sign-in failed", subject="person x", result="from ::1"
    )
    bare.ledger.record(at=DAY, **say, action="sign in", subject="person Rita", result="by password")
    noting.opened(bare, ANA, f"{LEADS} 0af1", "why", now=DAY)
    noting.downloaded(bare, ANA, f"{LEADS} v1", what="model card, HTML", now=DAY)
    yield bare


def parts_of(desk: Desk) -> dict[str, Part]:
    found = report.report(desk, AUDE, date(2026, 3, 1), date(2026, 3, 15), NOW)
    return {part.title: part for part in found.parts}


def test_every_part_counts_what_is_on_record(desk: Desk) -> None:
    parts = parts_of(desk)
    asked = parts["Promotions and their evidence"]
    promotion = dict(zip(asked.header, asked.rows[0], strict=True))
    assert promotion["Model"] == "v2 lightgbm" and promotion["Asked for"].startswith("Rita (risk), 2026-03-05 10:00")
    for said in ("verdict Promote: better by 0.02", "AUC of 0.75 met: auc 0.81, n = 900.", "risk 0.31"):
        assert said in promotion["Evidence"]
    assert parts["Approvals"].rows[0][-1] == "SELF-APPROVED" and parts["Approvals"].said.startswith("1 of 1")
    policy = parts["Policy changes, before and after"]
    assert policy.n == 1 and "policy.cutoffs: 0.2 to 0.3" in policy.rows[0][5] and policy.rows[0][6] == "why not"
    assert parts["People, roles, sign-ins and tokens"].n == 1
    people = parts["Access by person and role"]
    access = {row[0]: dict(zip(people.header, row, strict=True)) for row in people.rows}
    assert access["Rita (risk)"]["Signed in"] == "1" and access["nobody"]["Turned away"] == "1"
    assert access[ANA.name]["Records opened"] == "1" and access[ANA.name]["Files taken"] == "1"
    assert parts["The chain of events"].n == 6 and "hold" in parts["The chain of events"].said
    assert parts["Backups, drills, restores and moves"].said == "None in this period."


def test_alerts_and_backups_of_the_period(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    facts: dict[str, Any] = {"state": "open", "sentence": EVIL, "value": 0.3, "limit": 0.2, "n": 1_200}
    for number, at in enumerate((DAY, NOW)):
        seen: dict[str, Any] = {"about": f"score{number or ''}", "severity": "high", "opened_at": at, "last_seen": at}
        desk.ledger.add_alert(AlertRecord(f"a{number}", "score_drift", LEADS, **seen, **facts))
    facts = {"event_seq": 3, "event_hash": "ab" * 32, "verified": True, "damaged": False}
    kept = [SimpleNamespace(id="b1", made_at=DAY, reason="hourly", n_rows=4_000, **facts)]
    parts = parts_of(desk)
    assert parts["Drift and other alerts"].rows[0][:6] == (
        "2026-03-05 10:00 UTC", "score drift", f"{LEADS} score", "high", "open", "nobody",
    )  # fmt: skip
    assert parts["Drift and other alerts"].n == 1 and parts["Drift and other alerts"].said == "1 high."
    monkeypatch.setattr(backups, "listed", lambda settings: kept)
    head = "ab" * 32
    row = report_figures.backups(desk, DAY, NOW).rows[0]
    assert row == ("2026-03-05 10:00 UTC", "b1", "hourly", "4,000", "3", head, "whole")


def test_a_broken_chain_stands_at_the_top(desk: Desk, tamper: Tamper) -> None:
    tamper(desk, "UPDATE events SET reason = 'other' WHERE seq = 2")
    assert parts_of(desk)["The chain of events"].said.startswith("BROKEN at event 2 (content)")


def test_making_it_is_an_event_and_html_escapes(desk: Desk) -> None:
    found = report.report(desk, AUDE, date(2026, 3, 1), date(2026, 3, 15), NOW)
    event = desk.ledger.event(found.event[0])
    assert (event.action, event.hash) == ("export", found.event[1])
    assert event.after["what"] == "compliance report, 2026-03-01 to 2026-03-15"
    page = report_html.document(found)
    assert "&lt;img src=x" in page and "<img" not in page and "<script" not in page
    assert f"event {event.seq} of the ledger, {event.hash}" in page and "n = 1." in page
    told: dict[str, Any] = json.loads(report.as_text(found))
    assert told["event"]["seq"] == event.seq and told["parts"][1]["rows"][0]["Became"].startswith("promoted")


def test_what_is_asked_wrongly(desk: Desk) -> None:
    with pytest.raises(InputError, match="no day that is over"):
        report.report(desk, AUDE, date(2026, 3, 2), date(2026, 3, 1), NOW)
    with pytest.raises(InputError, match="no day that is over"):
        report.report(desk, AUDE, date(2027, 3, 2), date(2027, 3, 3), NOW)
    with pytest.raises(NotPermitted):
        report.report(desk, ANA, date(2026, 3, 1), date(2026, 3, 2), NOW)
    assert report.period(None, date(2026, 3, 31)) == (date(2026, 1, 1), date(2026, 3, 31))


def test_the_report_knows_the_actions_by_their_names() -> None:
    """An action that is called otherwise one day would silently be missing from the report."""
    code = "\n".join(
        path.read_text() for path in (ROOT / "core" / "services").rglob("*.py") if path.stem != "report_groups"
    )
    origins = {f"{origin} version" for origin in ("train", "adopt", "import", "retrain")}
    for group in report_groups.GROUPS:
        for action in group.actions:
            assert f'"{action}"' in code or action in origins, action


@pytest.fixture
def terminal(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("RINGSIDE_HOME", str(desk.settings.home))
    monkeypatch.setenv("RINGSIDE_BACKUPS", str(desk.settings.backups_dir))
    return desk


def test_verify_exits_with_1_and_names_the_link(
    terminal: Desk, tamper: Tamper, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = "{}:{}".format(*terminal.ledger.head())
    assert cli.main(["audit", "verify", "--json", "--head", kept]) == 0
    assert json.loads(capsys.readouterr().out)["result"] == "intact"
    tamper(terminal, "UPDATE events SET reason = 'other' WHERE seq = 2")
    assert cli.main(["audit", "verify", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["result"] == "broken at event 2" and said["first_broken_link"]["kind"] == "content"
    assert re.fullmatch("[0-9a-f]{64}", said["first_broken_link"]["expected"])
    assert cli.main(["audit", "verify"]) == 1 and "broken at event 2" in capsys.readouterr().out


def test_list_and_export(terminal: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--since", "2026-03-01", "--until", "2026-03-05", "--actor", ANA.name]
    assert cli.main(["audit", "list", *asked]) == 0
    out = capsys.readouterr().out
    assert "events: 2" in out and "open record: lead_scoring 0af1" in out
    assert cli.main(["audit", "list", "--action", "sign in", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["events"][0]["subject"] == "person Rita"
    assert cli.main(["audit", "export", *asked, "--out", str(tmp_path / "some.jsonl")]) == 0
    assert len((tmp_path / "some.jsonl").read_text().splitlines()) == 2
    assert terminal.ledger.events(limit=1)[0].via == "cli"
    assert cli.main(["audit", "export", "--out", "some.xml"]) == 2
    assert cli.main(["audit", "list", "--since", "soon"]) == 2
    assert cli.main(["audit", "seal"]) == 2
    assert "neither of csv and jsonl" in capsys.readouterr().err


def test_the_report_from_the_terminal(terminal: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--since", "2026-03-01", "--until", "2026-03-15"]
    for name in ("made.html", "made.json"):
        assert cli.main(["audit", "report", *asked, "--out", str(tmp_path / name)]) == 0
    assert "Compliance report: 2026-03-01 to 2026-03-15" in (tmp_path / "made.html").read_text()
    assert json.loads((tmp_path / "made.json").read_text())["parts"][0]["title"] == "The chain of events"
    assert cli.main(["audit", "recompute"]) == 2
    assert "No use case is named" in capsys.readouterr().err


def test_a_refusal_at_the_terminal_is_on_record(terminal: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(access.PERMISSIONS, access.Action.SEE_AUDIT, frozenset())
    assert cli.main(["audit", "list"]) == 2
    event = terminal.ledger.events(limit=1)[0]
    assert (event.action, event.subject, event.after["where"]) == ("turn away", "see who did what", "command audit")
