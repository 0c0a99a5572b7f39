"""Who may say what of a score, what counts of it, and what the ledger keeps."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta

import pytest

from core.domain.metrics.intervals import wilson
from core.errors import InputError, NotPermitted, UnknownName
from core.services import batches
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import Desk
from core.services.reasons import feedback
from core.services.reasons.feedback import Opinion

KEY = "lead_scoring"
SAM, ANA, AUDE = (LOCAL_PEOPLE[role] for role in (Role.SALES, Role.ANALYST, Role.AUDITOR))


@pytest.fixture
def ids(desk: Desk, analyst: Actor) -> list[str]:
    content = batches.sample_csv(desk, KEY, 60)
    assert content is not None
    path = batches.keep_upload(desk, analyst, "sample.csv", io.BytesIO(content))
    assert desk.jobs.wait(batches.submit(desk, analyst, KEY, path), 60).state == "done"
    return list(desk.log.latest(desk.use_case(KEY), 60)["prediction_id"].to_pylist())


def test_a_later_tap_replaces_the_earlier_one_and_both_are_on_record(desk: Desk, ids: list[str]) -> None:
    feedback.agree(desk, SAM, KEY, ids[0])
    feedback.agree(desk, SAM, KEY, ids[0])  # the same again is nothing new
    feedback.disagree(desk, SAM, KEY, ids[0], note="Known to be closed")
    feedback.agree(desk, ANA, KEY, ids[0])
    said = {(item.actor, item.kind, item.note) for item in feedback.given(desk, AUDE, KEY, ids[0])}
    assert said == {(SAM.name, "disagree", "Known to be closed"), (ANA.name, "agree", "")}
    events = desk.ledger.events(subject=ids[0])
    assert [(event.actor, event.after["kind"], event.result) for event in reversed(events)] == [
        (SAM.name, "agree", "done"),
        (SAM.name, "disagree", "done"),
        (ANA.name, "agree", "done"),
    ]
    assert events[1].reason == "Known to be closed"
    assert desk.ledger.verify_chain() is None


def test_an_opinion_can_be_taken_back(desk: Desk, ids: list[str]) -> None:
    feedback.say(desk, SAM, KEY, ids[0], Opinion.WITHDRAWN)  # there was none
    assert desk.ledger.events(subject=ids[0]) == []
    feedback.agree(desk, SAM, KEY, ids[0])
    feedback.say(desk, SAM, KEY, ids[0], Opinion.WITHDRAWN)
    assert feedback.given(desk, SAM, KEY, ids[0]) == ()
    assert feedback.summary(desk, ANA, KEY).n == 0


def test_reasons_and_scores_are_counted_apart(desk: Desk, ids: list[str]) -> None:
    column = desk.use_case(KEY).model_columns[0]
    for place, prediction in enumerate(ids[:10]):
        (feedback.agree if place % 5 else feedback.disagree)(desk, SAM, KEY, prediction)
    feedback.disagree(desk, SAM, KEY, ids[0], column)
    found = feedback.summary(desk, ANA, KEY)
    (version,) = found.versions
    assert version.score is not None and version.reasons is not None
    assert (version.score.value, version.score.n) == (0.8, 10)
    assert (version.score.low, version.score.high) == wilson(8, 10)
    assert (version.reasons.value, version.reasons.n) == (0.0, 1)
    assert sum(group.score.n for group in found.bands if group.score) == 10
    assert [group.group for group in found.reasons] == [column]
    assert found.n == 11


def test_days_to_contact(desk: Desk, ids: list[str]) -> None:
    today = datetime.now(UTC).date()
    for prediction in ids[:5]:
        feedback.contacted(desk, SAM, KEY, prediction, today)
        feedback.contacted(desk, SAM, KEY, prediction, today)
    contacts = feedback.summary(desk, ANA, KEY).contacts
    assert sum(contact.n for contact in contacts) == 5
    assert sum(contact.n_scored for contact in contacts) == 60
    assert {contact.quartiles for contact in contacts} <= {None, (0.0, 0.0, 0.0)}
    assert len(desk.ledger.events(subject=ids[0])) == 1


@pytest.mark.parametrize("days", [-1, 1])
def test_a_contact_lies_between_the_score_and_today(desk: Desk, ids: list[str], days: int) -> None:
    on: date = datetime.now(UTC).date() + timedelta(days=days)
    with pytest.raises(InputError, match=str(on)):
        feedback.contacted(desk, SAM, KEY, ids[0], on)


def test_views_are_logged_without_an_event(desk: Desk, ids: list[str]) -> None:
    for actor in (SAM, AUDE):
        feedback.viewed(desk, actor, KEY, ids[0], "why")
    found = feedback.summary(desk, ANA, KEY)
    assert (found.n_seen, found.n_seen_before) == (1, 1)
    assert desk.ledger.events(subject=ids[0]) == []


def test_roles(desk: Desk, ids: list[str]) -> None:
    with pytest.raises(NotPermitted):
        feedback.agree(desk, AUDE, KEY, ids[0])
    with pytest.raises(NotPermitted):
        feedback.contacted(desk, AUDE, KEY, ids[0], datetime.now(UTC).date())
    with pytest.raises(NotPermitted):
        feedback.summary(desk, SAM, KEY)


@pytest.mark.parametrize("prediction", ["0" * 32, "nonsense", ""])
def test_only_logged_predictions(desk: Desk, ids: list[str], prediction: str) -> None:
    with pytest.raises(UnknownName):
        feedback.agree(desk, SAM, KEY, prediction)
    with pytest.raises(UnknownName):
        feedback.viewed(desk, SAM, KEY, prediction, "why")


def test_only_columns_that_a_model_reads(desk: Desk, ids: list[str]) -> None:
    with pytest.raises(UnknownName, match="reason"):
        feedback.agree(desk, SAM, KEY, ids[0], "lead_id")


def test_a_note_has_a_length(desk: Desk, ids: list[str]) -> None:
    with pytest.raises(InputError, match="501"):
        feedback.disagree(desk, SAM, KEY, ids[0], note="x" * 501)
    assert feedback.given(desk, SAM, KEY, ids[0]) == ()
