"""The page of retraining: what is due, what is missing, who may start one, and what came of it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from core.config import Settings
from core.services.access import LOCAL_PEOPLE, Role, may
from core.services.desk import open_desk
from core.services.jobs import Jobs, JobState
from core.services.rebuilding import retraining
from core.services.rebuilding.first_look import first_look
from core.services.rebuilding.retrain_version import retrain_version
from core.services.rebuilding.retraining_order import Limits, Order, Rows
from core.ui import places

from .conftest import OpenPage

SCRIPT = "govern/retraining.py"
KEY = "bnpl_default"
ANA = LOCAL_PEOPLE[Role.ANALYST]


def said(app: AppTest) -> str:
    kinds = ("markdown", "caption", "info", "success", "warning", "subheader")
    return "\n".join(element.value for kind in kinds for element in getattr(app, kind)).replace("\\", "")


def button(app: AppTest, label: str) -> Button:
    return next(found for found in app.button if found.label == label)


@pytest.fixture(scope="module")
def retrained_home(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a second version that came of a retraining on a file."""
    home = tmp_path_factory.mktemp("retrained") / "home"
    shutil.copytree(trained_home, home)
    desk = open_desk(Settings(home=home))
    path = home / "labelled.parquet"
    use_case = desk.use_case(KEY)
    assert use_case.synthesize is not None
    pq.write_table(use_case.synthesize(1_500, 5), path)
    order = Order(Rows.FILE, str(path), "labelled.parquet", 4, 5, Limits(500, 20), "a first <b>try</b>")
    assert retrain_version(desk, ANA, KEY, order)["version"] == "v2"
    first_look(desk, ANA, KEY, "v2", datetime.now(UTC))
    desk.close()
    return home


def test_without_outcomes_it_says_what_is_missing_and_starts_nothing(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, KEY)
    assert not app.exception
    assert "10,000 are asked for" in " ".join(info.proto.title or info.value for info in app.info) + said(app)
    assert button(app, "Retrain").disabled
    assert "No version has come of a retraining yet." in said(app)


def test_what_came_of_it_is_told_with_its_optimism(open_page: OpenPage) -> None:
    app = open_page("retrained", SCRIPT, KEY)
    assert not app.exception
    words = said(app)
    assert "4 of 4 trials ran" in words
    assert "is never quoted" in words
    table = app.dataframe[0].value
    assert list(table["Model"]) == ["ridge", "logistic", "elastic", "ensemble"]
    assert any("optimistic" in name for name in table.columns)
    assert "n = 300" in table["AUC, held out"][0]
    assert "<b>try</b>" in words  # as text
    assert "too few for a first look" in words


def test_the_first_version_is_trained_not_retrained(open_page: OpenPage) -> None:
    app = open_page("empty", SCRIPT, KEY)
    assert not app.exception
    assert not [found for found in app.button if found.label == "Retrain"]


def test_an_auditor_looks_and_sales_have_no_such_page(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, KEY, Role.AUDITOR)
    assert not app.exception
    assert not [found for found in app.button if found.label in ("Retrain", "Change the schedule")]
    place = next(place for place in places.PLACES if place.url == "retraining")
    assert not may(LOCAL_PEOPLE[Role.SALES], place.action)


def test_a_retraining_is_asked_for_with_its_reason(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    app = open_page("trained", SCRIPT, KEY)
    asked: list[Order] = []
    monkeypatch.setattr(retraining, "submit", lambda desk, actor, key, order: asked.append(order))
    app.session_state[f"retrain:rows:{KEY}"] = Rows.FILE
    app.run()
    assert button(app, "Retrain").disabled  # no file yet
    app.session_state[f"shelf:retrain:{KEY}"] = {"path": tmp_path / "mine.csv", "filename": "mine.csv"}
    app.number_input(key=f"retrain:trials:{KEY}").set_value(7)
    app.number_input(key=f"least:{KEY}").set_value(700)
    app.text_input(key=f"retrain:why:{KEY}").set_value("new tariff").run()
    button(app, "Retrain").click().run()
    assert not app.exception
    assert asked == [Order(Rows.FILE, str(tmp_path / "mine.csv"), "mine.csv", 7, 20.0, Limits(rows=700), "new tariff")]


def test_a_run_is_followed_and_cancelled(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page("trained", SCRIPT, KEY)
    going = JobState("abc", "retrain", KEY, ANA.name, {}, datetime.now(UTC), "running", message="trial 3 of 60")
    stopped: list[str] = []
    monkeypatch.setattr(retraining, "running", lambda desk, key: going)
    monkeypatch.setattr(Jobs, "state", lambda self, job_id: going)
    monkeypatch.setattr(retraining, "cancel", lambda desk, actor, job_id: stopped.append(job_id))
    app.run()
    assert not app.exception
    assert not [found for found in app.button if found.label == "Retrain"]
    button(app, "Cancel").click().run()
    assert stopped == ["abc"]
