"""What leaves the desk, who opens a record and who is turned away stands in the chain, once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.errors import NotPermitted
from core.services.access import LOCAL_PEOPLE, Action, Role, require
from core.services.auditing import noting
from core.services.desk import Desk

ANA, SAM = LOCAL_PEOPLE[Role.ANALYST], LOCAL_PEOPLE[Role.SALES]


def test_every_download_and_export_is_an_event(bare: Desk) -> None:
    at = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
    noting.downloaded(bare, ANA, "bnpl_default v1", n_rows=12, what="scored file, CSV", now=at)
    noting.downloaded(bare, ANA, "bnpl_default v1", n_rows=12, what="scored file, CSV", now=at)
    event = noting.exported(bare, ANA, "audit trail", what="CSV")

    assert [event.action for event in bare.ledger.events()] == ["export", "download", "download"]
    first = bare.ledger.events()[-1]
    assert (first.actor, first.role, first.via, first.at) == (ANA.name, "analyst", "page", at)
    assert first.after == {"what": "scored file, CSV", "rows": 12}
    assert event.after == {"what": "CSV"}
    assert bare.ledger.verify_chain() is None


def test_a_page_drawn_again_opens_nothing_again(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 100.0
    monkeypatch.setattr(noting, "_clock", lambda: seconds)
    assert noting.opened(bare, ANA, "bnpl_default 0af1", "why") is not None
    assert noting.opened(bare, ANA, "bnpl_default 0af1", "why") is None
    assert noting.opened(bare, SAM, "bnpl_default 0af1", "why") is not None, "another person"
    assert noting.opened(bare, ANA, "bnpl_default 77b2", "why") is not None, "another record"
    assert noting.opened(bare, ANA, "bnpl_default 0af1", "cases") is not None, "another place"
    seconds += noting.SAME_SECONDS
    assert noting.opened(bare, ANA, "bnpl_default 0af1", "why") is not None, "later"
    assert len(bare.ledger.events()) == 5


def test_what_could_not_be_written_is_not_remembered_as_written(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(bare.ledger, "record", full)
        with pytest.raises(OSError, match="no space"):
            noting.opened(bare, ANA, "bnpl_default 0af1", "why")
    assert noting.opened(bare, ANA, "bnpl_default 0af1", "why") is not None


def test_a_refusal_names_what_was_tried_and_where(bare: Desk) -> None:
    with pytest.raises(NotPermitted) as caught:
        require(SAM, Action.ROLL_BACK)
    event = noting.refused(bare, SAM, caught.value, "models")
    assert event is not None
    assert (event.action, event.subject, event.result) == ("turn away", "roll back", "refused")
    assert event.after == {"where": "models", "said": "Sam (sales) may not roll back."}
    assert noting.refused(bare, SAM, caught.value, "models") is None


def test_old_openings_are_forgotten_when_there_are_many(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 0.0
    monkeypatch.setattr(noting, "_clock", lambda: seconds)
    monkeypatch.setattr(noting, "_FULL", 3)
    for number in range(3):
        noting.opened(bare, ANA, f"bnpl_default {number}", "why")
    seconds = noting.SAME_SECONDS
    noting.opened(bare, ANA, "bnpl_default 3", "why")
    assert len(noting._recent[bare]) == 1
