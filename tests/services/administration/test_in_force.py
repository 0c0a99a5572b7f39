"""What is in force: the policy, the retention, the rules and the channels, each with who changed it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.config import Settings
from core.domain.alert import Severity
from core.services.access import LOCAL_PEOPLE, Role
from core.services.administration import in_force
from core.services.alerting import channels
from core.services.alerting.rule import DESK_SUBJECT
from core.services.alerting.settings import set_terms
from core.services.desk import Desk, open_desk
from core.services.governing import policies
from core.services.privacy import settings as privacy

ADAM, AUDE, RITA = (LOCAL_PEOPLE[role] for role in (Role.ADMIN, Role.AUDITOR, Role.RISK))
KEY = "lead_scoring"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(Settings(home=tmp_path))
    yield opened
    opened.close()


def test_a_published_policy_with_its_number_day_and_reason(desk: Desk) -> None:
    before = {item.key: item for item in in_force.policies_in_force(desk, AUDE)}
    assert before[KEY].number == 0 and before[KEY].since is None
    policy = desk.use_case(KEY).policy
    wanted = replace(policy, capacity=0.25 if policy.capacity != 0.25 else 0.3)
    draft = policies.save_draft(desk, RITA, KEY, wanted, "More callers")
    assert {item.key: item.n_drafts for item in in_force.policies_in_force(desk, AUDE)}[KEY] == 1
    policies.publish(desk, RITA, KEY, draft.number, "More callers from March", over=0)
    after = {item.key: item for item in in_force.policies_in_force(desk, AUDE)}[KEY]
    assert (after.number, after.by, after.n_drafts) == (1, RITA.name, 0)
    assert after.since is not None and abs((datetime.now(UTC) - after.since).total_seconds()) < 60


def test_retention_of_each_use_case_and_of_the_desk(desk: Desk) -> None:
    privacy.set_retention(desk, ADAM, KEY, {"views": 30}, "Shorter, by the works council")
    found = {item.key: item for item in in_force.kept_here(desk, AUDE)}
    assert (found[KEY].days["views"], found[KEY].by) == (30, ADAM.name)
    assert found[""].days == {"results": 90, "inbox": 90, "jobs": 365} and found[""].since is None
    assert not found[KEY].hashes_ids


def test_rules_that_were_changed_and_whom_nobody_tells(desk: Desk) -> None:
    quiet = in_force.alerting(desk, AUDE)
    assert quiet.n_rules >= 10 and not quiet.changed and quiet.n_channels == 0
    assert set(quiet.unheard["critical"]) == {DESK_SUBJECT, *desk.use_cases()}
    set_terms(desk, RITA, "rejects", {"limit": 0.15}, "Known to be noisy")
    wanted = channels.Wanted("On call", "slack://TAAAAAAAA/BBBBBBBBB/abcdefghijklmnopqrstuvwx", [Severity.CRITICAL])
    channels.save(desk, ADAM, wanted)
    told = in_force.alerting(desk, AUDE)
    assert list(told.changed.values()) == [("limit",)] and told.n_channels == 1
    assert set(told.unheard) == {"warning"}
