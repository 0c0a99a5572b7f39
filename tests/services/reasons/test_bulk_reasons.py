"""Reasons in the columns of a scored file are those of the single row, in CSV and Parquet, up and down."""

from __future__ import annotations

import io
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet
import pytest

from core.domain.explained import Reason
from core.domain.reason_texts import LONGEST
from core.domain.reasons import points_text
from core.domain.schema import Parsed
from core.domain.usecase import UseCase
from core.services import batches, results
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import Desk
from core.services.jobs import Cancelled
from core.services.reasons import bulk_reasons, explanation
from core.services.reasons.bulk_reasons import BLOCK_ROWS, N_REASONS, names, reason_columns
from core.services.reasons.explainers import explainer
from core.services.records import Accepted, accept
from core.services.reference import parsed_columns
from core.usecases import builtin

KEYS = tuple(builtin())


def scored_file(desk: Desk, actor: Actor, key: str, folder: Path, n_rows: int = 40) -> tuple[pa.Table, pa.Table]:
    """The scored rows as Parquet and as CSV, with reasons."""
    content = batches.sample_csv(desk, key, n_rows)
    assert content is not None
    path = folder / f"{key}.csv"
    path.write_bytes(content)
    outputs = batches.Outputs(folder / "out.csv", None, folder / "out.parquet", reasons=True)
    job = desk.jobs.wait(batches.submit_to(desk, actor, key, path, outputs), 60)
    assert (job.state, job.result["scored"]) == ("done", n_rows), job.message
    return parquet.read_table(folder / "out.parquet"), arrow_csv.read_csv(folder / "out.csv")


@pytest.mark.parametrize("key", KEYS)
def test_a_row_of_a_file_has_the_reasons_of_the_row_alone(desk: Desk, analyst: Actor, key: str, tmp_path: Path) -> None:
    table, as_csv = scored_file(desk, analyst, key, tmp_path)
    use_case = desk.use_case(key)
    for row in (0, 7, 39):
        told = table.slice(row, 1).to_pylist()[0]
        said = explanation.explain(desk, analyst, key, told["prediction_id"])
        assert told["reasons_base"] == pytest.approx(said.base, rel=1e-12)
        for name, reasons in (("helps", said.helps[:N_REASONS]), ("hurts", said.hurts[:N_REASONS])):
            missing = [None] * (N_REASONS - len(reasons))
            shown = [told[f"{name}_{rank}"] for rank in range(1, N_REASONS + 1)]
            assert shown == [text_of(use_case, reason) for reason in reasons] + missing
            points = [told[f"{name}_{rank}_points"] for rank in range(1, N_REASONS + 1)]
            assert points[: len(reasons)] == pytest.approx([reason.points for reason in reasons], rel=1e-9, abs=1e-12)
            assert points[len(reasons) :] == missing
    for name in names():
        written, kept = as_csv[name].to_pylist(), table[name].to_pylist()
        assert [text or None for text in written] == kept or written == pytest.approx(kept, nan_ok=True)


def text_of(use_case: UseCase, reason: Reason) -> str:
    cut = f"{reason.value[: LONGEST - 1].rstrip()}…"
    value = reason.value if len(reason.value) <= LONGEST else cut
    return f"{reason.title}: {value} ({points_text(use_case, reason.points)})"


def test_without_the_wish_there_are_no_reasons(desk: Desk, analyst: Actor, tmp_path: Path) -> None:
    content = batches.sample_csv(desk, "lead_scoring", 10)
    assert content is not None
    path = batches.keep_upload(desk, analyst, "sample.csv", io.BytesIO(content))
    job = desk.jobs.wait(batches.submit(desk, analyst, "lead_scoring", path), 60)
    assert not set(names()) & set(parquet.read_schema(job.result["files"]["parquet"]).names)
    job = desk.jobs.wait(batches.submit(desk, analyst, "lead_scoring", path, reasons=True), 60)
    assert set(names()) <= set(parquet.read_schema(job.result["files"]["parquet"]).names)


def accepted(desk: Desk, key: str, n_rows: int, **columns: pa.Array) -> Accepted:
    use_case = desk.use_case(key)
    assert use_case.synthesize is not None
    table = use_case.synthesize(n_rows, 5)
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, values)
    parsed: dict[str, Parsed] = parsed_columns(use_case.schema, table)
    return accept(use_case.schema.check(parsed, n_rows), parsed, np.arange(n_rows))


def test_blocks_leave_no_seam_and_tell_how_far_they_are(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, made = accepted(desk, "bnpl_default", 500), explainer(desk, "bnpl_default")
    whole, done = reason_columns(made, rows), []
    monkeypatch.setattr(bulk_reasons, "BLOCK_ROWS", 64)
    pieces = reason_columns(made, rows, done.append)
    assert done[-1] == 500 and len(done) == 8
    for name in names():
        assert pieces[name].to_pylist() == whole[name].to_pylist()
    assert BLOCK_ROWS >= 1_024


def test_what_the_step_raises_stops_the_work(desk: Desk) -> None:
    def stop(done: int) -> None:
        raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        reason_columns(explainer(desk, "bnpl_default"), accepted(desk, "bnpl_default", 50), stop)


def test_linear_reasons_are_quick(desk: Desk) -> None:
    rows, made = accepted(desk, "bnpl_default", 20_000), explainer(desk, "bnpl_default")
    reason_columns(made, accepted(desk, "bnpl_default", 100))
    began = time.perf_counter()
    reason_columns(made, rows)
    assert 20_000 / (time.perf_counter() - began) > 5_000


def test_sales_get_the_reasons_of_the_acting_model(desk: Desk, tmp_path: Path) -> None:
    sam = LOCAL_PEOPLE[Role.SALES]
    content = batches.sample_csv(desk, "lead_scoring", 10)
    assert content is not None
    path = batches.keep_upload(desk, sam, "sample.csv", io.BytesIO(content))
    job = desk.jobs.wait(batches.submit(desk, sam, "lead_scoring", path, reasons=True), 60)
    header = results.file_of(desk, sam, job, "csv").read_text().splitlines()[0]
    assert "helps_1" in header and "score_ridge" not in header
