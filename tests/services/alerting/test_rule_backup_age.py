"""The backup's age: silent while it is young, fires when it is old or was never made, not applicable without rows."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from core.domain.alert import Severity, State
from core.domain.usecase import UseCase
from core.services.alerting.rules.backup_age import RULE, check
from core.services.desk import Desk

from .conftest import NOW


def bring(desk: Desk, use_case: UseCase, at: datetime, source: str = "file") -> None:
    desk.log.start_batch(use_case, version="v1", source=source, actor="Ana", at=at)


def back_up(desk: Desk, at: datetime) -> None:
    folder = desk.settings.data_dir / "backups" / f"{at:%Y%m%dT%H%M}"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"made_at": at.isoformat()}))


def test_stays_silent(bare: Desk, leads: UseCase) -> None:
    bring(bare, leads, NOW - timedelta(days=3))
    back_up(bare, NOW - timedelta(days=2))
    back_up(bare, NOW - timedelta(minutes=45))
    [reading] = check(bare, None, NOW, RULE.terms)
    assert (reading.state, reading.value) == (State.OK, 0.75)


@pytest.mark.parametrize(("hours", "severity"), [(1.5, Severity.WARNING), (5.0, Severity.CRITICAL)])
def test_fires(bare: Desk, leads: UseCase, hours: float, severity: Severity) -> None:
    bring(bare, leads, NOW - timedelta(days=3))
    back_up(bare, NOW - timedelta(hours=hours))
    [reading] = check(bare, None, NOW, RULE.terms)
    assert (reading.state, reading.severity, reading.value) == (State.BREACH, severity, hours)
    assert f"{hours:.1f} hours old" in reading.sentence and "limit 1)" in reading.sentence


def test_fires_where_none_was_ever_made(bare: Desk, leads: UseCase) -> None:
    bring(bare, leads, NOW - timedelta(hours=30))
    [reading] = check(bare, None, NOW, RULE.terms)
    assert (reading.state, reading.severity, reading.value) == (State.BREACH, Severity.WARNING, 30.0)
    assert reading.sentence.startswith("No backup has been made at this desk.")


def test_not_applicable(bare: Desk, leads: UseCase) -> None:
    bring(bare, leads, NOW - timedelta(days=3), "simulated")
    bring(bare, leads, NOW + timedelta(days=1))
    [reading] = check(bare, None, NOW, RULE.terms)
    assert (reading.state, reading.sentence) == (State.NOT_APPLICABLE, "There is no row yet that could be lost.")
