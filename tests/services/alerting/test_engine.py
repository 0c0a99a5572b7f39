"""The engine: asks what is due, opens once, raises once, ends by itself, survives a rule that fails."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.domain.alert import Reading, Severity, State, Terms
from core.domain.usecase import UseCase
from core.errors import NotPermitted, NotReady
from core.services.access import LOCAL_PEOPLE, Role
from core.services.alerting import engine, rule, settings
from core.services.alerting.engine import evaluate
from core.services.alerting.rule import DESK_SUBJECT, Rule
from core.services.alerting.taking_in import BLIND
from core.services.desk import Desk

from .conftest import NOW

HOUR = timedelta(hours=1)
OK = Reading(State.OK, "In order.", 0.01, 0.05, 900)
BREACH = Reading(State.BREACH, "Too much.", 0.12, 0.05, 900)
WORSE = replace(BREACH, severity=Severity.CRITICAL, sentence="Far too much.", value=0.4)
NOTHING = Reading(State.NOT_APPLICABLE, "Too few rows.")


class Told:
    """A rule that reads what it is told to, one entry of `says` per look; an error is raised."""

    def __init__(self, key: str = "told", over: str = "desk", **terms: object) -> None:
        self.says: list[Sequence[Reading] | Exception] = []
        self.asked: list[tuple[str | None, datetime]] = []
        self.rule = Rule(key, "What it is told", over, Terms(**terms), "Ask it.", self.check)  # type: ignore[arg-type]

    def check(self, desk: Desk, use_case: UseCase | None, now: datetime, terms: Terms) -> Sequence[Reading]:
        self.asked.append((use_case.key if use_case else None, now))
        said = self.says.pop(0)
        if isinstance(said, Exception):
            raise said
        return said


def only(monkeypatch: pytest.MonkeyPatch, *told: Told) -> None:
    mine = {item.rule.key: item.rule for item in told}
    for module in (rule, engine, settings):
        monkeypatch.setattr(module, "rules", lambda: mine)


def rounds(desk: Desk, told: Told, *says: Sequence[Reading] | Exception, start: datetime = NOW) -> list[engine.Summary]:
    """A look an hour."""
    told.says += says
    return [evaluate(desk, start + place * HOUR) for place in range(len(says))]


def actions(desk: Desk, alert_id: str) -> list[str]:
    return [event.action for event in reversed(desk.ledger.events(f"alert {alert_id}"))]


def test_every_rule_has_a_name_a_runbook_and_terms() -> None:
    found = rule.rules()
    assert "rejects" in found
    for key, item in found.items():
        assert item.key == key
        assert item.title and item.runbook.endswith(".") and item.watches.endswith(".")
        assert item.page
        settings._check(item.terms)


def test_one_alert_with_its_count_until_it_is_over(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    only(monkeypatch, told)
    found = rounds(bare, told, [OK], [BREACH], [BREACH], [OK], [BREACH], [OK], [OK])
    assert [len(item.opened) for item in found] == [0, 1, 0, 0, 0, 0, 0]
    assert [len(item.cleared) for item in found] == [0, 0, 0, 0, 0, 0, 1]
    [alert] = bare.ledger.alerts()
    assert (alert.count, alert.opened_at, alert.last_seen) == (3, NOW + HOUR, NOW + 4 * HOUR)
    assert (alert.state, alert.closed_by, alert.closed_at) == ("closed", "Ringside", NOW + 6 * HOUR)
    assert actions(bare, alert.id) == ["open alert", "clear alert"]
    assert bare.ledger.verify_chain() is None
    history = bare.ledger.readings("told", DESK_SUBJECT, "")
    assert [reading.state for reading in history] == ["ok", "breach", "breach", "ok", "breach", "ok", "ok"]


def test_it_rises_once_and_comes_back_from_a_snooze(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    only(monkeypatch, told)
    rounds(bare, told, [BREACH])
    [alert] = bare.ledger.alerts()
    bare.ledger.change_alert(alert.id, state="acknowledged", owner="Rita", snoozed_until=NOW + timedelta(days=9))
    found = rounds(bare, told, [BREACH], [WORSE], [WORSE], start=NOW + HOUR)
    assert [len(item.raised) for item in found] == [0, 1, 0]
    [alert] = bare.ledger.alerts()
    assert (alert.severity, alert.state, alert.owner, alert.snoozed_until) == ("critical", "open", "Rita", None)
    assert (alert.sentence, alert.count) == ("Far too much.", 4)
    assert actions(bare, alert.id) == ["open alert", "raise alert"]


def test_parts_have_alerts_of_their_own(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(clear_after=1)
    only(monkeypatch, told)
    age, income = replace(BREACH, about="Age"), replace(BREACH, about="Income")
    rounds(bare, told, [age, income], [NOTHING], [age, replace(OK, about="Income")])
    assert {alert.about: alert.state for alert in bare.ledger.alerts()} == {"Age": "open", "Income": "closed"}
    rounds(bare, told, [replace(OK, about="Income")], start=NOW + 3 * HOUR)
    assert {alert.state for alert in bare.ledger.alerts()} == {"closed"}, "a part that is gone is in order"


def test_a_rule_that_fails_is_shown_and_the_others_go_on(
    bare: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, fine = Told("broken"), Told("fine")
    only(monkeypatch, broken, fine)
    broken.says += [ZeroDivisionError("secret 123"), NotReady("There is nothing yet.", "Wait.")]
    found = rounds(bare, fine, [BREACH], [BREACH])
    assert [list(item.failed) for item in found] == [["broken desk"]] * 2
    assert {(alert.rule, alert.about) for alert in bare.ledger.alerts()} == {("fine", ""), ("broken", BLIND)}
    [look] = [look for look in bare.ledger.looks("broken") if not look.about]
    assert look.incident is not None
    assert look.sentence == f"This rule could not look: incident {look.incident}. There is nothing yet."
    first = found[0].failed["broken desk"]
    assert first.startswith("This rule could not look: incident") and "secret" not in first
    assert "2 opened; 1 could not look" in found[0].said
    for place in (2, 3, 4):
        broken.says, fine.says = [[NOTHING]], [[OK]]
        evaluate(bare, NOW + place * HOUR)
    assert {alert.state for alert in bare.ledger.alerts()} == {"closed"}, "it looks again, though it judges nothing"


def test_a_look_is_due_when_its_time_has_come(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(every=timedelta(days=1))
    only(monkeypatch, told)
    told.says += [[OK]] * 4
    for at in (NOW, NOW + HOUR, NOW + timedelta(hours=24, seconds=-30)):
        evaluate(bare, at)
    assert len(told.asked) == 2
    evaluate(bare, NOW + timedelta(hours=25), every_rule=True)
    evaluate(bare, NOW + timedelta(hours=26), every_rule=True, subjects=["lead_scoring"])
    assert len(told.asked) == 3
    settings.set_terms(bare, LOCAL_PEOPLE[Role.RISK], "told", {"on": False}, "It is being repaired.")
    evaluate(bare, NOW + timedelta(days=9))
    assert len(told.asked) == 3


def test_use_cases_without_a_version_are_not_looked_at(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(over="use case")
    only(monkeypatch, told)
    found = evaluate(bare, NOW)
    assert not told.asked
    assert found.readings == {"not applicable": len(bare.use_cases())}
    assert bare.ledger.looks("told", "lead_scoring")[0].sentence == "Lead scoring has no trained version yet."


def test_never_twice_at_once(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told, inside, go_on = Told(), threading.Event(), threading.Event()
    only(monkeypatch, told)

    def slow(*_: object) -> Sequence[Reading]:
        inside.set()
        go_on.wait(10)
        return [OK]

    monkeypatch.setattr(engine, "rules", lambda: {"told": replace(told.rule, check=slow)})
    first = threading.Thread(target=evaluate, args=(bare, NOW))
    first.start()
    inside.wait(10)
    assert evaluate(bare, NOW).skipped
    go_on.set()
    first.join(10)
    assert not evaluate(bare, NOW + HOUR).skipped


def test_simulated_weeks_are_remembered_apart(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(persistence=(2, 3))
    only(monkeypatch, told)
    rounds(bare, told, [BREACH])
    told.says += [[BREACH], [BREACH]]
    past = datetime(2026, 6, 1, tzinfo=UTC)
    first, second = (evaluate(bare, past + week * timedelta(days=7), simulated=True) for week in (0, 1))
    assert (first.opened, [alert.simulated for alert in second.opened]) == ([], [True])
    assert {reading.simulated for reading in bare.ledger.readings("told", DESK_SUBJECT, "")} == {False, True}
    assert bare.ledger.clear_simulated_alerts() == 1
    assert [look.marks for look in bare.ledger.looks()] == ["w"]


def test_real_looks_go_on_from_simulated_weeks(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(persistence=(2, 3))
    only(monkeypatch, told)
    told.says += [[replace(BREACH, evidence="week 1")]]
    evaluate(bare, NOW, simulated=True)
    week = replace(BREACH, evidence="week 2")
    assert len(rounds(bare, told, [week], [week], start=NOW + HOUR)[0].opened) == 1
    bare.ledger.hush("told", DESK_SUBJECT, "", "critical")
    assert {look.hushed for look in bare.ledger.looks()} == {"critical"}


def test_figures_that_are_none(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    only(monkeypatch, told)
    rounds(bare, told, [replace(BREACH, value=float("nan"), limit=float("inf"))])
    [alert] = bare.ledger.alerts()
    assert (alert.value, alert.limit) == (None, None)


def test_what_is_found_beside_simulated_rows_goes_with_them(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(over="use case")
    only(monkeypatch, told)
    monkeypatch.setattr(bare, "acting_version", lambda key: "v1" if key in ("lead_scoring", "bnpl_default") else None)
    bare.log.start_batch(bare.use_case("lead_scoring"), version="v1", source="simulated", actor="simulated", at=NOW)
    told.says += [[BREACH], [BREACH]]
    evaluate(bare, NOW)
    assert {alert.subject: alert.simulated for alert in bare.ledger.alerts()} == {
        "lead_scoring": True, "bnpl_default": False
    }  # fmt: skip


def test_who_may_let_it_look(bare: Desk) -> None:
    for role in (Role.SALES, Role.AUDITOR):
        with pytest.raises(NotPermitted):
            evaluate(bare, NOW, LOCAL_PEOPLE[role])
