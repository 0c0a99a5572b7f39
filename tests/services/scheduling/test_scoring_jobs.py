"""Scoring jobs: each kind of source and target, each new source once, what breaks off goes on, who may define one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest

from core.bridges import webhook
from core.errors import InputError, NotPermitted, UnknownName
from core.services import batches
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk
from core.services.scheduling import running
from core.services.scheduling.scoring_jobs import Wanted, define, remove, scoring_jobs, secrets_of, sent_file, sources
from core.services.scheduling.scoring_spec import From, Source, To
from core.store.ledger_schedule_tables import ScoringJobRecord, TaskRun

from ...bridges.sinks import http_sink
from .conftest import KEY, put

RISK = LOCAL_PEOPLE[Role.RISK]
SECRET = "a secret of both sides"
Leads = Callable[..., pa.Table]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    return made


def wanted(source: Source, to: To, address: object, **facts: object) -> Wanted:
    return Wanted("Night run", source, to, str(address), "0 2 * * *", **facts)  # type: ignore[arg-type]


def run(desk: Desk, job: ScoringJobRecord) -> TaskRun:
    return running.run_now(desk, RISK, f"scoring-{job.id}")


def test_a_folder_into_files_each_new_file_once(trained_desk: Desk, folder: Path, tmp_path: Path, leads: Leads) -> None:
    put(leads(40, 1), folder / "monday.csv")
    out = tmp_path / "out"
    job = define(trained_desk, RISK, KEY, wanted(Source(From.FOLDER, str(folder)), To.FILE, out))
    first = run(trained_desk, job)
    assert first.state == "done", first.said
    assert first.said.startswith("40 rows of 1 source: 40 scored, 0 rejected; handed on to")
    assert arrow_csv.read_csv(out / "monday.scored.csv").num_rows == 40
    assert trained_desk.log.counts(trained_desk.use_case(KEY)).total == 40
    assert run(trained_desk, job).said == "Nothing new to score."
    (folder / "monday.csv").touch()  # written again, with the same rows
    put(leads(40, 1), folder / "monday.csv")
    put(leads(30, 2).append_column("spare", pa.array(["x"] * 30)), folder / "tuesday.parquet")
    second = run(trained_desk, job)
    assert second.result is not None and second.result["rows"] == 30
    assert trained_desk.log.counts(trained_desk.use_case(KEY)).total == 70
    taken = sources(trained_desk, RISK, job.id)
    assert {item.name for item in taken} == {"monday.csv", "tuesday.parquet"}
    assert all(item.handed_on_at is not None for item in taken)


def test_a_query_into_a_table_only_rows_not_there_yet(
    trained_desk: Desk, folder: Path, tmp_path: Path, leads: Leads
) -> None:
    rows = leads(50, 3)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        warehouse.register("rows", rows.slice(0, 40))
        warehouse.execute("CREATE TABLE leads AS FROM rows")
    query = Source(From.QUERY, str(folder / "warehouse.duckdb"), "SELECT * FROM leads")
    target = f"sqlite:///{tmp_path / 'crm.sqlite'}"
    job = define(trained_desk, RISK, KEY, wanted(query, To.TABLE, target, table="scores"))
    first = run(trained_desk, job)
    assert first.state == "done" and "40 scored" in first.said, first.said
    assert run(trained_desk, job).said == "Nothing new to score."
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        warehouse.register("rows", rows.slice(40))
        warehouse.execute("INSERT INTO leads FROM rows")
    second = run(trained_desk, job)
    assert second.result is not None and second.result["already_scored"] == 40
    crm = sqlite3.connect(tmp_path / "crm.sqlite")
    names = [row[1] for row in crm.execute("PRAGMA table_info(scores)")]
    assert crm.execute("SELECT count(*), count(DISTINCT prediction_id) FROM scores").fetchall() == [(50, 50)]
    crm.close()
    entity = trained_desk.use_case(KEY).entity
    assert {entity, "score", "band", "decision", "model_version"} <= set(names)
    assert not [name for name in names if name.startswith("score_")], "no other model's opinion leaves"


def test_a_pattern_into_a_duckdb_table(trained_desk: Desk, folder: Path, tmp_path: Path, leads: Leads) -> None:
    put(leads(20, 4), folder / "leads-1.parquet")
    put(leads(20, 5), folder / "other.parquet")
    source = Source(From.FILES, str(folder / "leads-*.parquet"))
    job = define(trained_desk, RISK, KEY, wanted(source, To.TABLE, tmp_path / "crm.duckdb", table="scores"))
    assert run(trained_desk, job).state == "done"
    with duckdb.connect(str(tmp_path / "crm.duckdb"), read_only=True) as crm:
        assert crm.execute("SELECT count(*) FROM scores").fetchall() == [(20,)]


def test_a_webhook_gets_every_row_once_also_after_it_was_down(
    trained_desk: Desk, folder: Path, leads: Leads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "WAITS", ())
    put(leads(50, 6), folder / "leads.csv")
    with http_sink(200, 500, 200) as crm:
        facts = {"batch_rows": 20, "secret": SECRET}
        job = define(
            trained_desk, RISK, KEY, wanted(Source(From.FOLDER, str(folder)), To.WEBHOOK, f"{crm.url}/leads", **facts)
        )
        first = run(trained_desk, job)
        assert first.state == "failed" and "leads.csv: 127.0.0.1" in first.said and SECRET not in str(job.spec)
        second = run(trained_desk, job)
        assert second.state == "done", second.said
        assert run(trained_desk, job).said == "Nothing new to score."
        parts = [request.json["rows"] for request in crm.requests]
        assert [len(part) for part in parts] == [20, 20, 20, 10], "the second part was refused once and sent again"
        assert parts[1] == parts[2]
        deliveries = [request.headers["x-ringside-delivery"] for request in crm.requests]
        assert deliveries[1] == deliveries[2] and len(set(deliveries)) == 3
        stamp, signature = crm.requests[0].headers["x-ringside-signature"].removeprefix("t=").split(",v1=")
        assert signature == webhook.sign(SECRET, int(stamp), crm.requests[0].body)
        assert {"prediction_id", "score", "band"} <= set(parts[0][0])
    assert trained_desk.log.counts(trained_desk.use_case(KEY)).total == 50
    remove(trained_desk, RISK, job.id, "The CRM is gone.")
    with pytest.raises(InputError):
        secrets_of(trained_desk).get(job.spec["target"]["secrets"]["secret"])
    with pytest.raises(UnknownName):
        run(trained_desk, job)


def test_of_a_query_only_rows_that_the_job_has_not_sent_are_posted(
    trained_desk: Desk, folder: Path, leads: Leads
) -> None:
    rows = leads(30, 8)
    by_hand = put(rows.slice(20), folder / "by_hand.csv")
    job_id = batches.submit(trained_desk, RISK, KEY, by_hand)
    assert trained_desk.jobs.wait(job_id, 60).state == "done"
    pq.write_table(rows.slice(0, 20), folder / "leads.parquet")
    source = Source(From.QUERY, str(folder / "leads.parquet"), "SELECT * FROM source")
    with http_sink() as crm:
        job = define(trained_desk, RISK, KEY, wanted(source, To.WEBHOOK, crm.url, secret=SECRET))
        assert run(trained_desk, job).state == "done"
        pq.write_table(rows, folder / "leads.parquet")
        second = run(trained_desk, job)
        assert "10 rows in 1 delivery, 20 rows were sent before" in second.said, "scored by somebody is not sent"
        assert [len(request.json["rows"]) for request in crm.requests] == [20, 10]
    assert sent_file(trained_desk, job.id).exists()
    remove(trained_desk, RISK, job.id, "The CRM is gone.")
    assert not sent_file(trained_desk, job.id).exists()


def test_one_that_fails_leaves_the_others_alone(trained_desk: Desk, folder: Path, tmp_path: Path, leads: Leads) -> None:
    put(leads(10, 9), folder / "good.csv")
    put(pa.table({"nothing": ["a", "b"]}), folder / "other.csv")
    put(pa.table({"nothing": ["a", "b"]}), folder / "broken.parquet").write_bytes(b"PAR1 and then nothing")
    os.utime(folder / "broken.parquet", (0, 0))
    job = define(trained_desk, RISK, KEY, wanted(Source(From.FOLDER, str(folder)), To.FILE, tmp_path / "out"))
    found = run(trained_desk, job)
    assert found.state == "failed" and "broken.parquet:" in found.said and "10 scored" in found.said
    assert "other.csv: all rows were rejected" in found.said and (tmp_path / "out" / "other.rejects.csv").exists()
    assert "other.csv" not in run(trained_desk, job).said, "it is told once; the broken one until it is repaired"
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    found = run(trained_desk, job)
    assert found.state == "failed" and "is not there" in found.said


def test_what_cannot_be_meant_is_refused(trained_desk: Desk, folder: Path, tmp_path: Path) -> None:
    source, out = Source(From.FOLDER, str(folder)), tmp_path / "out"
    data = trained_desk.settings.data_dir
    refused = [
        wanted(Source(From.FOLDER, "in"), To.FILE, out),
        wanted(Source(From.FOLDER, str(folder / "gone")), To.FILE, out),
        wanted(Source(From.FOLDER, str(data)), To.FILE, out),
        wanted(Source(From.FILES, str(folder / "leads.doc")), To.FILE, out),
        wanted(Source(From.QUERY, str(data / "ledger.sqlite"), "SELECT * FROM events"), To.FILE, out),
        wanted(Source(From.QUERY, str(folder / "gone.duckdb"), "SELECT 1"), To.FILE, out),
        wanted(source, To.FILE, data / "ledger"),
        wanted(source, To.FILE, out, form="xlsx"),
        wanted(source, To.TABLE, tmp_path / "crm.duckdb", table="a b"),
        wanted(source, To.TABLE, tmp_path / "crm.txt", table="scores"),
        wanted(source, To.TABLE, "nonsense://x", table="scores"),
        wanted(source, To.WEBHOOK, "http://example.com/x", secret=SECRET),
        wanted(source, To.WEBHOOK, "https://example.com/x", secret="short"),
        wanted(source, To.WEBHOOK, "https://example.com/x", secret=SECRET, batch_rows=0),
    ]
    for item in refused:
        with pytest.raises(InputError):
            define(trained_desk, RISK, KEY, item)
    assert scoring_jobs(trained_desk, RISK) == []
    assert not (data / "secrets.toml").exists()
    with pytest.raises(NotPermitted):
        define(trained_desk, LOCAL_PEOPLE[Role.ANALYST], KEY, wanted(source, To.FILE, out))
    job = define(trained_desk, RISK, KEY, wanted(source, To.FILE, out))
    with pytest.raises(InputError, match="already"):
        define(trained_desk, RISK, KEY, wanted(source, To.FILE, out))
    (event,) = trained_desk.ledger.events(f"{KEY} scoring job {job.id} Night run")
    assert (event.action, event.actor) == ("define scoring job", RISK.name)
