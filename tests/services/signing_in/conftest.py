"""A desk without models on which people sign in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from core.config import Settings
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import Desk, open_desk
from core.services.signing_in import local, passwords, people, sessions
from core.services.signing_in.people import Person

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
PASSWORD = "a kettle sings at noon"
HERE = "192.0.2.7"

Joins = Callable[..., Person]


@pytest.fixture(autouse=True)
def hasty(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with the least that argon2id takes; a test marked `slow` hashes as the desk does."""
    if "slow" not in request.keywords:
        hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        nobodys = hasher.hash("nobody's")
        monkeypatch.setattr(passwords, "_hasher", lambda: hasher)
        monkeypatch.setattr(passwords, "_nobodys", lambda: nobodys)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(Settings(home=tmp_path, sign_in="local"))
    yield opened
    opened.close()


@pytest.fixture
def admin() -> Actor:
    return LOCAL_PEOPLE[Role.ADMIN]


@pytest.fixture
def joins(desk: Desk, admin: Actor) -> Joins:
    """Add somebody whose password is their own already: joins("Ada", Role.RISK)."""

    def added(name: str = "Ada", role: Role = Role.ANALYST) -> Person:
        person, _ = people.add(desk, admin, name=name, email=f"{name}@example.com", role=role, now=NOW)
        desk.ledger.change_person(person.id, password=passwords.hashed(PASSWORD), one_time_until=None)
        return person

    return added


@pytest.fixture
def enters(desk: Desk) -> Callable[..., sessions.SignedIn]:
    """Sign somebody in: enters("ada@example.com")."""

    def entered(email: str, now: datetime = NOW) -> sessions.SignedIn:
        found = sessions.of_secret(desk, local.sign_in(desk, email, PASSWORD, HERE, now), now)
        assert found is not None
        return found

    return entered
