"""Files through the API: to disk, scored as a job, followed, fetched, stopped."""

from __future__ import annotations

import io
import time
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk
from core.services.scoring import score_one
from core.usecases import builtin
from tests.api.conftest import As, Client, rows_of
from tests.api.test_scoring import refused

PATH = "use-cases/lead_scoring/files"
CSV = {"Content-Type": "text/csv"}


def table(n_rows: int, seed: int) -> pa.Table:
    use_case = builtin()["lead_scoring"]
    assert use_case.synthesize is not None
    drawn = use_case.synthesize(n_rows, seed)
    return drawn.select([name for name in drawn.column_names if name in use_case.schema])


def as_csv(rows: pa.Table) -> bytes:
    stream = io.BytesIO()
    csv.write_csv(rows, stream)
    return stream.getvalue()


def done(client: Client, job: str) -> dict[str, Any]:
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        said: dict[str, Any] = client.get(f"jobs/{job}").json()
        if said["state"] not in ("queued", "running"):
            return said
        time.sleep(0.05)
    raise AssertionError("the job does not end")


def test_a_file_is_scored_followed_and_fetched(by: As, desk: Desk) -> None:
    content = as_csv(table(300, 31)) + b"bad,row\n"
    sent = by().post(f"{PATH}?filename=..%2Fmarch%20leads.csv", content=content, headers=CSV)
    assert sent.status_code == 202, sent.text
    job = sent.json()["job"]
    assert sent.headers["location"] == f"/api/v1/jobs/{job}" and sent.json()["filename"] == "march leads.csv"
    said = done(by(), job)
    assert said["state"] == "done" and said["fraction"] == 1.0
    assert (said["result"]["rows"], said["result"]["scored"], said["result"]["rejected"]) == (301, 300, 1)
    fetched = by().get(said["links"]["csv"].removeprefix("/api/v1/"))
    assert fetched.headers["content-type"].startswith("text/csv")
    scored = csv.read_csv(io.BytesIO(fetched.content))
    alone = score_one(desk, LOCAL_PEOPLE[Role.ANALYST], "lead_scoring", rows_of("lead_scoring", 300, 31)[7])
    assert alone.already and scored["score"][7].as_py() == pytest.approx(alone.score, abs=1e-12)
    columns = parquet.read_table(io.BytesIO(by().get(f"jobs/{job}/result?kind=parquet").content))
    assert columns["score"][7].as_py() == alone.score
    assert b"bad" in by().get(f"jobs/{job}/result?kind=rejects").content
    assert [event.action for event in desk.ledger.events(limit=3)] == ["download"] * 3
    assert desk.settings.data_dir.as_posix() not in by().get(f"jobs/{job}").text
    sales = csv.read_csv(io.BytesIO(by(Role.SALES).get(f"jobs/{job}/result").content))
    assert "score" in sales.column_names and not [name for name in sales.column_names if name.startswith("score_")]


def test_parquet_with_reasons(by: As) -> None:
    stream = io.BytesIO()
    parquet.write_table(table(50, 32), stream)
    kind = {"Content-Type": "application/vnd.apache.parquet"}
    job = by().post(f"{PATH}?reasons=true", content=stream.getvalue(), headers=kind).json()
    assert job["filename"] == "upload.parquet"
    assert done(by(), job["job"])["state"] == "done"
    scored = parquet.read_table(io.BytesIO(by().get(f"jobs/{job['job']}/result?kind=parquet").content))
    assert "helps_1" in scored.column_names


def test_what_is_refused(by: As, desk: Desk) -> None:
    before = len(desk.jobs.active())
    refused(by().post(PATH, content=b"\x00\x01", headers={"Content-Type": "application/octet-stream"}), 415)
    refused(by().post(PATH, content=b"not parquet", headers={"Content-Type": "application/vnd.apache.parquet"}), 422)
    refused(by().post(PATH, content=b"", headers=CSV), 422)
    refused(by(Role.AUDITOR).post(PATH, content=b"a", headers=CSV), 403)
    refused(by(Role.ANALYST).post(f"{PATH}?version=v1", content=as_csv(table(3, 33)), headers=CSV), 403)
    refused(by().get("jobs/nosuchjob"), 404)
    refused(by().post("jobs/nosuchjob/cancel"), 404)
    refused(by().get("jobs/nosuchjob/result?kind=secrets"), 422)
    assert len(desk.jobs.active()) == before
    assert not list((desk.settings.data_dir / "uploads").glob("arriving-*"))


def test_an_upload_beyond_the_limit_leaves_nothing(by: As, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    object.__setattr__(desk.settings, "max_upload_mb", 1)
    monkeypatch.setattr(desk, "settings", desk.settings)
    try:
        refused(by().post(PATH, content=b"a,b\n" * 300_000, headers=CSV), 413)
    finally:
        object.__setattr__(desk.settings, "max_upload_mb", 1_024)
    assert not list((desk.settings.data_dir / "uploads").glob("arriving-*"))


def test_a_job_is_stopped(by: As, desk: Desk) -> None:
    sent = by().post(f"{PATH}?reasons=true", content=as_csv(table(20_000, 34)), headers=CSV).json()
    stopped = by().post(f"jobs/{sent['job']}/cancel")
    assert stopped.status_code == 200, stopped.text
    assert done(by(), sent["job"])["state"] == "cancelled"
    refused(by().get(f"jobs/{sent['job']}/result"), 409)
    refused(by().post(f"jobs/{sent['job']}/cancel"), 422)
