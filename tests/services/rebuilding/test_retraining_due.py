"""When a retraining is due: by the calendar, by a drop beyond noise, by a complaint, by drifting scores."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from core.domain.metrics.measured import Measured
from core.errors import InputError, NotPermitted
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import Desk
from core.services.rebuilding import retraining_due
from core.services.rebuilding.retraining_due import Reason, drop_of, due, schedule_of, set_schedule

KEY = "bnpl_default"


def kinds(desk: Desk, actor: Actor, now: datetime) -> set[str]:
    return {reason.kind for reason in due(desk, actor, KEY, now).reasons}


def test_weekly_for_three_months_then_monthly(desk: Desk) -> None:
    made = desk.ledger.versions(KEY)[0].created_at.date()
    for days, every in ((0, 7), (90, 7), (91, 30), (400, 30)):
        found = schedule_of(desk, KEY, made + timedelta(days=days))
        assert (found.every_days, found.last, found.next) == (every, made, made + timedelta(days=every))


def test_the_schedule_makes_it_due_and_a_new_version_ends_that(desk: Desk, analyst: Actor) -> None:
    made = desk.ledger.versions(KEY)[0].created_at
    assert not due(desk, analyst, KEY, made + timedelta(days=6)).is_due
    later = made + timedelta(days=8)
    assert kinds(desk, analyst, later) == {"schedule"}
    desk.ledger.register_version(KEY, "v2", later, "0" * 64, "retrain")
    assert kinds(desk, analyst, later) == set()


def test_a_schedule_is_paused_for_a_reason_by_who_may(desk: Desk, analyst: Actor) -> None:
    later = datetime.now(UTC) + timedelta(days=8)
    with pytest.raises(InputError, match="for a reason"):
        set_schedule(desk, analyst, KEY, False, " ")
    with pytest.raises(NotPermitted):
        set_schedule(desk, LOCAL_PEOPLE[Role.AUDITOR], KEY, False, "a freeze")
    set_schedule(desk, analyst, KEY, False, "a freeze in December")
    found = due(desk, analyst, KEY, later)
    assert not found.is_due and "The schedule is paused." in found.quiet
    assert found.schedule.next is None
    set_schedule(desk, analyst, KEY, True, "the freeze is over")
    assert kinds(desk, analyst, later) == {"schedule"}
    event = desk.ledger.events(KEY)[0]
    assert (event.before, event.after, event.reason) == ({"on": False}, {"on": True}, "the freeze is over")


@pytest.mark.parametrize(
    ("now", "half", "fires"),
    [(0.70, 0.02, True), (0.77, 0.001, False), (0.70, 0.2, False), (0.85, 0.01, False), (float("nan"), 0.1, False)],
)
def test_a_drop_counts_beyond_five_per_cent_and_beyond_noise(now: float, half: float, fires: bool) -> None:
    reference = Measured("auc", 0.80, 0.79, 0.81, 5_000, 400, "DeLong")
    found = drop_of("auc", Measured("auc", now, now - half, now + half, 900, 90, "DeLong"), reference)
    assert isinstance(found, Reason) is fires
    if fires:
        assert "12.5% lower" in found.text and "n" in found.text


def test_the_interval_of_a_drop_adds_both_variances() -> None:
    reference = Measured("auc", 0.80, 0.77, 0.83, 500, 100, "DeLong")
    found = drop_of("auc", Measured("auc", 0.70, 0.66, 0.74, 500, 100, "DeLong"), reference)
    assert "[0.050, 0.150]" in found.text  # half width: the root of .03 squared plus .04 squared


def test_an_open_measure_of_a_case_asks_for_it(desk: Desk, analyst: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.services.complaints import cases
    from core.store.ledger_tables import PreventionRecord

    now = datetime.now(UTC)

    def item(state: str, at: datetime) -> PreventionRecord:
        return PreventionRecord(
            "p", "C-7", KEY, "retraining", "Retrain after the new tariff", "Rita", None, state, at, "Rita"
        )

    listed = [item("open", now)]
    monkeypatch.setattr(cases, "prevention_items", lambda *args: listed)
    found = due(desk, analyst, KEY, now)
    assert [reason.kind for reason in found.reasons] == ["case"]
    assert "C-7" in found.reasons[0].text
    listed[:] = [item("done", now), item("open", now - timedelta(days=3))]
    assert not due(desk, analyst, KEY, now).is_due


def test_more_triggers_may_be_added(desk: Desk, analyst: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retraining_due, "TRIGGERS", (lambda desk, use_case, now: Reason("drift", "far away"),))
    assert kinds(desk, analyst, datetime.now(UTC)) == {"drift"}


def test_nothing_trained_is_never_due_and_sales_do_not_see_it(desk: Desk) -> None:
    with pytest.raises(NotPermitted):
        due(desk, LOCAL_PEOPLE[Role.SALES], KEY)
    assert schedule_of(desk, "nothing", date(2026, 1, 1)).last is None


def test_a_retrained_challenger_answers_a_drop_until_it_is_compared(
    desk: Desk, analyst: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retraining_due, "TRIGGERS", (lambda desk, use_case, now: Reason("drop", "AUC fell."),))
    now = datetime.now(UTC)
    assert kinds(desk, analyst, now) == {"drop"}
    desk.ledger.register_version(KEY, "v2", now, "0" * 64, "retrain")
    desk.ledger.set_alias(KEY, "challenger", "v2", now)
    found = due(desk, analyst, KEY, now)
    assert not found.is_due
    assert any("v2, retrained on" in said for said in found.quiet)
    desk.ledger.drop_alias(KEY, "challenger")
    assert kinds(desk, analyst, now) == {"drop"}
