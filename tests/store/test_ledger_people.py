"""People, sessions, tokens and attempts: the same on a file and on every server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from core.errors import UnknownName
from core.store.ledger import Ledger
from core.store.ledger_people import AttemptRecord, PersonRecord, SessionRecord, TokenRecord

AT = datetime(2026, 11, 21, 10, 0, 0, 123456, tzinfo=UTC)
ADA = PersonRecord("p1", "Ada", "ada@example.com", "risk", "local", True, AT, "$argon2id$x", AT)
SESSION = SessionRecord("s1", "a" * 64, "p1", AT, AT + timedelta(hours=12), AT)
TOKEN = TokenRecord("t1", "CRM", "analyst", ["score"], "b" * 64, AT, "Ada", AT + timedelta(days=9))


def test_a_person_is_kept_and_changed(ledger: Ledger) -> None:
    ledger.add_person(ADA)
    assert ledger.people() == [ADA] and ledger.person("p1") == ADA == ledger.person_by_email("ada@example.com")
    ledger.change_person("p1", role="admin", active=False)
    assert (ledger.person("p1").role, ledger.person("p1").active) == ("admin", False)
    for same in ({"id": "p1"}, {"email": ADA.email}):
        with pytest.raises(IntegrityError):
            ledger.add_person(PersonRecord(**(vars(ADA) | {"id": "p2", "email": "eve@example.com"} | same)))
    with pytest.raises(UnknownName):
        ledger.person("p2")


@pytest.mark.parametrize("email", ["Ada@example.com", "ada@example.com ", "adá@example.com", "ada@exämple.com", "%"])
def test_an_address_that_is_almost_somebodys_is_nobodys(ledger: Ledger, email: str) -> None:
    ledger.add_person(ADA)
    assert ledger.person_by_email(email) is None


def test_sessions_are_found_ended_and_forgotten(ledger: Ledger) -> None:
    ledger.add_person(ADA)
    other = SessionRecord("s2", "c" * 64, "p1", AT, AT + timedelta(hours=1), AT, proof="d" * 64)
    for session in (SESSION, other):
        ledger.add_session(session)
    assert ledger.session(secret="a" * 64) == SESSION == ledger.session(session_id="s1")
    assert ledger.session(proof="d" * 64) == other
    assert ledger.session(secret="e" * 64) is None and ledger.session() is None
    with pytest.raises(IntegrityError):
        ledger.add_session(SessionRecord("s3", "f" * 64, "p1", AT, AT, AT, proof="d" * 64))
    ledger.saw_session("s1", "p1", AT + timedelta(minutes=1))
    assert ledger.person("p1").last_seen_at == AT + timedelta(minutes=1)
    assert {session.id for session in ledger.sessions("p1")} == {"s1", "s2"}
    assert ledger.end_sessions(AT, session_id="s1") == 1 and ledger.end_sessions(AT, person_id="p1") == 1
    assert ledger.end_sessions(AT, person_id="p1") == 0 and ledger.sessions("p1") == []
    ledger.forget_sessions(AT + timedelta(hours=2))
    assert ledger.session(session_id="s2") is None and ledger.session(session_id="s1") is not None


def test_tokens_are_found_by_their_hash(ledger: Ledger) -> None:
    ledger.add_token(TOKEN)
    assert ledger.tokens() == [TOKEN] == [ledger.token(secret="b" * 64)] == [ledger.token(token_id="t1")]
    ledger.change_token("t1", last_used_at=AT, withdrawn_at=AT, expiry_noted=True)
    found = ledger.token(token_id="t1")
    assert found is not None and (found.last_used_at, found.withdrawn_at, found.expiry_noted) == (AT, AT, True)
    assert ledger.token(secret="B" * 63) is None
    with pytest.raises(IntegrityError):
        ledger.add_token(TokenRecord(**(vars(TOKEN) | {"id": "t2"})))


def test_attempts_replace_each_other(ledger: Ledger) -> None:
    for failed in (1, 2):
        ledger.save_attempts(AttemptRecord("w" * 64, failed, AT, AT if failed == 2 else None))
    assert ledger.attempts(["w" * 64, "x" * 64]) == {"w" * 64: AttemptRecord("w" * 64, 2, AT, AT)}
    ledger.forget_sessions(AT + timedelta(days=1))
    assert ledger.attempts(["w" * 64]) == {}
