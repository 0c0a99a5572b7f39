"""A desk with two versions of lead scoring, and 2,400 mature leads with outcomes to plan with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

from core.config import Settings
from core.domain.compare.plan import ArmName
from core.domain.experiment.spec import Kind
from core.services import batches
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.comparison import experiment_start
from core.services.comparison.experiment_start import Wanted, start
from core.services.comparison.experiments import Experiment
from core.services.desk import Desk, open_desk
from core.services.history.versions import FORMER, _train

KEY = "lead_scoring"
RISK = LOCAL_PEOPLE[Role.RISK]
SAME, OTHER = ArmName("v1", "logistic"), ArmName(FORMER, "logistic")


def leads(desk: Desk, n_rows: int, prefix: str, seed: int = 5) -> pa.Table:
    """Labelled leads of made-up ids."""
    use_case = desk.use_case(KEY)
    table = use_case.synthesize(n_rows, seed)
    place = table.column_names.index(use_case.entity)
    return table.set_column(place, use_case.entity, pa.array([f"{prefix}-{row}" for row in range(n_rows)]))


def score_file(desk: Desk, table: pa.Table, folder: Path, actor: Actor = RISK) -> pa.Table:
    """Score the leads as a file and return what was written."""
    from pyarrow import parquet

    path = folder / f"{table[0][0]}.csv"
    csv.write_csv(table.drop([desk.use_case(KEY).target.name]), path)
    job = desk.jobs.wait(batches.submit(desk, actor, KEY, path), 60)
    assert job.state == "done", job.message
    return parquet.read_table(job.result["files"]["parquet"])


def tell_outcomes(desk: Desk, table: pa.Table, outcome: np.ndarray | None = None) -> None:
    """What became of the leads: as generated, or as given."""
    use_case = desk.use_case(KEY)
    if outcome is None:
        labels = [str(value) for value in table[use_case.target.name].to_pylist()]
        outcome = np.array([float(label == use_case.target.classes[1]) for label in labels])
    facts = {
        "entity": table[use_case.entity],
        "outcome": pa.array(outcome),
        "observed_at": pa.array([datetime(2026, 1, 1)] * len(table), pa.timestamp("us")),
    }
    desk.log.append_outcomes(use_case, pa.table(facts), received_at=datetime.now(UTC))


@pytest.fixture(scope="package")
def two_versions_home(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("experiments") / "home"
    shutil.copytree(trained_home, home)
    desk = open_desk(Settings(home=home))
    if FORMER not in desk.versions(KEY):
        _train(desk, LOCAL_PEOPLE[Role.ADMIN], desk.use_case(KEY), datetime(2026, 1, 1, tzinfo=UTC))
    table = leads(desk, 2_400, "past")
    score_file(desk, table, home)
    tell_outcomes(desk, table)
    desk.close()
    return home


@pytest.fixture
def desk(two_versions_home: Path, tmp_path: Path) -> Iterator[Desk]:
    """On a copy of the data, one for each test; the models are shared."""
    home = tmp_path / "home"
    shutil.copytree(two_versions_home / "data", home / "data")
    (home / "models").symlink_to(two_versions_home / "models")
    opened = open_desk(Settings(home=home, chunk_rows=500))
    yield opened
    opened.close()


Begin = Callable[..., Experiment]


@pytest.fixture
def begin(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Start an experiment, some hours ago if asked; the same draw of arms in every run of the test."""
    numbers = count(1)
    same = SimpleNamespace(
        uuid4=lambda: SimpleNamespace(hex=f"{next(numbers):012d}"), token_hex=lambda n_bytes: "ab" * n_bytes
    )
    monkeypatch.setattr(experiment_start, "uuid", same)
    monkeypatch.setattr(experiment_start, "secrets", same)

    def begun(kind: Kind = Kind.TEST, challenger: ArmName = SAME, hours: float = 0.0, **terms) -> Experiment:
        at = datetime.now(UTC) - timedelta(hours=hours)
        return start(desk, RISK, KEY, Wanted("Linear instead of trees", kind, challenger, **terms), at)

    return begun
