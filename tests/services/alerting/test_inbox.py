"""The inbox: every step is written down, a snooze ends by itself, a closed alert stays closed, roles are kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.domain.alert import State
from core.errors import InputError, NotPermitted, UnknownName
from core.services.access import LOCAL_PEOPLE, Action, Role, may
from core.services.alerting import inbox
from core.services.alerting.engine import evaluate
from core.services.alerting.rule import DESK_SUBJECT
from core.services.alerting.task import EVALUATE
from core.services.desk import Desk
from core.store.ledger_alert_tables import AlertRecord

from .conftest import NOW
from .test_engine import BREACH, HOUR, NOTHING, OK, WORSE, Told, only, rounds

RITA, ANA, AUDE, SAM = (LOCAL_PEOPLE[role] for role in (Role.RISK, Role.ANALYST, Role.AUDITOR, Role.SALES))


@pytest.fixture
def told(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> Told:
    found = Told()
    only(monkeypatch, found)
    return found


@pytest.fixture
def fired(bare: Desk, told: Told) -> AlertRecord:
    return rounds(bare, told, [BREACH])[0].opened[0]


def test_from_open_to_closed_by_a_person(bare: Desk, fired: AlertRecord) -> None:
    assert inbox.open_alerts(bare, ANA, NOW) == [fired]
    taken = inbox.acknowledge(bare, ANA, fired.id, NOW + HOUR)
    assert (taken.state, taken.owner, taken.acknowledged_at) == ("acknowledged", ANA.name, NOW + HOUR)
    assert inbox.assign(bare, ANA, fired.id, "Rita (risk)").owner == RITA.name
    assert inbox.acknowledge(bare, ANA, fired.id).owner == RITA.name
    closed = inbox.close(bare, RITA, fired.id, " The file was wrong. ", NOW + 2 * HOUR)
    assert (closed.state, closed.closed_by, closed.closed_reason) == ("closed", RITA.name, "The file was wrong.")
    assert inbox.open_alerts(bare, ANA, NOW) == []
    assert inbox.alerts(bare, AUDE, "closed", NOW) == [closed]
    assert [event.action for event in inbox.alert_events(bare, AUDE, fired.id)] == [
        "open alert", "acknowledge alert", "assign alert", "acknowledge alert", "close alert"
    ]  # fmt: skip
    assert bare.ledger.verify_chain() is None
    with pytest.raises(InputError, match="is closed"):
        inbox.acknowledge(bare, ANA, fired.id)


def test_one_that_ended_meanwhile_stays_ended(
    bare: Desk, told: Told, fired: AlertRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds(bare, told, [OK], [OK], start=NOW + HOUR)
    read, first = bare.ledger.alert, [fired]
    monkeypatch.setattr(bare.ledger, "alert", lambda found: first.pop() if first else read(found))
    with pytest.raises(InputError, match="is closed"):
        inbox.acknowledge(bare, ANA, fired.id)
    assert read(fired.id).state == "closed"


def test_what_a_person_closed_is_not_told_again(bare: Desk, told: Told, fired: AlertRecord) -> None:
    inbox.close(bare, RITA, fired.id, "We know.")
    found = rounds(bare, told, [BREACH], [BREACH], [OK], [OK], [BREACH], start=NOW + HOUR)
    assert [len(item.opened) for item in found] == [0, 0, 0, 0, 1]
    inbox.close(bare, RITA, found[-1].opened[0].id, "We know.")
    assert len(rounds(bare, told, [WORSE], start=NOW + 9 * HOUR)[0].opened) == 1, "it got worse"


def test_a_snooze_ends_by_itself(bare: Desk, fired: AlertRecord) -> None:
    until = NOW + timedelta(days=2)
    inbox.snooze(bare, ANA, fired.id, until, "A repair is on its way.", NOW)
    assert inbox.open_alerts(bare, ANA, NOW + HOUR) == []
    assert [item.id for item in inbox.alerts(bare, ANA, "snoozed", NOW + HOUR)] == [fired.id]
    assert [item.id for item in inbox.open_alerts(bare, ANA, until)] == [fired.id]
    inbox.wake(bare, ANA, fired.id)
    assert [item.id for item in inbox.open_alerts(bare, ANA, NOW + HOUR)] == [fired.id]
    events = inbox.alert_events(bare, ANA, fired.id)
    assert (events[1].after["snoozed_until"], events[1].reason) == (until.isoformat(), "A repair is on its way.")


@pytest.mark.parametrize("days", [-1, 0, 91])
def test_a_snooze_is_for_the_near_future(bare: Desk, fired: AlertRecord, days: int) -> None:
    with pytest.raises(InputError, match="cannot be snoozed"):
        inbox.snooze(bare, ANA, fired.id, NOW + timedelta(days=days), "Later.", NOW)


def test_nothing_is_closed_or_put_aside_without_a_reason(bare: Desk, fired: AlertRecord) -> None:
    for refused in (
        lambda: inbox.close(bare, ANA, fired.id, " "),
        lambda: inbox.snooze(bare, ANA, fired.id, NOW + HOUR, "", NOW),
        lambda: inbox.assign(bare, ANA, fired.id, ""),
    ):
        with pytest.raises(InputError, match="is missing"):
            refused()
    assert len(inbox.alert_events(bare, ANA, fired.id)) == 1


def test_the_most_severe_first(bare: Desk, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Told("other")
    only(monkeypatch, told, other)
    told.says, other.says = [[BREACH], [BREACH]], [[OK], [WORSE]]
    evaluate(bare, NOW)
    evaluate(bare, NOW + HOUR)
    assert [item.rule for item in inbox.open_alerts(bare, ANA, NOW + HOUR)] == ["other", "told"]


def test_what_the_rules_said_last(bare: Desk, told: Told) -> None:
    [before] = inbox.watched(bare, AUDE, DESK_SUBJECT)
    assert (before.state, before.at, before.next_at) == (None, None, None)
    rounds(bare, told, [NOTHING])
    [found] = inbox.watched(bare, AUDE, DESK_SUBJECT)
    assert (found.state, found.at, found.next_at) == (State.NOT_APPLICABLE, NOW, NOW + HOUR)
    assert found.looks[0].sentence == "Too few rows."
    assert inbox.watched(bare, AUDE, "lead_scoring") == []


def test_before_the_first_real_look_what_simulated_weeks_left(bare: Desk, told: Told) -> None:
    told.says += [[BREACH], [OK]]
    evaluate(bare, NOW, simulated=True)
    [found] = inbox.watched(bare, AUDE, DESK_SUBJECT)
    assert (found.state, found.at, found.next_at) == (State.BREACH, NOW, None)
    evaluate(bare, NOW + HOUR)
    assert inbox.watched(bare, AUDE, DESK_SUBJECT)[0].state is State.OK


def test_looking_now(bare: Desk, told: Told) -> None:
    told.says += [[OK], [BREACH]]
    assert inbox.look_now(bare, ANA, "lead_scoring", NOW).looked == 1
    assert len(inbox.look_now(bare, ANA, "lead_scoring", NOW).opened) == 1, "also when it is not due"


def test_as_a_task(bare: Desk, told: Told) -> None:
    told.says += [[OK], [BREACH]]
    assert "found" not in EVALUATE.run(bare, NOW)
    result = EVALUATE.run(bare, NOW + HOUR)
    assert (result["found"], result["said"]) == (1, "1 looks: 1 opened.")


STEPS: list[Callable[[Desk, object, str], object]] = [
    lambda desk, actor, found: inbox.acknowledge(desk, actor, found),
    lambda desk, actor, found: inbox.assign(desk, actor, found, "Rita"),
    lambda desk, actor, found: inbox.snooze(desk, actor, found, NOW + HOUR, "Later.", NOW),
    lambda desk, actor, found: inbox.wake(desk, actor, found),
    lambda desk, actor, found: inbox.close(desk, actor, found, "Done."),
]


@pytest.mark.parametrize("role", Role)
def test_who_may(bare: Desk, fired: AlertRecord, role: Role) -> None:
    actor = LOCAL_PEOPLE[role]
    if may(actor, Action.WORK_ALERT):
        for step in STEPS:
            step(bare, actor, fired.id)
        return
    for step in STEPS:
        with pytest.raises(NotPermitted):
            step(bare, actor, fired.id)
    assert bool(inbox.open_alerts(bare, actor, NOW)) == may(actor, Action.SEE_MODELS)


def test_what_sales_may_not_see(bare: Desk, fired: AlertRecord) -> None:
    assert inbox.open_alerts(bare, SAM, NOW) == ()
    for refused in (
        lambda: inbox.alerts(bare, SAM),
        lambda: inbox.alert(bare, SAM, fired.id),
        lambda: inbox.history(bare, SAM, fired),
        lambda: inbox.alert_events(bare, SAM, fired.id),
        lambda: inbox.watched(bare, SAM, DESK_SUBJECT),
    ):
        with pytest.raises(NotPermitted):
            refused()


def test_unknown_names(bare: Desk) -> None:
    with pytest.raises(UnknownName):
        inbox.alert(bare, ANA, "nowhere")
    with pytest.raises(UnknownName):
        inbox.alerts(bare, ANA, "asleep")
