"""Signing in as it stands: who is signed in, how many tries failed of late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.config import Settings
from core.services.access import LOCAL_PEOPLE, Role
from core.services.administration.doors import doors
from core.services.desk import open_desk
from core.services.signing_in import local, people

ADAM, AUDE = LOCAL_PEOPLE[Role.ADMIN], LOCAL_PEOPLE[Role.AUDITOR]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_sessions_that_are_open_and_tries_that_failed(tmp_path: Path) -> None:
    desk = open_desk(Settings(home=tmp_path, sign_in="local"))
    try:
        ada, password = people.add(desk, ADAM, name="Ada", email="ada@example.com", role=Role.ADMIN, now=NOON)
        people.add(desk, ADAM, name="Bob", email="bob@example.com", role=Role.SALES, now=NOON)
        local.sign_in(desk, "ada@example.com", password, "10.0.0.1", NOON)
        with pytest.raises(local.NotSignedIn):
            local.sign_in(desk, "bob@example.com", "guessed", "10.0.0.1", NOON)
        seen = doors(desk, AUDE, NOON + timedelta(minutes=5))
        assert (seen.mode, seen.session_hours, dict(seen.open_of)) == ("local", 12, {ada.id: 1})
        assert (seen.n_failed, seen.n_locked) == (1, 0)
        idle = doors(desk, AUDE, NOON + timedelta(hours=seen.idle_hours))
        assert not idle.open_of
        assert doors(desk, AUDE, NOON + timedelta(days=2)).n_failed == 0
        people.deactivate(desk, ADAM, people.add(desk, ADAM, name="Cy", email="c@x.org", role=Role.RISK)[0].id)
        people.sign_out(desk, ADAM, ada.id, NOON)
        assert not doors(desk, AUDE, NOON + timedelta(minutes=5)).open_of
    finally:
        desk.close()
