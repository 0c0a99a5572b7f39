"""A sample file of debtors, scored: what the privacy tests begin with."""

from __future__ import annotations

import csv
import io

from core.services import batches
from core.services.access import Actor
from core.services.desk import Desk

KEY = "debt_repayment"


def scored(desk: Desk, actor: Actor, n_rows: int = 20) -> list[dict[str, str]]:
    content = batches.sample_csv(desk, KEY, n_rows)
    assert content is not None
    path = batches.keep_upload(desk, actor, "sample.csv", io.BytesIO(content))
    job = desk.jobs.wait(batches.submit(desk, actor, KEY, path), 60)
    assert job.state == "done"
    with open(job.result["files"]["csv"]) as stream:
        return list(csv.DictReader(stream))
