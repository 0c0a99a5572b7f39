"""Filling and removing: reproducible from a seed, real rows untouched, refused where it must be."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from core.config import Settings
from core.errors import InputError, NotPermitted, NotReady
from core.services import batches, commands
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import Desk, open_desk
from core.services.history import job
from core.services.overview import overview
from core.usecases import builtin

from .conftest import ADMIN, NOW, fill

KEYS = [case.key for case in builtin().values() if case.history]
TABLES = ("rows", "scores", "outcomes", "feature_counts")


@pytest.fixture(autouse=True)
def unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fill without looking week by week: the history that every test begins with was watched."""
    monkeypatch.setattr(job, "_watch", lambda *asked: {"alerts": 0, "alerts_over": 0})


def content(desk: Desk, key: str) -> dict[str, list[Any]]:
    """Everything the log holds of a use case, without the numbers of its batches."""
    found = {}
    for table in TABLES:
        lines = desk.log._cursor().execute(f"SELECT * EXCLUDE batch FROM {key}.{table}" if table != "outcomes" else
                                           f"SELECT * FROM {key}.{table}").fetchall()  # fmt: skip
        found[table] = sorted(map(repr, lines))
    return found


def score_real_rows(desk: Desk, analyst: Actor, key: str) -> None:
    sample = batches.sample_csv(desk, key, 120)
    assert sample is not None
    path = batches.keep_upload(desk, analyst, "real.csv", io.BytesIO(sample))
    done = desk.jobs.wait(batches.submit(desk, analyst, key, path, filename="real.csv"), 60)
    assert done.state == "done"


def test_clear_restores_the_log_exactly(own: Desk, analyst: Actor) -> None:
    desk = own
    assert desk.ledger.alerts() and desk.ledger.looks(simulated=True)
    job.clear(desk, ADMIN)  # the former versions stay, so that the next filling need not train them
    assert not desk.ledger.alerts() and not desk.ledger.looks(simulated=True)
    use_case = desk.use_case("lead_scoring")
    for key in KEYS:
        score_real_rows(desk, analyst, key)
    real = desk.log.scan(use_case, ["entity", "as_of"])
    outcome = pa.table({"entity": real["entity"][:5], "outcome": pa.array([1.0] * 5),
                        "observed_at": pa.array([NOW.replace(tzinfo=None)] * 5, pa.timestamp("us"))})  # fmt: skip
    assert desk.log.append_outcomes(use_case, outcome, received_at=NOW) == 5
    before = {key: content(desk, key) for key in KEYS}
    fill(desk)
    # a real outcome of a simulated entity stays: somebody brought it
    brought = outcome.set_column(0, "entity", pa.array([f"sim-{n}" for n in range(5)]))
    assert desk.log.append_outcomes(use_case, brought, received_at=NOW) == 5
    assert set(desk.log.simulated_rows()) == set(KEYS)
    cleared = job.clear(desk, ADMIN)
    assert cleared["cases"] == 4 * len(KEYS)
    assert desk.log.simulated_rows() == {} and desk.ledger.cases() == []
    assert desk.ledger.requests(NOW - timedelta(days=200), NOW, simulated=True) == []
    desk.log._cursor().execute("DELETE FROM lead_scoring.outcomes WHERE entity LIKE 'sim-%'")
    assert {key: content(desk, key) for key in KEYS} == before
    assert desk.ledger.verify_chain() is None
    assert [event.result for event in desk.ledger.events(job.SUBJECT, 2)] == ["done", "intended"]


def test_same_seed_same_content_another_seed_another(own: Desk) -> None:
    first = {key: content(own, key) for key in KEYS}
    job.clear(own, ADMIN)
    fill(own)
    assert {key: content(own, key) for key in KEYS} == first
    job.clear(own, ADMIN)
    fill(own, seed=8)
    again = content(own, "lead_scoring")
    assert all(again[table] != first["lead_scoring"][table] for table in TABLES)


def test_overview_tells_how_many_rows_are_simulated(filled: Desk) -> None:
    seen = overview(filled, ADMIN)
    assert seen.simulated_rows == sum(case.rows_total for case in seen.cases) > 50_000
    assert not seen.offers_history
    assert seen.as_json()["simulated_rows"] == seen.simulated_rows


def test_one_history_at_a_time(filled: Desk) -> None:
    with pytest.raises(InputError, match="already"):
        job.submit(filled, ADMIN)


def test_who_may(filled: Desk) -> None:
    with pytest.raises(NotPermitted):
        job.submit(filled, LOCAL_PEOPLE[Role.SALES])
    with pytest.raises(NotPermitted):
        job.clear(filled, LOCAL_PEOPLE[Role.ANALYST])


def test_nothing_trained_nothing_simulated(tmp_path: Path) -> None:
    empty = open_desk(Settings(home=tmp_path))
    with pytest.raises(NotReady):
        job.submit(empty, ADMIN)
    empty.close()


def test_a_cancelled_filling_leaves_nothing(own: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job.clear(own, ADMIN)
    job_id = job.submit(own, ADMIN, until=NOW)
    own.jobs.cancel(job_id)
    assert own.jobs.wait(job_id, 60).state == "cancelled"
    assert own.log.simulated_rows() == {} and own.ledger.cases() == []


def test_what_a_dead_process_left_is_replaced(own: Desk) -> None:
    own.ledger.record(
        at=NOW, actor="x", role="admin", via="cli", action="fill", subject=job.SUBJECT, result="intended"
    )  # as if it had died before it was done
    before = own.log.simulated_rows()
    fill(own)
    assert own.log.simulated_rows() == before


def test_command(own: Desk) -> None:
    assert commands.run(own, ADMIN, "demo", {"clear": True}, lambda message, share: None)["rows"] > 50_000
    done = commands.run(own, ADMIN, "demo", {"seed": 3, "until": NOW.isoformat()}, lambda message, share: None)
    assert set(done["simulated"]) == set(KEYS)
