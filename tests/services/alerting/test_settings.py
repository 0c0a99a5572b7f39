"""Terms: a rule's own unless a risk manager set others, with a reason, for every subject or for one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.domain.alert import Severity, Terms
from core.errors import InputError, NotPermitted, UnknownName
from core.services.access import LOCAL_PEOPLE, Action, Role, may
from core.services.alerting import settings
from core.services.desk import Desk

from .conftest import NOW

RITA = LOCAL_PEOPLE[Role.RISK]
WHY = "A partner's files are new."


def in_force(desk: Desk, subject: str) -> settings.InForce:
    found = settings.terms_in_force(desk, RITA, subject)
    return next(item for item in found if item.rule.key == "rejects")


def test_for_every_subject_and_for_one(bare: Desk) -> None:
    own = settings.one("rejects").terms
    settings.set_terms(bare, RITA, "rejects", {"limit": 0.1, "persistence": (2, 3)}, WHY, now=NOW)
    changes = {"limit": 0.15, "every": timedelta(hours=6)}
    settings.set_terms(bare, RITA, "rejects", changes, WHY, "lead_scoring", NOW + timedelta(hours=1))
    assert in_force(bare, "bnpl_default").terms.limit == 0.1
    found = in_force(bare, "lead_scoring")
    assert (found.terms.limit, found.terms.every, found.terms.persistence) == (0.15, timedelta(hours=6), (2, 3))
    assert found.changed == ("persistence", "every", "limit")
    assert found.record is not None
    assert (found.record.subject, found.record.reason) == ("lead_scoring", WHY)
    settings.set_terms(bare, RITA, "rejects", {"limit": own.limit}, "Here as before.", "lead_scoring")
    assert in_force(bare, "lead_scoring").terms.limit == own.limit
    settings.set_terms(bare, RITA, "rejects", {}, "As elsewhere.", "lead_scoring")
    assert in_force(bare, "lead_scoring").terms.limit == 0.1
    settings.set_terms(bare, RITA, "rejects", {"limit": own.limit}, "As before.")
    assert in_force(bare, "lead_scoring").terms == own
    assert bare.ledger.rule_terms() == []


def test_every_change_is_written_down(bare: Desk) -> None:
    settings.set_terms(bare, RITA, "rejects", {"limit": 0.1}, WHY)
    settings.set_terms(bare, RITA, "rejects", {"limit": 0.2, "severity": Severity.CRITICAL}, WHY)
    last, first = bare.ledger.events("alert rule rejects")
    assert (first.before, first.after, first.reason) == ({}, {"limit": 0.1}, WHY)
    assert (last.before, last.after) == ({"limit": 0.1}, {"limit": 0.2, "severity": "critical"})


@pytest.mark.parametrize(
    "changes",
    [
        {"persistence": (3, 2)},
        {"persistence": (0, 2)},
        {"persistence": (2, 99)},
        {"clear_after": 0},
        {"clear_share": 1.5},
        {"minimum_n": 0},
        {"every": timedelta(seconds=30)},
        {"limit": 0.5},  # its critical limit is .2
    ],
)
def test_terms_out_of_range(bare: Desk, changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="A rule cannot go by"):
        settings.set_terms(bare, RITA, "rejects", changes, WHY)
    assert bare.ledger.rule_terms() == []


def test_unknown_names_and_no_reason(bare: Desk) -> None:
    for rule, changes, subject in (
        ("reject", {}, ""), ("rejects", {"colour": 1}, ""), ("rejects", {}, "nowhere"), ("rejects", {}, "desk"),
        ("calibration", {"persistence": (1, 1)}, ""),
    ):  # fmt: skip
        with pytest.raises(UnknownName):
            settings.set_terms(bare, RITA, rule, changes, WHY, subject)
    with pytest.raises(InputError, match="reason"):
        settings.set_terms(bare, RITA, "rejects", {"limit": 0.1}, " ")


@pytest.mark.parametrize("role", Role)
def test_who_may(bare: Desk, role: Role) -> None:
    actor = LOCAL_PEOPLE[role]
    if may(actor, Action.SET_ALERTS):
        settings.set_terms(bare, actor, "rejects", {"limit": 0.1}, WHY)
        return
    with pytest.raises(NotPermitted):
        settings.set_terms(bare, actor, "rejects", {"limit": 0.1}, WHY)


def test_there_and_back() -> None:
    terms = {
        "every": timedelta(minutes=90),
        "persistence": (2, 3),
        "severity": Severity.INFO,
        "window": None,
        "on": False,
    }
    assert settings.from_json(settings.to_json(terms)) == terms
    assert settings.from_json({"colour": 1}) == {}
    assert Terms(**settings.from_json(settings.to_json({"window": timedelta(days=1)}))).window == timedelta(days=1)
