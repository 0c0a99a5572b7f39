"""People are added, given a role and deactivated; every change is an event, and nobody can lock everybody out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.config import Settings
from core.errors import InputError, NotPermitted, UnknownName
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import Desk, open_desk
from core.services.signing_in import local, people, sessions, throttle
from tests.services.signing_in.conftest import HERE, NOW, PASSWORD, Joins


def test_somebody_is_added_with_a_one_time_password_that_is_kept_nowhere(desk: Desk, admin: Actor) -> None:
    person, told = people.add(desk, admin, name=" Ada  Byron ", email=" Ada@Example.COM ", role=Role.RISK, now=NOW)
    assert (person.name, person.email, person.role, person.how) == ("Ada Byron", "ada@example.com", Role.RISK, "local")
    assert people.people(desk, admin, NOW) == [person]
    kept = desk.ledger.person(person.id)
    assert kept.password is not None and kept.password.startswith("$argon2id$") and told not in kept.password
    event = desk.ledger.events(limit=1)[0]
    assert (event.action, event.subject) == ("add person", "person Ada Byron")
    assert told not in str(event) and event.after == {"email": "ada@example.com", "role": "risk", "how": "local"}
    signed_in = sessions.of_secret(desk, local.sign_in(desk, person.email, told, HERE, NOW), NOW)
    assert signed_in is not None and signed_in.must_change


def test_where_a_provider_signs_people_in_nobody_has_a_password(tmp_path: object, admin: Actor, desk: Desk) -> None:
    other = open_desk(Settings(home=desk.settings.home, sign_in="oidc"))
    person, told = people.add(other, admin, name="Ada", email="ada@example.com", role=Role.RISK)
    assert (person.how, told, other.ledger.person(person.id).password) == ("oidc", "", None)
    with pytest.raises(InputError, match="no password here"):
        people.set_password(other, admin, person.id)
    other.close()
    told = people.set_password(desk, admin, person.id, now=NOW)
    assert local.sign_in(desk, person.email, told, HERE, NOW), "a desk that goes back to accounts of its own"


@pytest.mark.parametrize("email", ["ada", "ada@", "@x", "a da@x.y", "ada@x.y,eve@x.y", "", "a@" + "x" * 200])
def test_what_is_no_address_is_refused(desk: Desk, admin: Actor, email: str) -> None:
    with pytest.raises(InputError, match="no e-mail address"):
        people.add(desk, admin, name="Ada", email=email, role=Role.RISK)
    assert desk.ledger.people() == []


def test_names_and_addresses_are_one_persons(desk: Desk, admin: Actor, joins: Joins) -> None:
    joins("Ada")
    for name, email in (("Eve", "ADA@example.com"), ("ADA", "eve@example.com"), ("cron (token)", "c@example.com")):
        with pytest.raises(InputError):
            people.add(desk, admin, name=name, email=email, role=Role.ADMIN)
    assert len(desk.ledger.people()) == 1


def test_a_role_changes_at_once_and_is_an_event(
    desk: Desk, admin: Actor, joins: Joins, enters: Callable[..., sessions.SignedIn]
) -> None:
    person = joins("Ada", Role.ANALYST)
    entered = enters(person.email)
    people.set_role(desk, admin, person.id, Role.SALES, NOW)
    again = sessions.of_id(desk, entered.id, NOW)
    assert again is not None and again.actor == Actor("Ada", Role.SALES)
    event = desk.ledger.events("person Ada", limit=1)[0]
    assert (event.action, event.before, event.after) == ("change role", {"role": "analyst"}, {"role": "sales"})


def test_deactivating_ends_what_is_open_and_lets_nobody_in(
    desk: Desk, admin: Actor, joins: Joins, enters: Callable[..., sessions.SignedIn]
) -> None:
    person = joins("Ada")
    entered = enters(person.email)
    assert not people.deactivate(desk, admin, person.id, NOW).active
    assert sessions.of_id(desk, entered.id, NOW) is None
    with pytest.raises(local.NotSignedIn):
        local.sign_in(desk, person.email, PASSWORD, HERE, NOW)
    people.reactivate(desk, admin, person.id, NOW)
    assert sessions.of_id(desk, entered.id, NOW) is None, "what was ended stays so"
    assert enters(person.email).actor.name == "Ada"


def test_the_last_administrator_stays(desk: Desk, admin: Actor, joins: Joins) -> None:
    first = joins("Ada", Role.ADMIN)
    with pytest.raises(InputError, match="only administrator left"):
        people.deactivate(desk, admin, first.id)
    with pytest.raises(InputError, match="only administrator left"):
        people.set_role(desk, admin, first.id, Role.RISK)
    joins("Eve", Role.ADMIN)
    assert people.set_role(desk, admin, first.id, Role.RISK).role is Role.RISK


def test_a_new_password_unlocks_and_ends_sessions(
    desk: Desk, admin: Actor, joins: Joins, enters: Callable[..., sessions.SignedIn]
) -> None:
    person = joins("Ada")
    entered = enters(person.email)
    for _ in range(throttle.FREE_ACCOUNT):
        with pytest.raises(local.NotSignedIn):
            local.sign_in(desk, person.email, "wrong", HERE, NOW)
    locked = people.people(desk, admin, NOW)[0].locked_until
    assert locked is not None and locked > NOW
    told = people.set_password(desk, admin, person.id, now=NOW)
    assert people.people(desk, admin, NOW)[0].locked_until is None
    assert sessions.of_id(desk, entered.id, NOW) is None
    assert local.sign_in(desk, person.email, told, HERE, NOW)
    with pytest.raises(local.NotSignedIn):
        local.sign_in(desk, person.email, told, HERE, NOW + timedelta(days=people.ONE_TIME_DAYS))


def test_everything_somebody_has_open_can_be_ended(
    desk: Desk, admin: Actor, joins: Joins, enters: Callable[..., sessions.SignedIn]
) -> None:
    person = joins("Ada")
    opened = [enters(person.email) for _ in range(2)]
    assert people.sign_out(desk, admin, person.id, NOW) == 2
    assert [sessions.of_id(desk, one.id, NOW) for one in opened] == [None, None]


@pytest.mark.parametrize("role", [Role.SALES, Role.ANALYST, Role.RISK, Role.AUDITOR])
def test_only_administrators_manage_people(desk: Desk, joins: Joins, role: Role) -> None:
    person, actor = joins("Ada"), LOCAL_PEOPLE[role]
    acts: list[Callable[[], object]] = [
        lambda: people.add(desk, actor, name="Eve", email="eve@example.com", role=Role.ADMIN),
        lambda: people.set_role(desk, actor, person.id, Role.ADMIN),
        lambda: people.deactivate(desk, actor, person.id),
        lambda: people.reactivate(desk, actor, person.id),
        lambda: people.set_password(desk, actor, person.id, PASSWORD),
        lambda: people.sign_out(desk, actor, person.id),
    ]
    before = desk.ledger.people()
    for act in acts:
        with pytest.raises(NotPermitted):
            act()
    assert desk.ledger.people() == before


def test_an_unknown_person_is_named(desk: Desk, admin: Actor) -> None:
    with pytest.raises(UnknownName, match="no person 'x'"):
        people.set_role(desk, admin, "x", Role.RISK)
