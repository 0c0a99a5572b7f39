"""A complaint from opening to answer: who may do what, in what order, and what the chain keeps of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from core.errors import InputError, NotPermitted, UnknownName
from core.services.access import LOCAL_PEOPLE, Role
from core.services.complaints import cases as service
from core.services.complaints.case_file import case_file
from core.services.desk import Desk
from core.store.ledger_tables import CaseRecord

SALES, ANALYST, RISK, AUDITOR = (LOCAL_PEOPLE[role] for role in (Role.SALES, Role.ANALYST, Role.RISK, Role.AUDITOR))
DAY = datetime(2026, 11, 1, tzinfo=UTC)
KEY = "lead_scoring"


def opened(desk: Desk) -> service.Case:
    return service.open_case(desk, SALES, KEY, " Nobody buys. ", period=(DAY, DAY + timedelta(days=6)))


def test_from_opening_to_answer(desk: Desk) -> None:
    case = opened(desk)
    assert (case.state, case.text, case.opened_by) == ("open", "Nobody buys.", SALES.name)
    assert [clock.state for clock in case.clocks] == ["running"] * 3
    assert [clock.due - case.opened_at for clock in case.clocks] == [timedelta(hours=h) for h in (1, 4, 24)]
    assert service.assign(desk, RISK, case.id, ANALYST.name).owner == ANALYST.name
    proposed = service.propose(desk, ANALYST, case.id)
    assert proposed.state == "proposed" and proposed.proposed_cause == "working as expected"
    assert proposed.proposal is not None and len(proposed.proposal["checks"]) == 9
    assert [clock.state for clock in proposed.clocks] == ["met", "met", "running"]
    with pytest.raises(InputError, match="why it was decided"):
        service.decide(desk, RISK, case.id, "data", " ")
    with pytest.raises(UnknownName):
        service.decide(desk, RISK, case.id, "fate", "So it is.")
    decided = service.decide(desk, RISK, case.id, "data", "A fair was on.")
    assert decided.decided_cause == "data" and decided.proposed_cause == "working as expected"
    assert [clock.state for clock in decided.clocks] == ["met"] * 3
    item = service.add_prevention(desk, RISK, case.id, "alert", "Warn of fairs.", "Ana", date(2026, 12, 1))
    assert service.prevention_items(desk, AUDITOR, KEY, "alert") == [item]
    assert service.prevention_items(desk, AUDITOR, KEY, "retraining") == []
    assert service.answer(desk, RISK, case.id, "A fair was on.").state == "answered"
    assert service.close(desk, RISK, case.id).state == "closed"
    with pytest.raises(InputError, match="closed"):
        service.decide(desk, RISK, case.id, "model", "Another thought.")
    events = service.case_events(desk, AUDITOR, case.id)
    assert [event.action for event in events] == [
        "open case", "assign case", "look into case", "propose cause", "decide cause", "add prevention", "answer case",
        "close case",
    ]  # fmt: skip
    decision = events[4]
    assert decision.actor == RISK.name and decision.reason == "A fair was on."
    assert decision.before == {"state": "proposed", "decided_cause": None, "reason": None}
    assert desk.ledger.verify_chain() is None


def test_a_change_and_its_event_happen_both_or_neither(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    case, events = opened(desk), len(desk.ledger.events(limit=1_000))

    def broken(**_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(desk.ledger, "record", broken)
    with pytest.raises(OSError, match="disk"):
        service.assign(desk, RISK, case.id, "Ana")
    with pytest.raises(OSError, match="disk"):
        opened(desk)
    assert service.case(desk, RISK, case.id).owner is None
    assert len(service.cases(desk, RISK, KEY)) == 1 and len(desk.ledger.events(limit=1_000)) == events


def test_what_is_refused(desk: Desk) -> None:
    with pytest.raises(InputError, match="one score or about one period"):
        service.open_case(desk, SALES, KEY, "Why?")
    with pytest.raises(UnknownName):
        service.open_case(desk, SALES, KEY, "Why?", prediction_id="ab" * 16)
    with pytest.raises(InputError, match="before it begins"):
        service.open_case(desk, SALES, KEY, "Why?", period=(DAY, DAY - timedelta(days=1)))
    with pytest.raises(InputError, match="Nothing was written"):
        service.open_case(desk, SALES, KEY, " ", period=(DAY, DAY))
    case = opened(desk)
    for step in (service.answer, service.close):
        arguments = (case.id, "Well.") if step is service.answer else (case.id,)
        with pytest.raises(InputError, match="is open"):
            step(desk, RISK, *arguments)
    with pytest.raises(UnknownName):
        service.add_prevention(desk, RISK, case.id, "prayer", "Hope.", "Ana")
    with pytest.raises(UnknownName):
        case_file(desk, RISK, "none")


def test_who_may(desk: Desk) -> None:
    case = opened(desk)
    with pytest.raises(NotPermitted):
        service.open_case(desk, AUDITOR, KEY, "Why?", period=(DAY, DAY))
    for actor in (SALES, AUDITOR):
        assert service.cases(desk, actor, KEY) == [service.case(desk, actor, case.id)]
        steps = (
            (service.assign, "Ana"), (service.propose,), (service.decide, "data", "So."), (service.answer, "So."),
            (service.close,), (service.add_prevention, "note", "So.", "Ana"),
        )  # fmt: skip
        for step, *arguments in steps:
            with pytest.raises(NotPermitted):
                step(desk, actor, case.id, *arguments)


def test_looking_stops_the_first_clock_once_and_only_for_those_who_work_on_cases(desk: Desk) -> None:
    case = opened(desk)
    assert case_file(desk, SALES, case.id).case.looked_at is None
    looked = case_file(desk, ANALYST, case.id).case.looked_at
    assert looked is not None and case_file(desk, RISK, case.id).case.looked_at == looked
    actions = [event.action for event in service.case_events(desk, RISK, case.id)]
    assert actions == ["open case", "look into case"]


def test_a_clock_that_ran_out_says_so(desk: Desk) -> None:
    late = datetime.now(UTC) - timedelta(hours=5)
    desk.ledger.open_cases([CaseRecord("late", KEY, late, "Sam", "Why?", period_from=DAY, period_to=DAY)])
    assert [clock.state for clock in service.case(desk, RISK, "late").clocks] == ["overdue", "overdue", "running"]


def test_a_file_without_rows_says_that_it_cannot_tell(desk: Desk) -> None:
    found = case_file(desk, RISK, opened(desk).id)
    assert found.window.n == 0 and found.drift is None and found.similar is None and found.estimated is None
    assert found.diagnosis.cause == "working as expected" and len(found.diagnosis.untold) == 8
