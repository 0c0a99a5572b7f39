"""What waits for a person: by role, the most urgent first, each sentence with its number and date."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from core.config import Settings
from core.domain.compare.plan import ArmName, Plan
from core.services import label_counts
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import Desk, open_desk
from core.services.governing.standby import StandIn
from core.services.overview import overview
from core.services.scoring import sample_rows, score_one
from core.services.waiting.listing import needs
from core.services.waiting.need import Looked, Need, Urgency
from core.store.ledger_alert_tables import AlertRecord
from core.store.ledger_channels import DeliveryRecord
from core.store.ledger_registry import ExperimentRecord, PlanRecord
from core.store.ledger_tables import CaseRecord

KEY = "lead_scoring"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def bare(home: Any) -> Iterator[Desk]:
    """A desk without a model."""
    opened = open_desk(Settings(home=home))
    yield opened
    opened.close()


def seen(desk: Desk, role: Role, stand_ins: dict[str, StandIn] | None = None, now: datetime = NOW) -> list[Need]:
    return needs(Looked(desk, LOCAL_PEOPLE[role], now, desk.use_cases(), stand_ins or {}))


def kinds(found: list[Need]) -> list[str]:
    return [need.kind for need in found]


def alert(desk: Desk, name: str, severity: str, opened: datetime = NOW - HOUR, **facts: Any) -> None:
    given = (severity, "open", f"{name} is 12.0 % of 1,204 rows.", 0.12, 0.05, 1204, opened, NOW)
    rule, subject = facts.pop("rule", "rejects"), facts.pop("subject", KEY)
    desk.ledger.add_alert(AlertRecord(name, rule, subject, name, *given, **facts))


def complaint(desk: Desk, name: str, opened: datetime, by: str = "Sam (sales)", **facts: Any) -> None:
    desk.ledger.open_cases([CaseRecord(name, KEY, opened, by, "wrong", **facts)])


def test_nothing_waits_on_a_new_desk_but_a_backup(bare: Desk) -> None:
    assert {role: kinds(seen(bare, role)) for role in Role} == {role: [] for role in Role} | {Role.ADMIN: ["backup"]}


def test_alerts_go_to_those_who_see_models_and_the_critical_one_first(bare: Desk) -> None:
    alert(bare, "a", "warning", NOW - HOUR)
    alert(bare, "b", "critical", NOW - DAY)
    alert(bare, "c", "info")
    alert(bare, "d", "warning", snoozed_until=NOW + DAY)
    alert(bare, "e", "critical", subject="desk", owner="Rita")
    found = seen(bare, Role.AUDITOR)
    assert [need.query["alert"] for need in found] == ["e", "b", "a", "c"]
    assert [need.urgency for need in found] == [Urgency.NOW, Urgency.NOW, Urgency.TODAY, Urgency.NEWS]
    assert found[0].subject == "The desk" and "Rita looks into it" in found[0].sentence
    assert found[2].sentence == "warning alert since 10 Mar 2026, 11:00 UTC. a is 12.0 % of 1,204 rows."
    assert found[2].query == {"alert": "a", "use_case": KEY} and found[2].url == "alerts"
    assert seen(bare, Role.SALES) == []


def test_many_alerts_are_counted(bare: Desk) -> None:
    for place in range(12):
        alert(bare, f"a{place}", "warning")
    found = seen(bare, Role.RISK)
    assert len(found) == 6 and any(need.sentence.startswith("7 more alerts") for need in found)


def test_a_clock_that_runs_waits_and_one_that_ran_out_is_urgent(bare: Desk) -> None:
    complaint(bare, "young", NOW - HOUR / 2)
    found = seen(bare, Role.ANALYST)
    assert [need.urgency for need in found] == [Urgency.TODAY]
    assert found[0].sentence == ("has 1 open complaint, clocks running; service health is due 10 Mar 2026, 12:30 UTC.")
    complaint(bare, "old", NOW - 5 * HOUR, looked_at=NOW - 4.5 * HOUR)
    late = seen(bare, Role.ANALYST)[0]
    assert late.urgency is Urgency.NOW
    assert late.sentence == "has 2 open complaints, 1 past the clock; data analysis was due 10 Mar 2026, 11:00 UTC."
    assert kinds(seen(bare, Role.AUDITOR)) == kinds(seen(bare, Role.SALES)) == []


def test_sales_hears_of_the_answer_to_its_own_complaint(bare: Desk) -> None:
    given = {"state": "answered", "answered_at": NOW - DAY, "answer": "it was right"}
    complaint(bare, "mine", NOW - 2 * DAY, **given)
    complaint(bare, "other", NOW - 2 * DAY, by="Ana (analyst)", **given)
    complaint(bare, "old", NOW - 20 * DAY, **given | {"answered_at": NOW - 15 * DAY})
    found = seen(bare, Role.SALES)
    assert [need.query["case"] for need in found] == ["mine"]
    assert found[0].sentence == "your complaint of 8 Mar 2026 was answered on 9 Mar 2026."


def test_a_failed_run_waits_for_all_but_sales(bare: Desk) -> None:
    ledger = bare.ledger
    for task, state in (("drift", "failed"), ("clean", "failed"), ("score", "interrupted")):
        run = ledger.claim_run(task, NOW - HOUR, NOW - HOUR, "schedule", "Ringside")
        assert run is not None
        ledger.end_run(run.number, NOW - HOUR, state, "The disk is full.", None)
    again = ledger.claim_run("clean", NOW, NOW, "schedule", "Ringside")
    assert again is not None
    ledger.end_run(again.number, NOW, "done", "", None)
    found = [need.sentence for need in seen(bare, Role.AUDITOR)]
    assert sorted(found) == [
        "the scheduled task 'drift' failed 10 Mar 2026, 11:00 UTC. The disk is full.",
        "the scheduled task 'score' was interrupted 10 Mar 2026, 11:00 UTC. The disk is full.",
    ]
    assert seen(bare, Role.SALES) == []


def test_messages_that_were_not_sent_wait_for_those_who_set_up_channels(bare: Desk) -> None:
    facts = ("desk", "mail", "opened", "critical", {})
    old, new = NOW - 9 * DAY, NOW - DAY
    bare.ledger.add_deliveries([
        DeliveryRecord("a", *facts, old, "failed", 5, last_error="The server refused it."),
        DeliveryRecord("b", *facts, new, "failed", 5, last_error="The server refused it."),
        DeliveryRecord("c", *facts, NOW, "pending", 1),
    ])  # fmt: skip
    assert [need.sentence for need in seen(bare, Role.RISK)] == [
        "1 message of this week could not be sent, the last to mail on 9 Mar 2026, 12:00 UTC. The server refused it."
    ]
    assert seen(bare, Role.ANALYST) == []


def test_a_stand_in_is_told_to_sales_without_versions(bare: Desk) -> None:
    found = {KEY: StandIn("v2", ArmName("v1", "elastic"), "linear.npz differs", NOW - HOUR)}
    assert "v1" not in seen(bare, Role.SALES, found)[0].sentence
    said = seen(bare, Role.RISK, found)[0].sentence
    assert "Version v1 stands in for v2" in said and "linear.npz differs" in said


def test_a_rollback_of_this_week(bare: Desk) -> None:
    for name, ago in (("old", 9 * DAY), ("new", DAY)):
        spec = {"name": name, "arms": ["champion", "challenger"], "stages": [[0.9, 0.1]]}
        facts = ("test", NOW - ago, "Rita", spec, "rolled back", 0, NOW - ago, NOW - ago)
        bare.ledger.add_experiment(ExperimentRecord(name, KEY, *facts))
    assert [need.sentence for need in seen(bare, Role.RISK)] == ["new was rolled back 9 Mar 2026, 12:00 UTC."]


def test_a_backup_that_is_old_waits_for_the_admin(bare: Desk) -> None:
    folder = bare.settings.data_dir / "backups" / "one"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"made_at": (NOW - 2 * DAY).isoformat()}))
    assert seen(bare, Role.ADMIN)[0].sentence == "the last backup is of 8 Mar 2026, 12:00 UTC, older than a day."
    assert seen(bare, Role.ADMIN, now=NOW - 1.5 * DAY) == []
    alert(bare, "backup", "critical", rule="backup_age", subject="desk")
    assert kinds(seen(bare, Role.ADMIN)) == ["alert"], "an alert says it already"


def scored(desk: Desk, actor: Actor, n_rows: int) -> list[str]:
    """Entities of single rows that were scored."""
    for row in sample_rows(desk, KEY, n_rows):
        score_one(desk, actor, KEY, row)
    return sorted(set(desk.log.scan(desk.use_case(KEY), ["entity"])["entity"].to_pylist()))


def bring(desk: Desk, entities: list[str]) -> None:
    given = pa.table({
        "entity": pa.array(entities),
        "outcome": pa.array([1.0] * len(entities)),
        "observed_at": pa.array([datetime(2026, 3, 1)] * len(entities), pa.timestamp("us")),
    })  # fmt: skip
    desk.log.append_outcomes(desk.use_case(KEY), given, received_at=datetime(2026, 3, 1, tzinfo=UTC))


def test_outcomes_that_are_due_and_verdicts_that_are_reached(desk: Desk, analyst: Actor) -> None:
    entities = scored(desk, analyst, 12)
    use_case = desk.use_case(KEY)
    as_of = desk.log.scan(use_case, ["as_of"])["as_of"].to_pylist()
    later = max(as_of).replace(tzinfo=UTC) + timedelta(days=use_case.target.horizon_days + 2)
    found = label_counts.ripe(desk, use_case, later)
    assert (found.n_mature, found.n_missing, found.n_soon) == (12, 12, 0)
    due = next(need for need in seen(desk, Role.ANALYST, now=later) if need.kind == "labels")
    assert due.sentence.startswith(f"12 of 12 rows older than {use_case.target.horizon_days} days have no outcome")
    hurried = Looked(desk, analyst, later, desk.use_cases(), {}, hurried=True)
    assert "labels" not in kinds(needs(hurried)), "the first page after a start waits for no count"
    assert due.url == "performance" and "labels" not in kinds(seen(desk, Role.AUDITOR, now=later))
    bring(desk, entities[:-1])
    assert label_counts.ripe(desk, use_case, later).n_missing == 1
    assert "labels" not in kinds(seen(desk, Role.ANALYST, now=later))  # more than nine in ten are known
    days = sorted(when.date() for when in as_of)
    ends = (days[0], days[6]), (days[6], days[-1] + DAY)
    planned = 5
    plan = Plan(ArmName("v1", "elastic"), ArmName("v1", "ridge"), "auc", 0.01, planned, *ends)
    desk.ledger.add_plan(PlanRecord("p", KEY, NOW, "Ana", plan.as_json()))
    counts = label_counts.compared(desk, use_case, later)[0]
    assert counts.first + counts.second == 11
    assert counts.reached == ("verdict" in kinds(seen(desk, Role.RISK, now=later)))
    case = next(case for case in overview(desk, analyst).cases if case.key == KEY)
    assert case.comparison is not None and case.comparison.plan == plan
    sales = next(case for case in overview(desk, LOCAL_PEOPLE[Role.SALES]).cases if case.key == KEY)
    assert sales.comparison is None and sales.realised is None
    desk.ledger.close_plan("p", NOW, "done")
    assert label_counts.compared(desk, use_case, later) == []


def test_a_verdict_is_reached_when_both_windows_have_their_rows(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    window = (date(2026, 1, 1), date(2026, 2, 1))
    plan = Plan(ArmName("v1", "elastic"), ArmName("v2", "ridge"), "auc", 0.01, 300, window, window)
    bare.ledger.add_plan(PlanRecord("p", KEY, NOW, "Ana", plan.as_json()))
    monkeypatch.setattr(bare.log, "judged_between", lambda *args: 300)
    found = [need for need in seen(bare, Role.ANALYST) if need.kind == "verdict"]
    assert found[0].sentence == (
        "ridge of v2 against elastic of v1 has its 300 rows in both windows, planned on 10 Mar 2026: read the verdict."
    )
    assert kinds(seen(bare, Role.SALES)) == []


def test_a_fault_in_one_kind_is_said_and_hides_no_other(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    complaint(bare, "young", NOW - HOUR / 2)
    monkeypatch.setattr(bare.ledger, "last_runs", lambda: 1 / 0)
    found = seen(bare, Role.RISK)
    assert sorted(kinds(found)) == ["clock", "fault"]
    assert "whether runs wait could not be read" in next(need.sentence for need in found if need.kind == "fault")
