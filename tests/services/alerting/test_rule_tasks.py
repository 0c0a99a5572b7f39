"""Tasks of the desk: silent while the last runs went well, fires for a failed one, not applicable before the first."""

from __future__ import annotations

from datetime import timedelta

from core.domain.alert import State
from core.services.access import LOCAL_PEOPLE, Role
from core.services.alerting.rules.tasks import RULE, check
from core.services.desk import Desk
from core.services.scheduling.setting import set_task

from .conftest import NOW

HOUR = timedelta(hours=1)


def ran(desk: Desk, task: str, state: str, said: str = "", hours_ago: int = 1) -> None:
    at = NOW - hours_ago * HOUR
    run = desk.ledger.claim_run(task, at, at, "schedule", "Ringside")
    assert run is not None
    if state != "running":
        desk.ledger.end_run(run.number, at, state, said, None)


def test_not_applicable(bare: Desk) -> None:
    ran(bare, "retraining", "failed", hours_ago=-1)  # after the time that is looked at
    [reading] = check(bare, None, NOW, RULE.terms)
    assert (reading.state, reading.sentence) == (State.NOT_APPLICABLE, "No task has run yet.")


def test_stays_silent(bare: Desk) -> None:
    ran(bare, "retraining", "failed", hours_ago=3)
    ran(bare, "retraining", "done", hours_ago=2)
    ran(bare, "alerts", "running")
    [reading] = check(bare, None, NOW, RULE.terms)
    assert (reading.state, reading.about) == (State.OK, "retraining")


def test_fires_until_it_is_paused_or_has_run(bare: Desk) -> None:
    ran(bare, "retraining", "failed", "No room on the disk.")
    ran(bare, "clean-up", "interrupted", "The desk stopped while it ran.")
    broken = {reading.about: reading for reading in check(bare, None, NOW, RULE.terms)}
    assert {about: reading.state for about, reading in broken.items()} == {
        "retraining": State.BREACH, "clean-up": State.BREACH,
    }  # fmt: skip
    assert broken["retraining"].sentence == (
        "'Start the retrainings that are due' failed on 2026-11-21 11:00 UTC: No room on the disk."
    )
    set_task(bare, LOCAL_PEOPLE[Role.RISK], "retraining", on=False, cron=None, reason="By hand for now")
    assert [reading.about for reading in check(bare, None, NOW, RULE.terms)] == ["clean-up"]
