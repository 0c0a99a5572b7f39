"""Past scores are made again, equal to the last bit, and what differs is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.errors import BundleProblem, InputError, NotPermitted
from core.services import batches
from core.services.access import LOCAL_PEOPLE, Role
from core.services.auditing import recomputing
from core.services.desk import Desk
from core.store.log_schema import quoted

from .conftest import LEADS

AUDE, ANA = LOCAL_PEOPLE[Role.AUDITOR], LOCAL_PEOPLE[Role.ANALYST]


def ids(desk: Desk, n: int) -> list[str]:
    return [str(name) for name in desk.log.latest(desk.use_case(LEADS), n)["prediction_id"].to_pylist()]


def test_a_score_is_the_same_to_the_last_bit(scored: Desk) -> None:
    name = ids(scored, 1)[0]
    found = recomputing.recompute(scored, AUDE, LEADS, f" {name.upper()} ")
    assert found.equal and found.version == "v1" and not found.voided
    named = {value.name for value in found.values}
    assert {"score", "consensus", *scored.use_case(LEADS).recipe.model_names} <= named
    assert all(value.stored is not None for value in found.values)
    event = scored.ledger.events(limit=1)[0]
    assert (event.action, event.subject, event.result) == ("recompute score", f"{LEADS} {name}", "equal")
    assert event.after["values"] == len(found.values) and event.after["differing"] == []
    told = recomputing.as_json(found)
    assert told["equal"] and told["values"][0]["stored"] == told["values"][0]["again"]


def test_a_random_sample(scored: Desk) -> None:
    found = recomputing.sample(scored, AUDE, LEADS, 12, seed=4)
    assert (found.n, found.n_logged, found.n_equal, found.lost) == (12, 60, 12, {}) and found.equal
    assert recomputing.sample(scored, AUDE, LEADS, 2_000).n == 60
    event = scored.ledger.events(limit=2)[1]
    assert (event.action, event.result, event.after["seed"]) == ("recompute a sample", "equal", 4)
    assert recomputing.sample_json(found)["n_equal"] == 12


def test_a_changed_log_is_said_loudly(scored: Desk) -> None:
    name = ids(scored, 2)[1]
    table, model = quoted(LEADS, "scores"), scored.scorer(LEADS).card.champion
    change = f"UPDATE {table} SET {quoted(model)} = {quoted(model)} + ? WHERE prediction_id = ?::UUID"
    scored.log._connection.execute(change, [1e-9, name])
    try:
        found = recomputing.recompute(scored, AUDE, LEADS, name)
        assert not found.equal
        assert [value.name for value in found.values if not value.equal] == [model]
        assert scored.ledger.events(limit=1)[0].result == "differs"
        drawn = recomputing.sample(scored, AUDE, LEADS, 60)
        assert (drawn.n_equal, [item.prediction_id for item in drawn.differing]) == (59, [name])
    finally:
        scored.log._connection.execute(change, [-1e-9, name])


def test_what_cannot_be_made_again(scored: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("0" * 32, "abc", ""):
        with pytest.raises(InputError, match="prediction"):
            recomputing.recompute(scored, AUDE, LEADS, wrong)
    with pytest.raises(InputError, match="sample of 0"):
        recomputing.sample(scored, AUDE, LEADS, 0)
    with pytest.raises(InputError, match="No score of"):
        recomputing.sample(scored, AUDE, "bnpl_default", 5)
    with pytest.raises(NotPermitted):
        recomputing.recompute(scored, ANA, LEADS, ids(scored, 1)[0])

    def gone(*_: object) -> None:
        raise BundleProblem("models/lead_scoring/v1 is no longer there.", "Restore it.")

    monkeypatch.setattr(recomputing, "scorer_of", gone)
    found = recomputing.sample(scored, AUDE, LEADS, 3)
    assert not found.equal and found.n_equal == 0 and len(found.lost) == 3
    assert "Restore it." in next(iter(found.lost.values()))


def test_a_voided_upload_keeps_its_score(trained_home: Path, tmp_path: Path) -> None:
    from core.config import Settings
    from core.services.desk import open_desk

    shutil.copytree(trained_home, tmp_path / "home")
    desk = open_desk(Settings(home=tmp_path / "home"))
    try:
        content = batches.sample_csv(desk, LEADS, 3)
        assert content is not None
        file = tmp_path / "three.csv"
        file.write_bytes(content)
        job = batches.submit(desk, ANA, LEADS, file, filename="three.csv")
        batch = desk.jobs.wait(job, 60).result["batch"]
        name = ids(desk, 1)[0]
        batches.void(desk, ANA, batch, "a test")
        found = recomputing.recompute(desk, AUDE, LEADS, name)
        assert found.voided and found.equal and [value.name for value in found.values] == ["score"]
    finally:
        desk.close()
