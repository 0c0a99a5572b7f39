"""The drift page: scores first, every item with its measures, the weeks behind it, one item, and what is kept apart."""

from __future__ import annotations

import io
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import csv
from streamlit.testing.v1 import AppTest

from core.config import Settings
from core.services import batches
from core.services.access import Role
from core.services.desk import open_desk
from core.services.watching.drift_results import measure
from core.ui import drift_choice
from core.usecases import builtin

from .conftest import ANALYST, OpenPage
from .test_every_page import incidents, texts

SCRIPT, KEY = "watch/drift.py", "lead_scoring"
MONDAY = datetime(2026, 11, 2)
WEEKS, PER_WEEK = 3, 300


def leads() -> bytes:
    """Three weeks of leads; in the last one everybody stays on the site for longer."""
    synthesize = builtin()[KEY].synthesize
    assert synthesize is not None
    n = WEEKS * PER_WEEK
    rows = synthesize(n, 11).drop_columns(["converted"])
    step = timedelta(weeks=WEEKS) / n
    times = [(MONDAY + timedelta(hours=5) + place * step).isoformat() for place in range(n)]
    late = pa.array([place >= 2 * PER_WEEK for place in range(n)])
    longer = pc.if_else(late, pc.multiply(rows["time_on_site"], 1.6), rows["time_on_site"])
    rows = rows.set_column(rows.column_names.index("created_at"), "created_at", pa.array(times))
    rows = rows.set_column(rows.column_names.index("time_on_site"), "time_on_site", longer)
    stream = io.BytesIO()
    csv.write_csv(rows, stream)
    return stream.getvalue()


@pytest.fixture(scope="module")
def moved_home(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three weeks of leads, measured."""
    home = tmp_path_factory.mktemp("moved") / "home"
    shutil.copytree(trained_home, home)
    desk = open_desk(Settings(home=home))
    path = batches.keep_upload(desk, ANALYST, "rows.csv", io.BytesIO(leads()))
    job_id = batches.submit(desk, ANALYST, KEY, path, filename="rows.csv")
    assert desk.jobs.wait(job_id, 60).state == "done"
    assert len(measure(desk, KEY, datetime(2026, 11, 23, 1, tzinfo=UTC))) == WEEKS
    desk.close()
    return home


@pytest.fixture
def page(open_page: OpenPage) -> AppTest:
    return open_page("moved", SCRIPT, KEY)


def look(app: AppTest, **chosen: str) -> AppTest:
    """Choose in the order in which a person would."""
    for key, value in chosen.items():
        app = (app.segmented_control(key=key) if key == "view" else app.selectbox(key=key)).set_value(value).run()
    assert not app.exception and not incidents(app)
    return app


def test_scores_come_first_and_what_moved_is_named(page: AppTest) -> None:
    assert not page.exception and not incidents(page)
    headline = page.warning[0]
    assert "Scores moved" in str(headline.proto) and "Time on site" in headline.value
    table = page.dataframe[0].value
    assert table["Item"][0].startswith("Score of ")
    found = dict(zip(table["Item"], table["Found"], strict=True))
    assert found["Time on site"] == "significant change" and found["Industry"] == "no change"
    assert {found[item] for item in found if item.startswith("is_weekend")} == {"shown, never judged"}
    said = " ".join(texts(page))
    assert "n = 300 rows, 16 Nov to 22 Nov 2026" in said and "version v1" in said
    assert "Time on site moves the mean score most" in said and "Moved and weighs most: Time on site" in said


def test_a_quiet_week_is_called_quiet(page: AppTest) -> None:
    page = look(page, window="9 Nov to 15 Nov 2026")
    assert "Scores did not move" in str(page.success[0].proto)
    assert "None of" in page.success[0].value


def test_weeks_stand_beside_each_other(page: AppTest) -> None:
    page = look(page, view=drift_choice.OVER_TIME)
    said = " ".join(texts(page))
    assert "What happened when" in said and "16 Nov to 22 Nov 2026**: score drift" in said
    assert "feature drift: Time on site" in said
    page.toggle[0].set_value(True).run()
    assert not page.exception


def test_one_item_is_drawn_with_its_history(page: AppTest) -> None:
    page = look(page, view=drift_choice.ONE, item="Time on site")
    said = " ".join(texts(page))
    assert "Significant change" in said and "Moved in 1 of 3 measured windows" in said
    assert list(page.dataframe[0].value["Against"]) == ["reference", "9 Nov to 15 Nov 2026"]
    page = look(page, item="Industry")
    assert "Moved in 0 of 3 measured windows" in " ".join(texts(page))


def test_a_link_holds_window_view_and_item(open_page: OpenPage, moved_home: Path) -> None:
    app = open_page("moved", "home.py", KEY)
    app.query_params.update({"window": "2 Nov to 8 Nov 2026", "view": drift_choice.ONE, "item": "Industry"})
    app.switch_page(SCRIPT).run()
    assert not app.exception and not incidents(app)
    assert app.selectbox(key="window").value == "2 Nov to 8 Nov 2026"
    assert app.selectbox(key="item").value == "Industry"


def test_days_of_ones_own_and_too_few_rows(page: AppTest) -> None:
    page = look(page, window=drift_choice.BETWEEN)
    first, last = page.date_input
    first.set_value(datetime(2026, 11, 20).date())
    page = last.set_value(datetime(2026, 11, 21).date()).run()
    assert not page.exception
    assert "Not enough rows: " in page.info[0].value


@pytest.mark.parametrize("view", drift_choice.VIEWS)
def test_every_view_opens(page: AppTest, view: str) -> None:
    look(page, view=view)


def test_nothing_logged_says_what_to_do(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, KEY)
    assert "Nothing is logged yet" in str(app.info[0].proto)


def test_measuring_is_asked_for_and_written_down(open_page: OpenPage) -> None:
    app = look(open_page("full", SCRIPT, KEY), view=drift_choice.OVER_TIME)
    button = next(item for item in app.button if item.label == "Measure now")
    app = button.click().run()
    assert not app.exception and not incidents(app)
    auditor = look(open_page("full", SCRIPT, KEY, Role.AUDITOR), view=drift_choice.OVER_TIME)
    assert not [item for item in auditor.button if item.label == "Measure now"]
