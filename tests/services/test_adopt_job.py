"""Adopting as a job: it trains what was seen, survives a restart, leaves nothing when cancelled, asks who may."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.config import Settings
from core.errors import InputError, NotPermitted
from core.services import adopt_job
from core.services.access import LOCAL_PEOPLE, Role
from core.services.adoption import inspect
from core.services.adoption_report import AdoptOptions
from core.services.desk import Desk, open_desk

ANA = LOCAL_PEOPLE[Role.ANALYST]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(Settings(home=tmp_path / "home"))
    adopt_job.register(opened)
    yield opened
    opened.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    x = rng.normal(size=500).round(3)
    y = (x + rng.normal(size=500) > 0).astype(int)
    file = tmp_path / "0123abcd.csv"
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([("x", "y"), *zip(x, y, strict=True)])
    return file


OPTIONS = AdoptOptions("y", filename="Our leads.csv", exclude=())


def test_a_job_trains_what_was_seen_under_the_files_own_name(desk: Desk, path: Path) -> None:
    seen = inspect(desk, ANA, path, OPTIONS)
    job = desk.jobs.wait(adopt_job.submit(desk, ANA, seen), 100)
    assert (job.state, job.message) == ("done", job.message)
    assert job.result["use_case"] == "our_leads"
    assert desk.use_case("our_leads").facts["source"]["file"] == "Our leads.csv"
    assert desk.card("our_leads", "v1").lineage["data"] == "Our leads.csv"
    acts = {event.action: event.actor for event in desk.ledger.events()}
    assert acts["ask for adoption"] == acts["adopt version"] == ANA.name


def test_after_a_restart_the_file_is_looked_at_again(desk: Desk, path: Path) -> None:
    seen = inspect(desk, ANA, path, OPTIONS)
    adopt_job._seen.clear()
    job_id = adopt_job.submit(desk, ANA, seen)
    adopt_job._seen.clear()
    assert desk.jobs.wait(job_id, 100).state == "done"
    assert desk.acting_version("our_leads") == "v1"


def test_a_cancelled_job_leaves_no_trace(desk: Desk, path: Path) -> None:
    seen = inspect(desk, ANA, path, OPTIONS)
    job_id = adopt_job.submit(desk, ANA, seen)
    desk.jobs.cancel(job_id)
    assert desk.jobs.wait(job_id, 100).state == "cancelled"
    assert "our_leads" not in desk.use_cases()
    assert desk.acting_version("our_leads") is None


def test_one_at_a_time_under_a_key(desk: Desk, path: Path) -> None:
    seen = inspect(desk, ANA, path, OPTIONS)
    job_id = adopt_job.submit(desk, ANA, seen)
    with pytest.raises(InputError, match="being adopted already"):
        adopt_job.submit(desk, ANA, seen)
    desk.jobs.wait(job_id, 100)


def test_who_may(desk: Desk, path: Path) -> None:
    seen = inspect(desk, ANA, path, OPTIONS)
    for role in (Role.SALES, Role.AUDITOR):
        with pytest.raises(NotPermitted):
            adopt_job.submit(desk, LOCAL_PEOPLE[role], seen)
        with pytest.raises(NotPermitted):
            adopt_job.preview(LOCAL_PEOPLE[role], path, "x.csv")


def test_a_preview_shows_columns_and_values(path: Path) -> None:
    found = adopt_job.preview(ANA, path, "Our leads.csv")
    assert (found.key, found.columns) == ("our_leads", ("x", "y"))
    assert found.examples["y"] in ("0, 1", "1, 0")
