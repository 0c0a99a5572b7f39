"""A file goes in; scores, decisions and rejects come out, everything logged once."""

from __future__ import annotations

import csv
import io
import json
import os
import time
from pathlib import Path

import pytest
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from core.config import Settings
from core.domain.likeness import Level
from core.errors import InputError, NotPermitted
from core.services import batches
from core.services.access import LOCAL_PEOPLE, SCOPES, Actor, Role
from core.services.desk import Desk, open_desk
from core.services.jobs import JobState
from core.services.scoring import score_one
from core.usecases import builtin

KEYS = list(builtin())


def sample(key: str, folder: Path, n_rows: int = 1_200) -> Path:
    use_case = builtin()[key]
    assert use_case.synthesize is not None
    rows = use_case.synthesize(n_rows, 5)
    path = folder / f"{key}.csv"
    arrow_csv.write_csv(rows.select([name for name in rows.column_names if name in use_case.schema]), path)
    return path


def finish(desk: Desk, job_id: str) -> JobState:
    state = desk.jobs.wait(job_id, 60)
    assert state.state == "done", state.message
    return state


def table(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("key", KEYS)
def test_a_file_is_scored_logged_and_written(desk: Desk, analyst: Actor, tmp_path: Path, key: str) -> None:
    state = finish(desk, batches.submit(desk, analyst, key, sample(key, tmp_path)))
    result = state.result
    assert (result["rows"], result["scored"], result["rejected"]) == (1_200, 1_200, 0)
    assert desk.log.counts(desk.use_case(key)).total == 1_200
    assert sum(result["bands"].values()) == 1_200
    written = table(result["files"]["csv"])
    assert len(written) == parquet.read_metadata(result["files"]["parquet"]).num_rows == 1_200
    assert {"prediction_id", "score", "band", "decision", "consensus", "rules_band"} <= set(written[0])
    assert sum(desk.log.by_band(desk.use_case(key)).values()) == 1_200


def test_a_program_with_a_token_has_its_file_scored_under_its_own_name(desk: Desk, tmp_path: Path) -> None:
    program = Actor("CRM (token)", Role.SALES, "api", SCOPES["score"])
    state = finish(desk, batches.submit(desk, program, "lead_scoring", sample("lead_scoring", tmp_path, 50)))
    assert state.result["scored"] == 50 and state.actor == "CRM (token)"
    assert Actor.from_json(state.spec["actor"]) == program


@pytest.mark.parametrize("key", KEYS)
def test_a_row_of_a_file_has_the_score_it_has_alone(desk: Desk, analyst: Actor, tmp_path: Path, key: str) -> None:
    path = sample(key, tmp_path, 60)
    written = table(finish(desk, batches.submit(desk, analyst, key, path)).result["files"]["csv"])
    for row, scored in list(zip(table(str(path)), written, strict=True))[::7]:
        alone = score_one(desk, analyst, key, row)
        assert float(scored["score"]) == alone.score
        assert scored["prediction_id"] == alone.prediction_id and alone.already


def test_bad_rows_are_kept_with_reasons_and_good_rows_are_not_lost(desk: Desk, analyst: Actor, tmp_path: Path) -> None:
    path = sample("lead_scoring", tmp_path, 50)
    lines = path.read_text().splitlines()
    lines[3] = lines[3].replace("2025", "yesterday", 1)
    lines[10] = lines[10] + ",one,too,many"
    lines[20] = ",".join([*lines[20].split(",")[:5], "-4", *lines[20].split(",")[6:]])
    path.write_text("\n".join(lines) + "\n")
    result = finish(desk, batches.submit(desk, analyst, "lead_scoring", path)).result
    assert (result["rows"], result["scored"], result["rejected"]) == (50, 47, 3)
    rejects = {int(row["row"]): row["why"] for row in table(result["files"]["rejects"])}
    assert set(rejects) == {3, 10, 20}
    assert "created_at is" in rejects[3] and "page_views is '-4'" in rejects[20]


def test_the_same_file_again_adds_nothing_and_says_so(desk: Desk, analyst: Actor, tmp_path: Path) -> None:
    path = sample("lead_scoring", tmp_path)
    finish(desk, batches.submit(desk, analyst, "lead_scoring", path))
    again = finish(desk, batches.submit(desk, analyst, "lead_scoring", path)).result
    assert again["already_scored"] == 1_200
    assert desk.log.counts(desk.use_case("lead_scoring")).total == 1_200


def test_a_voided_upload_leaves_every_figure_and_may_be_scored_again(
    desk: Desk, analyst: Actor, tmp_path: Path
) -> None:
    path, case = sample("lead_scoring", tmp_path), desk.use_case("lead_scoring")
    first = finish(desk, batches.submit(desk, analyst, "lead_scoring", path)).result
    with pytest.raises(InputError, match="reason"):
        batches.void(desk, analyst, first["batch"], " ")
    batches.void(desk, analyst, first["batch"], "last week's file")
    assert desk.log.counts(case).total == 0
    assert [event.result for event in desk.ledger.events(first["batch"])] == ["done", "intended"]
    assert finish(desk, batches.submit(desk, analyst, "lead_scoring", path)).result["already_scored"] == 0
    assert desk.log.counts(case).total == 1_200


def test_a_sales_lead_does_not_void(desk: Desk) -> None:
    with pytest.raises(NotPermitted):
        batches.void(desk, LOCAL_PEOPLE[Role.SALES], "any", "because")


def test_a_job_that_was_cancelled_can_be_resumed_without_doubles(desk: Desk, analyst: Actor, tmp_path: Path) -> None:
    path = sample("bnpl_default", tmp_path, 20_000)
    job_id = batches.submit(desk, analyst, "bnpl_default", path)
    while batches.job(desk, job_id).rows_done < 500:
        time.sleep(0.002)
    batches.cancel(desk, analyst, job_id)
    state = desk.jobs.wait(job_id, 30)
    assert state.state == "cancelled"
    case = desk.use_case("bnpl_default")
    logged = desk.log.counts(case).total
    assert 0 < logged < 20_000
    result = finish(desk, batches.resume(desk, analyst, job_id)).result
    assert result["already_scored"] == logged
    assert desk.log.counts(case).total == 20_000


def test_a_job_left_by_a_dead_process_is_found_and_resumed(desk_home: Path, analyst: Actor, tmp_path: Path) -> None:
    first = open_desk(Settings(home=desk_home))
    path = sample("lead_scoring", tmp_path)
    first.ledger.create_job("dead", "score file", "lead_scoring", "Ana", {}, _now())
    spec = {"path": str(path), "filename": "f.csv", "mapping": None, "version": "v1", "actor": vars(analyst) | {}}
    first.ledger.update_job("dead", state="running", spec=spec)
    first.close()
    second = open_desk(Settings(home=desk_home))
    second.log  # noqa: B018  taking the log is what finds the job
    assert [job.id for job in second.jobs.interrupted()] == ["dead"]
    finish(second, batches.resume(second, analyst, "dead"))
    assert second.jobs.interrupted() == []
    second.close()


def _now() -> object:
    from datetime import UTC, datetime

    return datetime.now(UTC)


def test_the_look_sees_units_unknown_levels_and_missing_columns(desk: Desk, analyst: Actor, tmp_path: Path) -> None:
    path = sample("bnpl_default", tmp_path)
    rows = table(str(path))
    for place, row in enumerate(rows):
        row["amount"] = str(100 * float(row["amount"]))
        if place % 10 == 0:
            row["device_type"] = "fridge"
        del row["payment_provider"]
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    seen = batches.look(desk, analyst, "bnpl_default", path)
    by_column = {finding.column: finding for finding in seen.findings}
    assert by_column["payment_provider"].level is Level.BLOCKER and not seen.can_be_scored
    assert by_column["amount"].what == "looks 100 times too large in unit"
    assert "fridge" in by_column["device_type"].detail
    assert "cannot be scored yet: 1 column" in seen.verdict


@pytest.mark.parametrize("key", KEYS)
def test_a_sample_looks_like_the_training_data(desk: Desk, analyst: Actor, tmp_path: Path, key: str) -> None:
    content = batches.sample_csv(desk, key)
    assert content is not None
    path = tmp_path / "s.csv"
    path.write_bytes(content)
    assert batches.look(desk, analyst, key, path).verdict == "This file looks like the training data."


def test_a_mapping_is_remembered_for_files_with_the_same_header(desk: Desk, analyst: Actor, tmp_path: Path) -> None:
    path = sample("lead_scoring", tmp_path)
    path.write_text(path.read_text().replace("page_views", "klicks", 1))
    assert "page_views" in batches.look(desk, analyst, "lead_scoring", path).missing
    mapping = dict(batches.look(desk, analyst, "lead_scoring", path).mapping) | {"klicks": "page_views"}
    finish(desk, batches.submit(desk, analyst, "lead_scoring", path, mapping=mapping))
    assert batches.look(desk, analyst, "lead_scoring", path).mapping["klicks"] == "page_views"


def test_an_upload_does_not_stumble_over_another_that_is_gone_meanwhile(desk: Desk, analyst: Actor) -> None:
    (desk.settings.data_dir / "uploads").mkdir(parents=True, exist_ok=True)
    (desk.settings.data_dir / "uploads" / "arriving-gone.part").symlink_to("nowhere")
    assert batches.keep_upload(desk, analyst, "a.csv", io.BytesIO(b"x\n3\n")).read_bytes() == b"x\n3\n"


def test_an_upload_is_kept_once_and_cleared_when_it_is_old(desk: Desk, analyst: Actor) -> None:
    first = batches.keep_upload(desk, analyst, "a.csv", io.BytesIO(b"x\n1\n"))
    assert batches.keep_upload(desk, analyst, "b.csv", io.BytesIO(b"x\n1\n")) == first
    long_ago = time.time() - 40 * 86_400
    os.utime(first, (long_ago, long_ago))
    batches.keep_upload(desk, analyst, "c.csv", io.BytesIO(b"x\n2\n"))
    assert not first.exists()


def test_the_shadow_view_has_its_exact_columns(desk: Desk, analyst: Actor, tmp_path: Path) -> None:
    finish(desk, batches.submit(desk, analyst, "bnpl_default", sample("bnpl_default", tmp_path)))
    view = desk.log.shadow(desk.use_case("bnpl_default"), _now())  # type: ignore[arg-type]
    assert view.column_names == [
        "transaction_id",
        "timestamp",
        "business_decision",
        "business_risk_score",
        "ridge_prediction",
        "logistic_prediction",
        "elastic_prediction",
        "ensemble_prediction",
        "consensus_prediction",
        "actual_default",
        "days_to_resolution",
        "opportunity_cost",
    ]
    assert view.num_rows == 1_200 and view["actual_default"].null_count == 1_200


def test_bin_counts_of_a_batch_add_up_to_its_rows(desk: Desk, analyst: Actor, tmp_path: Path) -> None:
    from datetime import UTC, datetime

    finish(desk, batches.submit(desk, analyst, "lead_scoring", sample("lead_scoring", tmp_path)))
    counts = desk.log.feature_counts(
        desk.use_case("lead_scoring"), since=datetime(2000, 1, 1, tzinfo=UTC), until=datetime(2100, 1, 1, tzinfo=UTC)
    ).to_pandas()
    assert (counts.groupby("feature")["n"].sum() == 1_200).all()
    assert set(counts["feature"]) == set(desk.use_case("lead_scoring").feature_names)


def test_a_newer_version_scores_the_file_anew(desk: Desk, analyst: Actor, tmp_path: Path) -> None:
    from core.services.training import train_version

    case = desk.use_case("bnpl_default")
    report = train_version(desk, analyst, case, None)
    assert report["version"] == "v2" and not report["acts"]
    path = sample("bnpl_default", tmp_path)
    finish(desk, batches.submit(desk, analyst, "bnpl_default", path))
    with pytest.raises(NotPermitted, match="score with another version"):
        batches.submit(desk, analyst, "bnpl_default", path, version="v2")
    again = finish(desk, batches.submit(desk, LOCAL_PEOPLE[Role.RISK], "bnpl_default", path, version="v2")).result
    assert again["version"] == "v2" and again["already_scored"] == 0
    assert json.dumps(again)
