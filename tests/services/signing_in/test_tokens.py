"""Tokens: shown once, kept as a hash, good for what they were made for, until they end or are withdrawn."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.errors import InputError, NotPermitted, UnknownName
from core.services.access import LOCAL_PEOPLE, SCOPES, Action, Actor, Role, may, require
from core.services.desk import Desk
from core.services.signing_in import tokens
from tests.services.signing_in.conftest import NOW


def test_a_token_is_told_once_and_opens_what_it_was_made_for(desk: Desk, admin: Actor) -> None:
    token, text = tokens.give(
        desk, admin, name="CRM", role=Role.ANALYST, scopes=["score", "outcomes"], days=30, now=NOW
    )
    assert text.startswith("rs_") and len(text) >= 46
    held = tokens.holder(desk, text, NOW)
    assert held is not None and held.id == token.id
    actor = held.actor
    assert (actor.name, actor.role, actor.via) == ("CRM (token)", Role.ANALYST, "api")
    assert actor.only == SCOPES["score"] | SCOPES["outcomes"]
    assert may(actor, Action.SCORE_ONE) and not may(actor, Action.TRAIN)
    with pytest.raises(NotPermitted, match="was not made to"):
        require(actor, Action.TRAIN)
    assert text not in str(desk.ledger.tokens()) and text not in str(desk.ledger.events())
    assert desk.ledger.events("token CRM")[0].action == "give token"


def test_the_role_bounds_the_scope(desk: Desk, admin: Actor) -> None:
    _, text = tokens.give(desk, admin, name="sales", role=Role.SALES, scopes=["versions", "metrics"], days=1, now=NOW)
    held = tokens.holder(desk, text, NOW)
    assert held is not None
    assert not any(may(held.actor, action) for action in Action)


def test_a_token_ends_and_says_so_once(desk: Desk, admin: Actor) -> None:
    token, text = tokens.give(desk, admin, name="CRM", role=Role.ANALYST, scopes=["score"], days=1, now=NOW)
    end = NOW + timedelta(days=1)
    assert tokens.holder(desk, text, end - timedelta(seconds=1)) is not None
    assert tokens.holder(desk, text, end) is None
    assert tokens.holder(desk, text, end) is None
    assert [event.action for event in desk.ledger.events("token CRM")] == ["token expired", "give token"]
    assert not token.works(end)


def test_a_withdrawn_token_opens_nothing_from_the_next_request_on(desk: Desk, admin: Actor) -> None:
    token, text = tokens.give(desk, admin, name="CRM", role=Role.ANALYST, scopes=["score"], days=9, now=NOW)
    assert tokens.holder(desk, text, NOW) is not None
    assert tokens.withdraw(desk, admin, token.id, NOW).withdrawn_at == NOW
    assert tokens.holder(desk, text, NOW) is None
    tokens.withdraw(desk, admin, token.id, NOW)
    assert [event.action for event in desk.ledger.events("token CRM")] == ["withdraw token", "give token"]
    with pytest.raises(UnknownName):
        tokens.withdraw(desk, admin, "none")


def test_the_last_use_is_known_to_the_minute(desk: Desk, admin: Actor) -> None:
    _, text = tokens.give(desk, admin, name="CRM", role=Role.ANALYST, scopes=["score"], days=9, now=NOW)
    seen = []
    for seconds in (0, 30, 60, 90, 120):
        tokens.holder(desk, text, NOW + timedelta(seconds=seconds))
        at = tokens.tokens(desk, admin)[0].last_used_at
        assert at is not None
        seen.append((at - NOW).total_seconds())
    assert seen == [0, 0, 60, 60, 120]


def test_of_many_requests_at_once_one_writes(desk: Desk, admin: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    token, text = tokens.give(desk, admin, name="CRM", role=Role.ANALYST, scopes=["score"], days=9, now=NOW)
    wrote: list[str] = []
    monkeypatch.setattr(desk.ledger, "change_token", lambda token_id, **changes: wrote.append(token_id))
    for _ in range(20):  # the ledger has not taken the first one yet
        assert tokens.holder(desk, text, NOW) is not None
    assert wrote == [token.id]


@pytest.mark.parametrize("text", ["", "rs_", "rs_x", "Bearer", "rs_' OR 1=1 --", "sk_" + "a" * 43])
def test_other_texts_open_nothing(desk: Desk, admin: Actor, text: str) -> None:
    tokens.give(desk, admin, name="CRM", role=Role.ANALYST, scopes=["score"], days=9)
    assert tokens.holder(desk, text) is None


def test_what_cannot_be_a_token_is_refused(desk: Desk, admin: Actor) -> None:
    plain: dict[str, Any] = {"name": "CRM", "role": Role.ANALYST, "scopes": ["score"], "days": 9}
    tokens.give(desk, admin, **plain)
    wrongs: list[dict[str, Any]] = [{"name": " "}, {"scopes": []}, {"scopes": ["scores"]}, {"days": 0}, {"days": 4000}]
    for wrong in [*wrongs, {}]:
        with pytest.raises(InputError):
            tokens.give(desk, admin, **(plain | wrong))
    assert len(desk.ledger.tokens()) == 1


@pytest.mark.parametrize("role", [Role.SALES, Role.ANALYST, Role.RISK, Role.AUDITOR])
def test_only_administrators_manage_tokens(desk: Desk, admin: Actor, role: Role) -> None:
    token, _ = tokens.give(desk, admin, name="CRM", role=Role.ANALYST, scopes=["score"], days=9)
    with pytest.raises(NotPermitted):
        tokens.give(desk, LOCAL_PEOPLE[role], name="x", role=Role.ADMIN, scopes=["score"], days=9)
    with pytest.raises(NotPermitted):
        tokens.withdraw(desk, LOCAL_PEOPLE[role], token.id)
