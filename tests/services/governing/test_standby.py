"""A version that cannot score is replaced by the one that acted before: no row fails, and everybody is told once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.config import Settings
from core.errors import BundleProblem, NotPermitted
from core.ml.compiled import Compiled
from core.services import batches, overview, scoring
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import CHAMPION, Desk, open_desk
from core.services.governing import standby
from core.services.history.versions import FORMER, _train

KEY = "bnpl_default"
RITA, SAM = LOCAL_PEOPLE[Role.RISK], LOCAL_PEOPLE[Role.SALES]


@pytest.fixture
def home(desk_home: Path, analyst: Actor) -> Path:
    """v0 acted and has scored; v1 acts now."""
    desk = open_desk(Settings(home=desk_home))
    _train(desk, analyst, desk.use_case(KEY), datetime(2026, 1, 1, tzinfo=UTC))
    row = scoring.sample_rows(desk, KEY)[0]
    let_act(desk, FORMER, "elastic")
    assert scoring.score_one(desk, analyst, KEY, row).version == FORMER
    let_act(desk, "v1", None)
    assert scoring.score_one(desk, analyst, KEY, row).version == "v1"
    desk.close()
    return desk_home


def let_act(desk: Desk, version: str, model: str | None) -> None:
    at = datetime.now(UTC)
    with desk.ledger.transaction():
        desk.ledger.set_alias(KEY, CHAMPION, version, at, model=model)
        desk.ledger.record(
            at=at, actor="Rita", role="risk", via="page", action="promote", subject=f"{KEY} {version}",
            after={"version": version, "model": model},
        )  # fmt: skip


@pytest.fixture
def opened(home: Path) -> Iterator[Desk]:
    desk = open_desk(Settings(home=home, chunk_rows=100))
    yield desk
    desk.close()


def spoil(home: Path) -> bytes:
    """Change one byte of the acting version's models; returns what was there."""
    path = home / "models" / KEY / "v1" / "linear.npz"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    return content


def events(desk: Desk, version: str = "v1") -> list[str]:
    said = (standby.FELL_BACK, standby.SERVES_AGAIN)
    return [event.action for event in desk.ledger.events(f"{KEY} {version}", 50) if event.action in said][::-1]


def row_of(desk: Desk, place: int = 1) -> dict[str, Any]:
    reference = desk._scorer(desk.use_case(KEY), FORMER, None).bundle.reference
    return {name: reference[name][place].as_py() for name in desk.use_case(KEY).schema.names}


def test_spoilt_files_are_replaced_at_the_next_row_and_everybody_is_told_once(home: Path, analyst: Actor) -> None:
    content = spoil(home)
    desk = open_desk(Settings(home=home))
    for place in range(3):
        said = scoring.score_one(desk, analyst, KEY, row_of(desk, place))
        assert (said.version, said.champion) == (FORMER, "elastic")
    logged = desk.log.latest(desk.use_case(KEY), 1)
    assert logged["version"][0].as_py() == FORMER
    assert events(desk) == [standby.FELL_BACK]
    event = next(event for event in desk.ledger.events(f"{KEY} v1") if event.action == standby.FELL_BACK)
    assert event.after == {"version": FORMER, "model": "elastic"}
    assert "linear.npz" in str(event.reason) and event.actor == "the desk"
    assert desk.acting_version(KEY) == "v1", "the alias is a person's to move"
    assert str(desk.acting(KEY)) == f"elastic of {FORMER}"
    seen = overview.overview(desk, analyst)
    assert [key for key in seen.stand_ins] == [KEY]
    assert next(case for case in seen.cases if case.key == KEY).version == FORMER
    desk.close()
    again = open_desk(Settings(home=home))
    told = overview.overview(again, analyst)
    assert told.stand_ins[KEY].serving == seen.stand_ins[KEY].serving, "known before anything is loaded"
    assert told.as_json()["stand_ins"][KEY]["problem"] == seen.stand_ins[KEY].problem
    assert scoring.score_one(again, analyst, KEY, row_of(again, 4)).version == FORMER
    assert events(again) == [standby.FELL_BACK], "the same fault after a restart is no news"
    again.close()
    (home / "models" / KEY / "v1" / "linear.npz").write_bytes(content)
    mended = open_desk(Settings(home=home))
    assert scoring.score_one(mended, analyst, KEY, row_of(mended, 5)).version == "v1"
    assert events(mended) == [standby.FELL_BACK, standby.SERVES_AGAIN]
    assert mended.stand_in(KEY) is None
    assert mended.ledger.verify_chain() is None
    mended.close()


