"""Who acts survives being written down: a job that is done later is done as whoever asked, and no more."""

from __future__ import annotations

import json

import pytest

from core.errors import NotPermitted
from core.services.access import LOCAL_PEOPLE, SCOPES, Action, Actor, Role, may, require


@pytest.mark.parametrize("actor", [*LOCAL_PEOPLE.values(), Actor("CRM (token)", Role.RISK, "api", SCOPES["score"])])
def test_an_actor_written_down_and_read_is_the_same(actor: Actor) -> None:
    assert Actor.from_json(json.loads(json.dumps(actor.as_json()))) == actor


def test_a_scope_that_was_written_down_still_holds() -> None:
    token = Actor("CRM (token)", Role.ADMIN, "api", SCOPES["score"])
    again = Actor.from_json(token.as_json())
    require(again, Action.SCORE_FILE)
    with pytest.raises(NotPermitted, match="The token of CRM"):
        require(again, Action.VOID)


def test_an_order_of_before_tokens_is_read_as_everything_the_role_allows() -> None:
    assert Actor.from_json({"name": "Ana", "role": "analyst", "via": "cli"}).only is None


@pytest.mark.parametrize("scope", SCOPES)
def test_a_token_looks_up_what_people_were_scored_only_where_it_was_made_for_that(scope: str) -> None:
    token = Actor("A program (token)", Role.ADMIN, "api", SCOPES[scope])
    assert may(token, Action.EXPLAIN) is (scope in ("score", "explain"))
