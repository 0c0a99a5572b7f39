"""The version that acted before: a simulated history begins with it, and the acting one takes over."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from core.domain.usecase import UseCase
from core.errors import BundleProblem
from core.ml.scorer import Scorer
from core.services.access import Actor
from core.services.desk import Desk
from core.services.row_order import times_of
from core.services.training import Origin, read_labelled, shelve

FORMER = "v0"  # before every version that is trained here by hand
ROWS = 4_000
_DAYS_BEFORE = 14


def former_scorer(desk: Desk, actor: Actor, use_case: UseCase, start: datetime) -> Scorer | None:
    """The former version, trained on few rows if the desk has none; None where it no longer fits the use case.

    It never acts on real rows, and stays on the shelf when the history is taken out: the same history can be
    told again without training.
    """
    if desk.acting_version(use_case.key) == FORMER:
        return None
    if desk.ledger.version(use_case.key, FORMER) is None:
        _train(desk, actor, use_case, start - timedelta(days=_DAYS_BEFORE))
    try:
        return desk.scorer(use_case.key, FORMER)
    except BundleProblem:
        return None


def _train(desk: Desk, actor: Actor, use_case: UseCase, at: datetime) -> None:
    from core.ml.train import train

    assert use_case.synthesize is not None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "generated.parquet"
        pq.write_table(use_case.synthesize(ROWS, use_case.recipe.seed + 1), path)
        labelled = read_labelled(desk, use_case, path)
    trained = train(
        use_case,
        labelled.columns,
        labelled.target,
        times=times_of(use_case, labelled.columns, len(labelled.target)),
        groups=labelled.columns[use_case.group] if use_case.group else None,
    )
    origin = Origin("train", "generator, for the simulated history", act=False, version=FORMER, at=at)
    shelve(desk, actor, use_case, trained, labelled, origin)
