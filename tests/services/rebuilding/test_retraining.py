"""Retraining: the result is a challenger with its facts; what fails, is refused or stopped leaves nothing behind."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.config import Settings
from core.domain.usecase import UseCase
from core.errors import InputError, NotPermitted, NotReady
from core.services import batches
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import CHALLENGER, CHAMPION, Desk, open_desk
from core.services.governing.version_states import State, version_states
from core.services.outcomes import Named, take_in
from core.services.rebuilding import first_look, retrain_version, retraining, retraining_data
from core.services.rebuilding.retraining_order import Limits, Order, Rows

ANA = LOCAL_PEOPLE[Role.ANALYST]
KEY = "bnpl_default"
FEW = Limits(rows=500, days=20)
SMALL = Order(trials=3, minutes=5, limits=FEW, reason="a test of few rows")


def draw(use_case: UseCase, n_rows: int, seed: int, until: datetime) -> pa.Table:
    """Labelled rows of the generator, moved so that they span ninety days up to a day."""
    assert use_case.synthesize is not None and use_case.schema.time is not None
    table = use_case.synthesize(n_rows, seed)
    name = use_case.schema.time.name
    times = np.linspace(0, 90 * 86_400, n_rows)
    texts = [(until - timedelta(seconds=90 * 86_400 - second)).strftime("%Y-%m-%dT%H:%M:%SZ") for second in times]
    return table.set_column(table.column_names.index(name), name, pa.array(texts))


@pytest.fixture(scope="module")
def logged_home(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose log holds 1,500 mature purchases with their outcomes, and as many younger ones."""
    home = tmp_path_factory.mktemp("retraining") / "home"
    shutil.copytree(trained_home, home)
    desk = open_desk(Settings(home=home))
    use_case, now = desk.use_case(KEY), datetime.now(UTC)
    for seed, until in ((1, now - timedelta(days=90)), (2, now)):
        path = home / f"rows{seed}.parquet"
        table = draw(use_case, 1_500, seed, until)
        pq.write_table(table.drop([use_case.target.name]), path)
        assert desk.jobs.wait(batches.submit(desk, ANA, KEY, path), 60).state == "done"
        assert use_case.entity is not None
        pq.write_table(table.select([use_case.entity, use_case.target.name]), path)
        take_in(desk, ANA, KEY, path, Named())
    desk.close()
    return home


