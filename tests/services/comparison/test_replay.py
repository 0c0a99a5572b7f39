from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError, NotPermitted, UnknownName
from core.services import batches, scoring
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.comparison import replay
from core.services.desk import CHALLENGER, CHAMPION, Desk
from core.services.history.versions import FORMER, _train
from core.services.reasons.logged_row import logged_columns

WIDE = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
KEY = "bnpl_default"


@pytest.fixture
def two_versions(desk: Desk, analyst: Actor) -> Desk:
    _train(desk, analyst, desk.use_case(KEY), datetime(2026, 1, 1, tzinfo=UTC))
    return desk


@pytest.fixture
def sample(desk: Desk, tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_bytes(batches.sample_csv(desk, KEY, 300) or b"")
    return path


def score_file(desk: Desk, actor: Actor, path: Path, key: str = KEY) -> None:
    job = desk.jobs.wait(batches.submit(desk, actor, key, path))
    assert job.state == "done", job.message


def test_a_replay_says_what_the_version_would_have_said_and_counts_nowhere(two_versions, analyst, sample):
    desk = two_versions
    score_file(desk, analyst, sample)
    use_case = desk.use_case(KEY)
    before = desk.log.counts(use_case).total, desk.log.by_band(use_case)
    assert replay.replay(desk, analyst, KEY, FORMER, WIDE) == 300
    assert replay.replay(desk, analyst, KEY, FORMER, WIDE) == 0
    assert (desk.log.counts(use_case).total, desk.log.by_band(use_case)) == before
    assert desk.log.scored_versions(use_case) == {FORMER: {"replay": 300}, "v1": {"acting": 300}}
    rows = desk.log.judged_arms(use_case, datetime.now(UTC), ["v1", FORMER], columns=["amount"])
    assert rows.num_rows == 300
    other = desk.score(KEY, sample_table(sample), version=FORMER)
    told = dict(zip(other["prediction_id"].to_pylist(), other["score_ridge"].to_pylist(), strict=True))
    assert sorted(rows[f"{FORMER}:ridge"].to_pylist()) == sorted(told.values())
    assert not np.allclose(rows["v1:ridge"].to_numpy(), rows[f"{FORMER}:ridge"].to_numpy())


def sample_table(path: Path):
    import pandas as pd

    return pd.read_csv(path)


@pytest.mark.parametrize(
    "key", ["lead_scoring", "bnpl_default", "collector_performance", "debt_repayment", "client_profitability"]
)
def test_logged_rows_come_back_as_they_were_scored(desk: Desk, analyst: Actor, tmp_path: Path, key: str):
    path = tmp_path / "rows.csv"
    path.write_bytes(batches.sample_csv(desk, key, 120) or b"")
    score_file(desk, analyst, path, key)
    use_case = desk.use_case(key)
    rows = desk.log.unscored(use_case, "none", *WIDE, limit=1_000)
    scorer = desk.scorer(key)
    again = scorer.score(logged_columns(use_case, rows), rows.num_rows)
    logged = desk.log.scan(use_case, ["prediction_id", "score"])
    known = dict(zip(logged["prediction_id"].to_pylist(), logged["score"].to_pylist(), strict=True))
    wanted = [known[name] for name in rows["prediction_id"].to_pylist()]
    assert again.scores[scorer.card.champion].tolist() == wanted


def test_a_challenger_version_runs_in_the_shadow_of_files_and_single_rows(two_versions, analyst, sample):
    desk, use_case = two_versions, two_versions.use_case(KEY)
    desk.ledger.set_alias(KEY, CHALLENGER, FORMER, datetime.now(UTC))
    score_file(desk, analyst, sample)
    said = scoring.score_one(desk, analyst, KEY, scoring.sample_rows(desk, KEY)[0])
    assert said.version == "v1"
    assert desk.log.scored_versions(use_case) == {FORMER: {"shadow": 301}, "v1": {"acting": 301}}
    assert sum(desk.log.by_band(use_case).values()) == 301
    assert desk.log.prediction(use_case, said.prediction_id).num_rows == 1


def test_a_challenger_that_fails_stops_no_row(two_versions, analyst, monkeypatch):
    desk = two_versions
    desk.ledger.set_alias(KEY, CHALLENGER, FORMER, datetime.now(UTC))
    monkeypatch.setattr(desk.scorer(KEY, FORMER), "score", lambda *_: 1 / 0)
    said = scoring.score_one(desk, analyst, KEY, scoring.sample_rows(desk, KEY)[0])
    assert not said.already
    assert desk.log.scored_versions(desk.use_case(KEY)) == {"v1": {"acting": 1}}


def test_another_model_of_the_version_acts_from_the_next_row_on(desk: Desk, analyst: Actor):
    row = scoring.sample_rows(desk, KEY)[0]
    first = scoring.score_one(desk, analyst, KEY, row)
    desk.ledger.set_alias(KEY, CHAMPION, "v1", datetime.now(UTC), model="ensemble")
    again = desk.scorer(KEY)
    assert (again.card.champion, str(desk.acting(KEY))) == ("ensemble", "ensemble of v1")
    assert again.bundle.compiled is desk.scorer(KEY, "v1").bundle.compiled
    other = scoring.score_one(desk, analyst, KEY, scoring.sample_rows(desk, KEY)[1])
    assert other.champion == "ensemble"
    assert other.score == other.scores["ensemble"]
    assert first.champion == "ridge"


def test_what_a_replay_refuses(two_versions, analyst):
    with pytest.raises(InputError, match="empty"):
        replay.replay(two_versions, analyst, KEY, FORMER, WIDE[::-1])
    with pytest.raises(UnknownName):
        replay.replay(two_versions, analyst, KEY, "v7", WIDE)
    with pytest.raises(NotPermitted):
        replay.replay(two_versions, LOCAL_PEOPLE[Role.SALES], KEY, FORMER, WIDE)
