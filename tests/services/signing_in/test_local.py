"""Signing in with a password: the same answer and time whatever is wrong, growing waits, sessions that end."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.config import Settings
from core.errors import InputError
from core.services.access import Actor, Role
from core.services.desk import Desk, open_desk
from core.services.signing_in import local, passwords, people, sessions, throttle
from tests.services.signing_in.conftest import HERE, NOW, PASSWORD, Joins

Enters = Callable[..., sessions.SignedIn]


def refusal(desk: Desk, email: str, password: str, address: str = HERE, at: Any = NOW) -> str:
    with pytest.raises(local.NotSignedIn) as refused:
        local.sign_in(desk, email, password, address, at)
    return str(refused.value)


def test_a_session_is_random_and_only_its_hash_is_kept(desk: Desk, joins: Joins) -> None:
    joins("Ada", Role.RISK)
    secret = local.sign_in(desk, " ADA@example.com ", PASSWORD, HERE, NOW)
    found = sessions.of_secret(desk, secret, NOW)
    assert found is not None and found.actor == Actor("Ada", Role.RISK) and not found.must_change
    kept = desk.ledger.session(session_id=found.id)
    assert kept is not None and secret not in str(kept) and len(secret) >= 43
    assert local.sign_in(desk, "ada@example.com", PASSWORD, HERE, NOW) != secret
    assert [event.action for event in desk.ledger.events("person Ada", limit=2)] == ["sign in", "sign in"]
    assert secret not in str(desk.ledger.events()) and PASSWORD not in str(desk.ledger.events())


def test_whatever_is_wrong_is_answered_the_same(desk: Desk, admin: Actor, joins: Joins) -> None:
    ada, gone = joins("Ada"), joins("Gone")
    people.deactivate(desk, admin, gone.id, NOW)
    answers = {
        refusal(desk, ada.email, "wrong"),
        refusal(desk, "nobody@example.com", PASSWORD),
        refusal(desk, gone.email, PASSWORD),
        refusal(desk, "", ""),
        refusal(desk, ada.email, "x" * 100_000),
    }
    assert len(answers) == 1
    said = [(event.action, event.subject) for event in desk.ledger.events(limit=5)]
    assert said.count(("sign-in failed", "nobody known")) == 2
    assert "nobody@example.com" not in str(desk.ledger.events()), "it may be a password in the wrong field"


@pytest.mark.slow
def test_an_unknown_address_takes_as_long_as_a_wrong_password(desk: Desk, joins: Joins) -> None:
    joins("Ada")
    passwords.matches(None, "warm")
    took: dict[str, list[float]] = {"ada@example.com": [], "nobody@example.com": []}
    for place in range(6):
        for email, times in took.items():
            began = time.process_time()
            refusal(desk, email, "wrong password", f"198.51.100.{place}", NOW + place * timedelta(days=2))
            times.append(time.process_time() - began)
    known, unknown = (statistics.median(times) for times in took.values())
    kept = desk.ledger.people()[0].password
    assert kept is not None and kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$"), "RFC 9106, for little memory"
    assert 0.6 < known / unknown < 1.7, (known, unknown)


def test_waits_grow_and_survive_a_restart(desk: Desk, joins: Joins) -> None:
    joins("Ada")
    at, waits = NOW, []
    for number in range(throttle.FREE_ACCOUNT + 12):
        refusal(desk, "ada@example.com", "wrong", f"198.51.100.{number}", at)
        try:
            throttle.counted(desk, "ada@example.com", "203.0.113.9", at)
            at += timedelta(seconds=1)
        except throttle.TooManyTries as error:
            waits.append(error.data["seconds"])
            at += timedelta(seconds=error.data["seconds"])
        if number == throttle.FREE_ACCOUNT + 5:
            desk.close()
            desk = open_desk(Settings(home=desk.settings.home, sign_in="local"))
    assert waits == sorted(waits) and waits[0] <= 4 and waits[-1] == throttle.LONGEST_WAIT.total_seconds()
    with pytest.raises(throttle.TooManyTries, match="too many"):
        local.sign_in(desk, "ada@example.com", PASSWORD, "203.0.113.1", at - timedelta(seconds=1))
    assert local.sign_in(desk, "ada@example.com", PASSWORD, "203.0.113.1", at)
    assert "lock account" in {event.action for event in desk.ledger.events("person Ada")}
    desk.close()


def test_an_unknown_account_waits_like_a_known_one(desk: Desk, joins: Joins) -> None:
    joins("Ada")
    answers = []
    for email in ("ada@example.com", "nobody@example.com"):
        for number in range(throttle.FREE_ACCOUNT):
            refusal(desk, email, "wrong", f"198.51.100.{number}")
        with pytest.raises(throttle.TooManyTries) as waiting:
            local.sign_in(desk, email, "wrong", "203.0.113.1", NOW)
        answers.append(str(waiting.value))
    assert answers[0] == answers[1]


def test_one_address_cannot_try_many_accounts(desk: Desk, joins: Joins) -> None:
    joins("Ada")
    for number in range(throttle.FREE_ADDRESS):
        refusal(desk, f"user{number}@example.com", "wrong")
    with pytest.raises(throttle.TooManyTries):
        local.sign_in(desk, "ada@example.com", PASSWORD, HERE, NOW)
    assert local.sign_in(desk, "ada@example.com", PASSWORD, "203.0.113.1", NOW)


def test_one_network_of_ipv6_cannot_either(desk: Desk, joins: Joins) -> None:
    joins("Ada")
    for number in range(throttle.FREE_ADDRESS):
        refusal(desk, f"user{number}@example.com", "wrong", f"2001:db8:0:7::{number:x}")
    with pytest.raises(throttle.TooManyTries):
        local.sign_in(desk, "ada@example.com", PASSWORD, "2001:db8:0:7:1:2:3:4", NOW)
    assert local.sign_in(desk, "ada@example.com", PASSWORD, "2001:db8:0:8::1", NOW)


def test_many_guesses_at_once_get_no_more_tries(desk: Desk, joins: Joins, monkeypatch: pytest.MonkeyPatch) -> None:
    joins("Ada")
    looked: list[str] = []

    def wrong(kept: str | None, password: str) -> bool:
        looked.append(password)
        return False

    monkeypatch.setattr(passwords, "matches", wrong)

    def guess(number: int) -> None:
        with pytest.raises((local.NotSignedIn, throttle.TooManyTries)):
            local.sign_in(desk, "ada@example.com", str(number), f"198.51.100.{number}", NOW)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(looked) == throttle.FREE_ACCOUNT


def test_a_session_ends_by_itself(desk: Desk, joins: Joins, enters: Enters) -> None:
    person = joins("Ada")
    entered, at = enters(person.email), NOW
    end = NOW + timedelta(hours=desk.settings.session_hours)
    while at + timedelta(hours=1) < end:
        at += timedelta(hours=1)
        assert sessions.of_id(desk, entered.id, at, here=True) is not None, at
    assert sessions.of_id(desk, entered.id, end) is None, "however much is done in it"
    idle = enters(person.email)
    assert sessions.of_id(desk, idle.id, NOW + sessions.IDLE - timedelta(seconds=1)) is not None
    assert sessions.of_id(desk, idle.id, NOW + sessions.IDLE) is None, "a page that draws itself anew is nobody"


def test_signing_out_is_one_event_and_final(desk: Desk, joins: Joins) -> None:
    joins("Ada")
    secret = local.sign_in(desk, "ada@example.com", PASSWORD, HERE, NOW)
    found = sessions.of_secret(desk, secret, NOW)
    assert found is not None
    for _ in range(2):
        sessions.end(desk, found.id, NOW)
    assert sessions.of_secret(desk, secret, NOW) is None
    assert [event.action for event in desk.ledger.events("person Ada", limit=2)] == ["sign out", "sign in"]
    sessions.end(desk, "none", NOW)


def test_a_changed_password_ends_every_session_and_begins_one(desk: Desk, admin: Actor, enters: Enters) -> None:
    person, told = people.add(desk, admin, name="Ada", email="ada@example.com", role=Role.RISK, now=NOW)
    first = sessions.of_secret(desk, local.sign_in(desk, person.email, told, HERE, NOW), NOW)
    assert first is not None and first.must_change
    for weak in ("short", told, "ada@example.com", "aaaaaaaaaaaaaaaa", "x" * 300):
        with pytest.raises(InputError):
            local.change_password(desk, first.id, told, weak, HERE, NOW)
    with pytest.raises(InputError, match="old password"):
        local.change_password(desk, first.id, "another", PASSWORD, HERE, NOW)
    secret = local.change_password(desk, first.id, told, PASSWORD, HERE, NOW)
    assert sessions.of_id(desk, first.id, NOW) is None
    found = sessions.of_secret(desk, secret, NOW)
    assert found is not None and not found.must_change
    assert enters(person.email).actor.role is Role.RISK
    refusal(desk, person.email, told)
    with pytest.raises(local.NotSignedIn):
        local.change_password(desk, first.id, PASSWORD, "a new one that is long", HERE, NOW)


def test_a_one_time_password_cannot_be_guessed_and_can_be_read_out() -> None:
    made = {passwords.one_time() for _ in range(200)}
    assert len(made) == 200
    for text in made:
        passwords.check(text, name="Ada", email="ada@example.com")
        assert set(text) <= set("abcdefghjkmnpqrstuvwxyz23456789-")
