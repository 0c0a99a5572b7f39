"""The report of another library: made elsewhere, kept, refused to whom it is not for, and never in the way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from core.bridges import evidently
from core.bridges.evidently import CATEGORY, NUMBER, ColumnDrift
from core.domain.columns import Kind
from core.errors import DeskError, InputError, NotPermitted, NotReady
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk
from core.services.watching import evidently_report as service
from core.store.report_files import ReportFiles

from .conftest import KEY, SAMPLE_ROWS

ADMIN, SALES, AUDITOR = (LOCAL_PEOPLE[role] for role in (Role.ADMIN, Role.SALES, Role.AUDITOR))
SINCE, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
SAID = (ColumnDrift("score", "psi", 0.2, 0.1), ColumnDrift("industry", "chisquare", 0.4, 0.05))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the other process would have been given; it answers at once."""
    seen: list[dict[str, Any]] = []

    def make(folder: Path, columns: Any, waiting: Any) -> tuple[ColumnDrift, ...]:
        waiting("Comparing columns", 0.5)
        tables = [parquet.read_table(folder / name) for name in (evidently.CURRENT, evidently.REFERENCE)]
        seen.append({"columns": dict(columns), "current": tables[0], "reference": tables[1]})
        (folder / evidently.REPORT).write_text("<html>drift</html>")
        return SAID

    monkeypatch.setattr(evidently, "make", make)
    return seen


def ask(desk: Desk, since: datetime = SINCE, until: datetime = UNTIL) -> Any:
    return desk.jobs.wait(service.submit(desk, ADMIN, KEY, since, until), 60)


def test_a_report_is_kept_with_its_facts(desk: Desk, made: list[dict[str, Any]]) -> None:
    job = ask(desk)
    assert job.state == "done", job.message
    (report,) = service.reports(desk, AUDITOR, KEY)
    assert report.name == job.result["name"] and report.columns == SAID and report.version == "v1"
    assert (report.rows, report.rows_all, report.reference_rows) == (SAMPLE_ROWS, SAMPLE_ROWS, report.reference_all)
    assert (report.since, report.until, report.bytes) == (SINCE, UNTIL, len("<html>drift</html>"))
    assert service.page(desk, AUDITOR, KEY, report.name) == b"<html>drift</html>"
    assert [item.drifted for item in report.columns] == [True, False]
    folder = desk.settings.data_dir / "reports" / KEY
    assert {path.suffix for path in folder.iterdir()} == {".html", ".json"}, "nothing it was made from stays"
    assert desk.ledger.events(KEY)[0].action == service.ASKED


def test_what_is_compared_are_scores_and_the_columns_models_read(desk: Desk, made: list[dict[str, Any]]) -> None:
    ask(desk)
    case, given = desk.use_case(KEY), made[0]
    assert given["columns"]["score"] == NUMBER
    for name, kind in given["columns"].items():
        if name != "score":
            column = case.schema[name]
            assert name in case.model_columns and column.kind not in (Kind.ID, Kind.TEXT, Kind.TIME)
            assert kind == (NUMBER if column.kind in (Kind.NUMBER, Kind.COUNT) else CATEGORY)
    for table in (given["current"], given["reference"]):
        assert table.column_names == list(given["columns"])
        kinds = {CATEGORY: "string", NUMBER: "double"}
        assert [str(field.type) for field in table.schema] == [kinds[kind] for kind in given["columns"].values()]
    (report,) = service.reports(desk, ADMIN, KEY)
    assert set(report.left_out) == set(case.model_columns) - set(given["columns"])


