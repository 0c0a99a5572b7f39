"""`python -m core explain` answers by record id and by prediction id, in words and for programs."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from core import cli
from core.config import Settings
from core.services import batches
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import open_desk

KEY = "lead_scoring"


@pytest.fixture
def newest(desk_home: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Record and prediction id of a lead that was scored."""
    desk, analyst = open_desk(Settings(home=desk_home)), LOCAL_PEOPLE[Role.ANALYST]
    content = batches.sample_csv(desk, KEY, 10)
    assert content is not None
    path = batches.keep_upload(desk, analyst, "sample.csv", io.BytesIO(content))
    assert desk.jobs.wait(batches.submit(desk, analyst, KEY, path), 60).state == "done"
    row = desk.log.latest(desk.use_case(KEY), 1)
    desk.close()
    monkeypatch.setenv("RINGSIDE_HOME", str(desk_home))
    return row["entity"][0].as_py(), row["prediction_id"][0].as_py()


def test_explain(newest: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    record, prediction = newest
    assert cli.main(["explain", KEY, record]) == 0
    answer = capsys.readouterr().out.strip()
    assert answer.startswith(f"Lead {record}:") and "What helps:" in answer and "What hurts:" in answer
    assert cli.main(["explain", KEY, prediction[:8], "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["answer"], facts["prediction_id"], facts["use_case"]) == (answer, prediction, KEY)
    assert facts["recomputed"]["equal"] is True
    assert facts["base"] + sum(reason["points"] for reason in facts["reasons"]) == pytest.approx(facts["score"])
    assert cli.main(["audit", "list", "--action", "open record", "--json"]) == 0
    opened = json.loads(capsys.readouterr().out)["events"]
    assert {(event["subject"], event["via"]) for event in opened} == {(f"{KEY} {prediction}", "cli")}
    assert cli.main(["explain", KEY, "nobody"]) == 2
    assert "nobody" in capsys.readouterr().err


def test_score_with_reasons(newest: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["template", KEY, "-o", str(tmp_path / "week.csv"), "--sample", "5"]) == 0
    given, out = str(tmp_path / "week.csv"), tmp_path / "out.csv"
    assert cli.main(["score", KEY, given, "-o", str(out), "--reasons", "--quiet"]) == 0
    header, first, *_ = out.read_text().splitlines()
    assert '"helps_1","helps_1_points"' in header and "points)" in first
