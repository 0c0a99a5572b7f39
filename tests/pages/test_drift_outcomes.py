"""Two views of the drift page: what outcomes say, and the report of another library."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

from core.bridges import evidently
from core.bridges.evidently import ColumnDrift
from core.config import Settings
from core.services import batches, outcomes
from core.services.access import Role
from core.services.desk import open_desk
from core.ui import drift_choice, state
from core.usecases import builtin

from .conftest import ANALYST, OpenPage
from .test_drift import MONDAY, SCRIPT, look, moved_home
from .test_every_page import incidents, texts

__all__ = ["moved_home"]  # its rows are younger than their horizon
KEY = "lead_scoring"
WEEKS, PER_WEEK, WRONG = 9, 450, 4  # in the last weeks, half of the outcomes are anybody's


@pytest.fixture(scope="module")
def wrong_home(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine weeks of leads in summer, all mature; whose outcomes no longer follow the scores in the last four."""
    home = tmp_path_factory.mktemp("wrong") / "home"
    shutil.copytree(trained_home, home)
    synthesize = builtin()[KEY].synthesize
    assert synthesize is not None
    n, rng = WEEKS * PER_WEEK, np.random.default_rng(3)
    rows = synthesize(n, 12)
    step, start = timedelta(weeks=WEEKS) / n, MONDAY - timedelta(weeks=20)
    times = [(start + timedelta(hours=5) + place * step).isoformat() for place in range(n)]
    happened = rows["converted"].to_numpy().copy()
    anybody = (np.arange(n) >= (WEEKS - WRONG) * PER_WEEK) & (rng.random(n) < 0.5)
    happened[anybody] = rng.permutation(happened[anybody])
    rows = rows.set_column(rows.column_names.index("created_at"), "created_at", pa.array(times))
    rows = rows.set_column(rows.column_names.index("converted"), "converted", pa.array(happened))
    path = home / "leads.csv"
    csv.write_csv(rows, path)
    desk = open_desk(Settings(home=home))
    job = desk.jobs.wait(batches.submit(desk, ANALYST, KEY, path), 60)
    assert job.state == "done", job.message
    named = outcomes.Named(entity="lead_id", outcome="converted", time="created_at")
    assert outcomes.take_in(desk, ANALYST, KEY, path, named).matched == n
    desk.close()
    return home


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evidently's process answers at once."""

    def make(folder: Path, columns: Any, waiting: Any) -> tuple[ColumnDrift, ...]:
        (folder / evidently.REPORT).write_text("<html>drift</html>")
        return (ColumnDrift("score", "psi", 0.2, 0.1), ColumnDrift("industry", "chisquare", 0.5, 0.05))

    monkeypatch.setattr(evidently, "make", make)


def test_outcomes_that_no_longer_follow_the_scores_are_the_title(open_page: OpenPage) -> None:
    app = look(open_page("wrong", SCRIPT, KEY), view=drift_choice.OUTCOMES)
    said = "\n".join(texts(app))
    assert "Concept drift: AUC of lightgbm is lower than its scores promise in" in said
    assert "**Concept drift: out of order.**" in said and "**Outcomes: in order.**" in said
    assert "as known on" in said and "held-out rows of v1" in said
    assert len(app.get("plotly_chart")) == 1


def test_nothing_is_said_of_rows_that_are_too_young(open_page: OpenPage) -> None:
    app = look(open_page("moved", SCRIPT, KEY), view=drift_choice.OUTCOMES)
    said = "\n".join(texts(app))
    assert "can be judged yet" in said and said.count("not judged") == 4


def test_a_report_is_made_kept_and_offered(open_page: OpenPage, made: None) -> None:
    app = look(open_page("wrong", SCRIPT, KEY), view=drift_choice.EVIDENTLY)
    assert "No report has been made yet" in "\n".join(texts(app)) and "Where its tests differ" in "\n".join(texts(app))
    app.button(key=f"evidently:{KEY}").click().run()
    desk = state.desk()
    for job in desk.jobs.active(KEY):
        desk.jobs.wait(job.id, 30)
    app.run()
    assert not app.exception and not incidents(app)
    assert "1 of 2 columns drifted" in "\n".join(texts(app)) and "held-out rows of v1" in "\n".join(texts(app))
    assert app.get("download_button")
    app.toggle(key=f"evidently:shown:{KEY}").set_value(True).run()
    assert not app.exception and not incidents(app)
    (frame,) = app.get("iframe")
    assert frame.proto.src.startswith(f"/report-files/{KEY}/")


def test_who_may_not_make_one_may_read_it(open_page: OpenPage, made: None) -> None:
    app = look(open_page("wrong", SCRIPT, KEY, Role.AUDITOR), view=drift_choice.EVIDENTLY)
    assert not [button for button in app.button if button.key == f"evidently:{KEY}"]