def test_many_rows_are_sampled_and_that_is_said(
    desk: Desk, made: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_ROWS", 100)
    monkeypatch.setattr(service, "PIECE_ROWS", 70)
    ask(desk)
    ask(desk)
    (report, again) = service.reports(desk, ADMIN, KEY)
    assert 60 <= report.rows <= 140 and report.rows_all == SAMPLE_ROWS and report.reference_rows == 100
    assert made[0]["current"].equals(made[1]["current"]), "the same rows for the same window"
    assert report.rows == made[0]["current"].num_rows == again.rows


def test_too_few_rows_are_no_report(desk: Desk, made: list[dict[str, Any]]) -> None:
    job = ask(desk, UNTIL, UNTIL + timedelta(days=1))
    assert job.state == "failed" and "Not enough rows: 0 of 30" in job.message and not made
    assert service.reports(desk, ADMIN, KEY) == []


def test_only_the_latest_are_kept(desk: Desk, made: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_REPORTS", 2)
    names = [ask(desk).result["name"] for _ in range(3)]
    assert [report.name for report in service.reports(desk, ADMIN, KEY)] == names[:0:-1]
    assert service.served(desk, KEY, names[0]) is None
    with pytest.raises(InputError, match="no such report"):
        service.page(desk, ADMIN, KEY, names[0])


def test_a_report_under_way_is_cancelled_and_leaves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    def endless(folder: Path, columns: Any, waiting: Any) -> None:
        while True:
            begun.set()
            waiting("Comparing columns", 0.5)

    monkeypatch.setattr(evidently, "make", endless)
    job_id = service.submit(desk, ADMIN, KEY, SINCE, UNTIL)
    assert begun.wait(20)
    running = service.running(desk, AUDITOR, KEY)
    assert running is not None and running.id == job_id
    with pytest.raises(InputError, match="being made already"):
        service.submit(desk, ADMIN, KEY, SINCE, UNTIL)
    service.cancel(desk, ADMIN, job_id)
    assert desk.jobs.wait(job_id, 20).state == "cancelled"
    assert list((desk.settings.data_dir / "reports" / KEY).iterdir()) == []
    assert service.running(desk, AUDITOR, KEY) is None


def test_who_may(desk: Desk, made: list[dict[str, Any]]) -> None:
    name = ask(desk).result["name"]
    asks: list[Callable[[], Any]] = [
        lambda: service.submit(desk, AUDITOR, KEY, SINCE, UNTIL),
        lambda: service.reports(desk, SALES, KEY),
        lambda: service.page(desk, SALES, KEY, name),
        lambda: service.cancel(desk, SALES, "x"),
    ]
    for may_not in asks:
        with pytest.raises(NotPermitted):
            may_not()
    with pytest.raises(InputError, match="before it begins"):
        service.submit(desk, ADMIN, KEY, UNTIL, SINCE)


def test_without_a_version_there_is_nothing_to_compare_with(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(desk), "acting_version", lambda self, key: None)
    with pytest.raises(NotReady):
        service.submit(desk, ADMIN, KEY, SINCE, UNTIL)


def test_no_other_file_is_served(desk: Desk, made: list[dict[str, Any]]) -> None:
    ask(desk)
    asked = [
        (KEY, "../ledger.sqlite"), (KEY, ".."), (KEY, ""), ("..", "lead_scoring"), ("../..", "x" * 24), (KEY, "a" * 24),
        (KEY, "%2e%2e%2fledger"), ("a/b", "x" * 24), (KEY, "x" * 500), (KEY, "név" * 8), (KEY, "a" * 24 + "\n"),
    ]  # fmt: skip
    assert [service.served(desk, key, name) for key, name in asked] == [None] * len(asked)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    kept = ReportFiles(tmp_path / "reports")
    kept.folder.mkdir()
    secret = tmp_path / "secret.html"
    secret.write_text("secret")
    (kept.folder / ("z" * 24 + ".html")).symlink_to(secret)
    assert kept.page("z" * 24) is None


def child(folder: Path, script: str) -> Path:
    """A stand-in for the interpreter that runs Evidently; $3 is the folder."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_the_other_process_is_told_to_keep_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = """printf '{"columns": [{"column": "x", "method": "psi", "value": 0.5, "limit": 0.1}]}' > $3/drift.json
              echo "$DO_NOT_TRACK $1 $2" > $3/report.html; echo noise; echo noise >&2"""
    monkeypatch.setattr(evidently.sys, "executable", str(child(tmp_path, done)))
    stages: list[str] = []
    found = evidently.make(tmp_path, {"x": NUMBER}, lambda stage, share: stages.append(stage))
    assert found == (ColumnDrift("x", "psi", 0.5, 0.1),)
    assert (tmp_path / "report.html").read_text() == "1 -m core.bridges.evidently\n"
    assert set(stages) <= set(evidently.STAGES)


def test_a_failure_is_said_by_its_kind_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = """printf '{"error": "ValueError"}' > $3/drift.json; echo 'Jo Smith is no number' >&2; exit 1"""
    monkeypatch.setattr(evidently.sys, "executable", str(child(tmp_path, failed)))
    with pytest.raises(DeskError, match=r"ValueError") as told:
        evidently.make(tmp_path, {}, lambda stage, share: None)
    assert "Smith" not in str(told.value)
    monkeypatch.setattr(evidently.sys, "executable", str(child(tmp_path, "exit 9")))
    (tmp_path / evidently.DRIFT).unlink()
    with pytest.raises(DeskError, match="exit code 9"):
        evidently.make(tmp_path, {}, lambda stage, share: None)


def test_a_process_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidently.sys, "executable", str(child(tmp_path, "echo $$ > $3/pid; exec sleep 60")))
    monkeypatch.setattr(evidently, "MOST_SECONDS", 0.5)
    with pytest.raises(DeskError, match="took over"):
        evidently.make(tmp_path, {}, lambda stage, share: None)
    number = (tmp_path / "pid").read_text().strip()
    assert not Path(f"/proc/{number}").exists()


def test_cancelling_ends_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidently.sys, "executable", str(child(tmp_path, "echo $$ > $3/pid; exec sleep 60")))

    def waiting(stage: str, share: float) -> None:
        if (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text().strip():
            raise InputError("Cancelled.", "")

    with pytest.raises(InputError, match="Cancelled"):
        evidently.make(tmp_path, {}, waiting)
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()
