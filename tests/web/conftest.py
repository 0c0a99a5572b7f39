"""A desk without models, people on it, and doors to knock at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from core.config import Settings
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk, open_desk
from core.services.signing_in import passwords, people
from core.web.listening import Listening
from tests.web.knocks import Door, MakeDoor

PASSWORD = "a kettle sings at noon"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(Settings(home=tmp_path, sign_in="local"))
    yield opened
    opened.close()


@pytest.fixture
def door(desk: Desk) -> MakeDoor:
    """door(sign_in="local", ...) is a gate on this desk."""
    return lambda provider=None, **how: Door(desk, Listening(**how), provider)


@pytest.fixture
def ada(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a risk manager with a password of her own; hashed with the least that argon2id takes."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    nobodys = hasher.hash("nobody's")
    monkeypatch.setattr(passwords, "_hasher", lambda: hasher)
    monkeypatch.setattr(passwords, "_nobodys", lambda: nobodys)
    person, _ = people.add(desk, LOCAL_PEOPLE[Role.ADMIN], name="Ada", email="ada@example.com", role=Role.RISK)
    desk.ledger.change_person(person.id, password=passwords.hashed(PASSWORD), one_time_until=None)
    return person.email