def test_a_repaired_version_serves_again_when_somebody_asks(home: Path, analyst: Actor) -> None:
    content = spoil(home)
    desk = open_desk(Settings(home=home))
    assert scoring.score_one(desk, analyst, KEY, row_of(desk)).version == FORMER
    with pytest.raises(NotPermitted):
        standby.try_again(desk, SAM, KEY)
    with pytest.raises(BundleProblem):
        standby.try_again(desk, RITA, KEY)
    assert desk.scorer(KEY).card.version == FORMER
    (home / "models" / KEY / "v1" / "linear.npz").write_bytes(content)
    standby.try_again(desk, RITA, KEY)
    assert scoring.score_one(desk, analyst, KEY, row_of(desk, 2)).version == "v1"
    assert events(desk) == [standby.FELL_BACK, standby.SERVES_AGAIN]
    assert desk.ledger.events(f"{KEY} v1", 1)[0].actor == RITA.name
    standby.try_again(desk, RITA, KEY)
    assert len(events(desk)) == 2
    desk.close()


def failing(desk: Desk, monkeypatch: pytest.MonkeyPatch, after: int = 0) -> None:
    """Let v1's models raise, after some calls."""
    compiled, predict, calls = desk.scorer(KEY, "v1").bundle.compiled, Compiled.predict, [0]

    def broken(self: Compiled, inputs: Any) -> Any:
        if self is compiled:
            calls[0] += 1
            if calls[0] > after:
                raise ValueError("a model that no longer predicts")
        return predict(self, inputs)

    monkeypatch.setattr(Compiled, "predict", broken)


def test_a_model_that_raises_is_replaced_and_the_row_is_scored(
    opened: Desk, analyst: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(opened, monkeypatch)
    said = scoring.score_one(opened, analyst, KEY, row_of(opened))
    assert said.version == FORMER and not said.already
    assert scoring.score_one(opened, analyst, KEY, row_of(opened, 2)).version == FORMER
    assert events(opened) == [standby.FELL_BACK]
    standing = opened.stand_in(KEY)
    assert standing is not None and "no longer predicts" in standing.problem
    let_act(opened, FORMER, None)
    assert opened.stand_in(KEY) is None, "a person moved the alias: the version acts itself"


def test_a_file_goes_on_with_the_former_version_where_the_acting_one_fails(
    opened: Desk, analyst: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(batches.sample_csv(opened, KEY, 400) or b"")
    failing(opened, monkeypatch, after=2)
    job = opened.jobs.wait(batches.submit(opened, analyst, KEY, path, reasons=True), 60)
    assert job.state == "done", job.message
    assert (job.result["scored"], job.result["rejected"]) == (400, 0)
    logged = opened.log.scored_versions(opened.use_case(KEY))
    assert (logged["v1"]["acting"] - 1, logged[FORMER]["acting"] - 1) == (200, 200)
    versions = [line.split(",") for line in Path(job.result["files"]["csv"]).read_text().splitlines()]
    place = [name.strip('"') for name in versions[0]].index("model_version")
    assert {line[place].strip('"') for line in versions[1:]} == {"v1", FORMER}
    assert events(opened) == [standby.FELL_BACK]
    batches.void(opened, analyst, job.result["batch"], "one file, one upload")
    assert opened.log.counts(opened.use_case(KEY)).total == 2


def test_rows_that_no_version_can_score_blame_none(
    opened: Desk, analyst: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Compiled, "predict", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        scoring.score_one(opened, analyst, KEY, row_of(opened))
    assert opened.stand_in(KEY) is None and events(opened) == []


def test_without_a_former_version_the_error_is_said(desk_home: Path, analyst: Actor) -> None:
    spoil(desk_home)
    desk = open_desk(Settings(home=desk_home))
    with pytest.raises(BundleProblem, match=r"linear\.npz"):
        scoring.score_one(desk, analyst, KEY, {})
    desk.warm()  # the other use cases are loaded all the same
    assert desk.loaded("lead_scoring") and not desk.loaded(KEY)
    desk.close()


def test_what_failed_is_in_the_log_of_the_desk(opened: Desk, analyst: Actor, monkeypatch, caplog) -> None:
    failing(opened, monkeypatch)
    with caplog.at_level(logging.ERROR, "ringside.standby"):
        scoring.score_one(opened, analyst, KEY, row_of(opened))
    assert f"{KEY} v1 is replaced by elastic of {FORMER}" in caplog.text


def test_an_experiment_is_not_offered_what_cannot_be_loaded(home: Path) -> None:
    from core.services.comparison import experiment_start

    spoil(home)
    desk = open_desk(Settings(home=home))
    offered = experiment_start.challengers_of(desk, RITA, KEY)
    assert {arm.version for arm in offered} == {FORMER} and desk.acting(KEY) not in offered
    desk.close()
