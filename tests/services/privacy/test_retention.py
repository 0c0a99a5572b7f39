from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import InputError, NotPermitted
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import Desk
from core.services.privacy import settings
from core.services.privacy.retention import sweep
from tests.services.privacy.debtors import KEY, scored

ADMIN = LOCAL_PEOPLE[Role.ADMIN]


def test_nothing_that_figures_need_goes_by_itself(desk: Desk, analyst: Actor) -> None:
    scored(desk, analyst)
    said = sweep(desk, datetime.now(UTC) + timedelta(days=20))
    assert said == {"deleted": {}, "said": "Nothing is older than it may be kept."}


def test_rows_go_with_all_that_hangs_on_them(desk: Desk, analyst: Actor) -> None:
    mine = scored(desk, analyst)[0]
    case, at = desk.use_case(KEY), datetime.now(UTC)
    desk.log.append_view(case, mine["prediction_id"], at, analyst.name, "analyst", "why")
    settings.set_retention(desk, ADMIN, KEY, {"rows": 200}, "policy 4")
    newest = max(desk.log.scan(case, ["as_of"])["as_of"].to_pylist()).replace(tzinfo=UTC)
    assert sweep(desk, newest + timedelta(days=199))["deleted"].get(f"{KEY} rows", 0) < 20
    found = sweep(desk, newest + timedelta(days=201))
    assert desk.log.counts(case).total == 0
    assert f"of {KEY} rows" in found["said"]
    assert desk.log.of_entity(case, [mine["customer_id"]])["views"].num_rows == 0
    event = next(item for item in desk.ledger.events(f"{KEY} rows", 5))
    assert event.after["older_than_days"] == 200 and event.actor == "Ringside"


def test_views_go_after_a_year(desk: Desk, analyst: Actor) -> None:
    mine = scored(desk, analyst)[0]
    case, at = desk.use_case(KEY), datetime.now(UTC)
    desk.log.append_view(case, mine["prediction_id"], at, analyst.name, "analyst", "why")
    assert sweep(desk, at + timedelta(days=364))["deleted"].get(f"{KEY} views") is None
    assert sweep(desk, at + timedelta(days=366))["deleted"][f"{KEY} views"] == 1
    assert desk.log.counts(case).total == 20


def test_files_go_by_their_age(desk: Desk, analyst: Actor) -> None:
    scored(desk, analyst)
    old = (datetime.now(UTC) - timedelta(days=91)).timestamp()
    for path in (desk.settings.data_dir / "results").glob("*"):
        os.utime(path, (old, old))
    for path in (desk.settings.data_dir / "uploads").glob("*"):
        os.utime(path, (old, old))
    assert sweep(desk)["deleted"] == {"results": 1, "uploads": 1}


def test_what_is_refused(desk: Desk, analyst: Actor) -> None:
    with pytest.raises(InputError, match="At least 180"):
        settings.set_retention(desk, ADMIN, KEY, {"rows": 30}, "policy 4")
    with pytest.raises(InputError, match="no kind of record"):
        settings.set_retention(desk, ADMIN, KEY, {"events": 30}, "policy 4")
    with pytest.raises(NotPermitted):
        settings.set_retention(desk, analyst, KEY, {"views": 30}, "policy 4")
    assert settings.set_retention(desk, ADMIN, KEY, {"views": None}, "policy 5")["views"] is None