@pytest.fixture
def desk(logged_home: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copytree(logged_home, tmp_path / "home")
    opened = open_desk(Settings(home=tmp_path / "home"))
    retraining.register(opened)
    yield opened
    opened.close()


def traces(desk: Desk) -> tuple[object, ...]:
    """All that a retraining may leave: versions on disk (also half written), in the ledger, and the alias."""
    folders = sorted(path.name for path in desk.folder(KEY).iterdir())
    return folders, [record.version for record in desk.ledger.versions(KEY)], desk.ledger.alias(KEY, CHALLENGER)


@pytest.mark.slow
def test_the_result_runs_as_challenger_with_its_facts_and_a_first_look(desk: Desk) -> None:
    job = desk.jobs.wait(retraining.submit(desk, ANA, KEY, SMALL), 120)
    assert job.state == "done", job.message
    assert (desk.acting_version(KEY), desk.challenger_version(KEY)) == ("v1", "v2")
    assert desk.ledger.alias(KEY, CHAMPION) == "v1"
    card = desk.card(KEY, "v2")
    tuning = card.lineage["tuning"]
    assert (card.origin, tuning["trials_run"], tuning["split"]) == ("retrain", 3, "time")
    assert tuning["data"]["rows"] == job.result["rows_used"]
    assert tuning["limits"] == {"rows": 500, "days": 20, "months": 6}
    assert card.metrics["main"] == "held_out" and set(card.metrics["sets"]) == {"held_out"}
    look = job.result["first_look"]
    assert look["since"] > card.split["parts"]["test"]["from"][:10]
    assert look["replayed"] > 0 and "verdict" in look["said"]
    acts = {event.action: event for event in desk.ledger.events()}
    assert acts["retrain version"].actor == acts["start shadow"].actor == ANA.name
    assert acts["start shadow"].reason == SMALL.reason
    assert version_states(desk, ANA, KEY)[0].state is State.STAGING
    assert retraining.retrained(desk, ANA, KEY) == ["v2"]
    assert retraining.looks(desk, ANA, KEY, "v2").result == look["said"]
    assert desk.ledger.verify_chain() is None
    assert desk.scorer(KEY, "v2").card.feature_names == desk.use_case(KEY).feature_names


def test_only_mature_labelled_rows_of_one_kind_are_counted(desk: Desk) -> None:
    found = retraining_data.supplies(desk, ANA, KEY, FEW)
    logged = found[Rows.LOGGED]
    assert 1_300 < logged.n_rows <= 1_700  # the younger rows are labelled too, and do not count yet
    assert logged.last <= (datetime.now(UTC) - timedelta(days=84)).date()
    assert (found[Rows.SIMULATED].n_rows, logged.lacks) == (0, "")
    assert "10,000 are asked for" in retraining_data.supplies(desk, ANA, KEY)[Rows.LOGGED].lacks


def test_an_extract_comes_back_as_it_was_scored(desk: Desk, tmp_path: Path) -> None:
    use_case = desk.use_case(KEY)
    path = tmp_path / "rows.parquet"
    retraining_data.extract(desk, use_case, Rows.LOGGED, FEW, path)
    labelled, times = retraining_data.read_extract(use_case, path)
    assert labelled.n_rejected == 0 and set(np.unique(labelled.target)) == {0.0, 1.0}
    assert (np.diff(times.astype(np.int64)) >= 0).all()
    assert labelled.rows[use_case.target.name].to_pylist()[0] in use_case.target.classes


def test_too_few_rows_are_refused_with_the_counts_and_leave_nothing(desk: Desk) -> None:
    before = traces(desk)
    job = desk.jobs.wait(retraining.submit(desk, ANA, KEY, Order(trials=2)), 60)
    assert job.state == "failed"
    assert "10,000 are asked for" in job.message
    assert traces(desk) == before


def test_simulated_rows_never_stand_in_for_logged_ones(desk: Desk) -> None:
    job = desk.jobs.wait(retraining.submit(desk, ANA, KEY, replace(SMALL, rows=Rows.SIMULATED)), 60)
    assert job.state == "failed" and "0 purchases" in job.message


def test_a_file_that_cannot_be_used_fails_in_its_own_words(desk: Desk, tmp_path: Path) -> None:
    before = traces(desk)
    path = tmp_path / "few.parquet"
    pq.write_table(draw(desk.use_case(KEY), 300, 3, datetime.now(UTC)), path)
    job = desk.jobs.wait(retraining.submit(desk, ANA, KEY, replace(SMALL, rows=Rows.FILE, path=str(path))), 60)
    assert job.state == "failed"
    assert "500 are asked for" in job.message and "few.parquet" in job.message
    assert traces(desk) == before


def test_a_cancelled_run_leaves_nothing(desk: Desk) -> None:
    before = traces(desk)
    job_id = retraining.submit(desk, ANA, KEY, replace(SMALL, trials=400))
    limit = time.monotonic() + 60
    while "trial" not in desk.jobs.state(job_id).message and time.monotonic() < limit:
        time.sleep(0.05)
    retraining.cancel(desk, ANA, job_id)
    assert desk.jobs.wait(job_id, 60).state == "cancelled"
    assert traces(desk) == before


def test_what_fails_while_the_result_is_kept_leaves_nothing(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows.parquet"
    retraining_data.extract(desk, desk.use_case(KEY), Rows.LOGGED, FEW, path)
    before, n_events = traces(desk), len(desk.ledger.events())

    def refuse(*args: object, **facts: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(desk.ledger, "set_alias", refuse)
    with pytest.raises(KeyboardInterrupt):
        retrain_version.retrain_version(desk, ANA, KEY, replace(SMALL, path=str(path), trials=1))
    assert traces(desk) == before
    assert len(desk.ledger.events()) == n_events


def test_no_file_waits_behind_a_retraining(desk: Desk, tmp_path: Path) -> None:
    job_id = retraining.submit(desk, ANA, KEY, replace(SMALL, trials=400))
    path = tmp_path / "week.csv"
    path.write_bytes(batches.sample_csv(desk, KEY, 50) or b"")
    assert desk.jobs.wait(batches.submit(desk, ANA, KEY, path), 60).state == "done"
    assert not desk.jobs.state(job_id).finished
    desk.jobs.cancel(job_id)
    desk.jobs.wait(job_id, 60)


@pytest.mark.parametrize(
    ("begins", "kind", "since"),
    [
        ("2026-09-30T00:00:00", "logged", "2026-09-30"),  # days without a time: the whole day was held out
        ("2026-09-30T07:00:00", "logged", "2026-10-01"),
        ("2026-09-30T00:00:00", "file", "2026-10-01"),  # perhaps in another zone
        ("1,204", "file", "2026-05-30"),  # numbers order the rows: the last months, whatever they are
    ],
)
def test_a_first_look_begins_after_the_training(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, begins: str, kind: str, since: str
) -> None:
    card = desk.card(KEY, "v1")
    parts = {"parts": {"test": {"from": begins}}}
    other = replace(card, split=parts, lineage={"tuning": {"data": {"kind": kind}}})
    monkeypatch.setattr(desk, "card", lambda key, version: other)
    now = datetime(2026, 11, 20, tzinfo=UTC)
    assert first_look._after_training(desk, KEY, "v1", now).date().isoformat() == since


def test_one_at_a_time_and_only_who_may(desk: Desk) -> None:
    for role in (Role.SALES, Role.AUDITOR):
        with pytest.raises(NotPermitted):
            retraining.submit(desk, LOCAL_PEOPLE[role], KEY, SMALL)
        with pytest.raises(NotPermitted):
            retrain_version.retrain_version(desk, LOCAL_PEOPLE[role], KEY, SMALL)
    job_id = retraining.submit(desk, ANA, KEY, replace(SMALL, trials=400))
    with pytest.raises(InputError, match="being retrained already"):
        retraining.submit(desk, ANA, KEY, SMALL)
    desk.jobs.cancel(job_id)
    desk.jobs.wait(job_id, 60)


def test_what_an_order_may_not_ask(desk: Desk, tmp_path: Path) -> None:
    for order, said in (
        (replace(SMALL, reason=" "), "10,000 rows over 60 days"),
        (replace(SMALL, trials=0), "0 trials"),
        (replace(SMALL, minutes=0), "0 minutes"),
        (replace(SMALL, rows=Rows.FILE, path=str(tmp_path / "none.csv")), "There is no file"),
    ):
        with pytest.raises(InputError, match=said):
            retraining.submit(desk, ANA, KEY, order)
    assert Order.from_json(json.loads(json.dumps(SMALL.as_json()))) == SMALL
    asked = {"path": None, "trials": 5, "min_rows": 700, "reason": "few"}
    assert retraining.order_of(asked) == Order(trials=5, limits=Limits(rows=700), reason="few")


def test_nothing_trained_is_trained_first(tmp_path: Path) -> None:
    desk = open_desk(Settings(home=tmp_path))
    try:
        with pytest.raises(NotReady, match="train bnpl_default"):
            retraining.submit(desk, ANA, KEY, SMALL)
    finally:
        desk.close()
