from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import InputError, NotPermitted
from core.services import outcomes
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.complaints import cases
from core.services.desk import Desk
from core.services.privacy import entity, settings
from core.services.reasons import feedback
from tests.services.privacy.debtors import KEY, scored

ADMIN, AUDITOR = LOCAL_PEOPLE[Role.ADMIN], LOCAL_PEOPLE[Role.AUDITOR]


def whole_life(desk: Desk, actor: Actor, folder: Path) -> dict[str, str]:
    """A debtor with a score, an outcome, a view, an opinion and a case; others with scores and outcomes."""
    rows = scored(desk, actor)
    file = folder / "outcomes.csv"
    file.write_text("customer_id,payment_status\n" + "".join(f"{row['customer_id']},full\n" for row in rows[:3]))
    outcomes.take_in(desk, actor, KEY, file)
    mine = rows[0]
    at = datetime.now(UTC)
    desk.log.append_view(desk.use_case(KEY), mine["prediction_id"], at, actor.name, actor.role.value, "why")
    feedback.disagree(desk, actor, KEY, mine["prediction_id"], None, "he pays")
    cases.open_case(desk, actor, KEY, "He says he has paid.", prediction_id=mine["prediction_id"])
    return mine


@pytest.mark.parametrize("hashed", [False, True])
def test_everything_is_handed_out_and_everything_goes(desk: Desk, analyst: Actor, tmp_path: Path, hashed: bool) -> None:
    if hashed:
        settings.switch_on_hashing(desk, ADMIN, KEY, "privacy review")
    mine = whole_life(desk, analyst, tmp_path)
    found = entity.export(desk, AUDITOR, KEY, mine["customer_id"])
    assert found.counts == {"rows": 1, "scores": 1, "views": 1, "feedback": 1, "outcomes": 1, "cases": 1}
    assert found.tables["rows"][0]["debt_amount"] == float(mine["debt_amount"])
    assert json.loads(entity.as_text(found))["tables"]["outcomes"][0]["outcome"] == "full"
    assert found.files  # the upload and what was made of it

    erased = entity.erase(desk, ADMIN, KEY, mine["customer_id"], "request 17")
    assert erased.deleted == {"views": 1, "feedback": 1, "scores": 1, "outcomes": 1, "rows": 1, "cases": 1}
    assert not any((desk.settings.data_dir / name).exists() for name in found.files)
    assert desk.log.counts(desk.use_case(KEY)).total == 19  # the others stay
    assert len(desk.log.outcomes_as_known_on(desk.use_case(KEY), datetime.now(UTC))) == 2
    assert desk.ledger.cases(KEY)[0].text == "(erased)" and desk.ledger.cases(KEY)[0].prediction_id is None
    with pytest.raises(InputError, match="Nothing is kept"):
        entity.export(desk, ADMIN, KEY, mine["customer_id"])
    done, intended = (event for event in desk.ledger.events(limit=50) if event.action == "erase one entity")
    assert (intended.result, done.result, done.after["rows"]) == ("intended", "done", 1)
    assert mine["customer_id"] not in json.dumps([event.subject for event in desk.ledger.events(limit=50)])


def test_a_customer_is_found_by_every_purchase(desk: Desk, analyst: Actor) -> None:
    from core.services import scoring

    rows = [scoring.sample_rows(desk, "bnpl_default")[0] | {"transaction_id": f"t{k}"} for k in range(3)]
    for place, row in enumerate(rows):
        scoring.score_one(desk, analyst, "bnpl_default", row | {"customer_id": "c1" if place < 2 else "c2"})
    assert entity.export(desk, ADMIN, "bnpl_default", "c1").counts["rows"] == 2
    assert entity.erase(desk, ADMIN, "bnpl_default", "c1", "request 18").deleted["rows"] == 2
    assert entity.export(desk, ADMIN, "bnpl_default", "t2").counts["rows"] == 1


def test_who_may(desk: Desk, analyst: Actor) -> None:
    with pytest.raises(NotPermitted):
        entity.export(desk, analyst, KEY, "x")
    with pytest.raises(NotPermitted):
        entity.erase(desk, LOCAL_PEOPLE[Role.RISK], KEY, "x", "request 17")
    with pytest.raises(InputError, match="reason"):
        entity.erase(desk, ADMIN, KEY, "x", "")
