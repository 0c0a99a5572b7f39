"""The performance page: from a file of outcomes to realised figures beside what was expected."""

from __future__ import annotations

import io
import shutil
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv
from streamlit.testing.v1 import AppTest

from core.config import Settings
from core.domain.usecase import Task
from core.services import batches
from core.services.access import Role
from core.services.desk import open_desk
from core.usecases import builtin

from .conftest import ANALYST, OpenPage
from .test_every_page import incidents, texts

SCRIPT = "watch/performance.py"
KEY = "lead_scoring"


@pytest.fixture
def scored_home(trained_home: Path, tmp_path: Path) -> Path:
    """A home of this test alone, with 600 rows of every use case scored and no outcome known."""
    home = tmp_path / "home"
    shutil.copytree(trained_home, home)
    desk = open_desk(Settings(home=home))
    for key in builtin():
        path = batches.keep_upload(desk, ANALYST, "rows.csv", io.BytesIO(labelled(key)))
        job_id = batches.submit(desk, ANALYST, key, path, filename="rows.csv")
        assert desk.jobs.wait(job_id, 60).state == "done"
    desk.close()
    return home


def labelled(key: str) -> bytes:
    use_case = builtin()[key]
    assert use_case.synthesize is not None
    rows = use_case.synthesize(600, 11)
    for place, field in enumerate(rows.schema):  # lists are written with semicolons
        if pa.types.is_list(field.type):
            texts_of = [";".join(map(str, value or [])) for value in rows.column(place).to_pylist()]
            rows = rows.set_column(place, field.name, pa.array(texts_of))
    stream = io.BytesIO()
    csv.write_csv(rows, stream)
    return stream.getvalue()


def upload(app: AppTest, content: bytes) -> AppTest:
    app.file_uploader[0].upload("outcomes.csv", content, "text/csv")
    return app.run()


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label.startswith(label)).click().run()


def said(app: AppTest) -> str:
    return "\n".join(texts(app))


@pytest.mark.parametrize("key", builtin())
def test_a_file_of_outcomes_becomes_figures(open_page: OpenPage, key: str) -> None:
    app = open_page("scored", SCRIPT, key)
    assert "Bring a file" in said(app)
    app = press(upload(app, labelled(key)), "Take in")
    assert not app.exception
    assert not incidents(app)
    assert not app.error
    assert "600 new to the desk" in said(app)
    shown = [item.value for item in app.subheader]
    assert "Realised against expected" in shown
    assert "What it came to" in shown
    assert ("Do the probabilities mean what they say?" in shown) == (builtin()[key].task is not Task.REGRESSION)
    for control in ("metric", "split"):
        for option in app.segmented_control(key=f"{control}:{key}").options:
            app.segmented_control(key=f"{control}:{key}").set_value(option)
            app.run()
            assert not app.exception
            assert not incidents(app)


def test_columns_can_be_named_on_the_page(open_page: OpenPage) -> None:
    app = open_page("scored", SCRIPT, KEY)
    content = labelled(KEY).replace(b"lead_id", b"who", 1).replace(b'"converted"', b'"what"', 1)
    app = upload(app, content)
    assert "no entity column" in app.warning[0].value
    for box, name in (("Names the lead", "who"), ("What happened", "what")):
        next(item for item in app.selectbox if item.label == box).set_value(name)
    app = press(app, "Use these columns")
    assert "**600 of 600 rows**" in said(app)


def test_an_earlier_day_knows_less(open_page: OpenPage) -> None:
    app = open_page("scored", SCRIPT, KEY)
    app = press(upload(app, labelled(KEY)), "Take in")
    assert "Realised against expected" in [item.value for item in app.subheader]
    today = app.date_input[0].value
    app.date_input[0].set_value(today - timedelta(days=1)).run()
    assert not app.exception
    assert not app.subheader
    assert "Bring a file" in said(app)


def test_the_auditor_reads_and_does_not_bring(open_page: OpenPage) -> None:
    app = open_page("scored", SCRIPT, KEY, Role.AUDITOR)
    assert not app.file_uploader
    assert not app.exception
