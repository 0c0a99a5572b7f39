"""The page of groups: every tab, use cases with and without sensitive columns, the columns one may ask by."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest

from core.config import Settings
from core.services import batches, outcomes
from core.services.access import LOCAL_PEOPLE, Role
from core.services.adoption import AdoptOptions, adopt
from core.services.comparison.fairness_groups import titles
from core.services.desk import open_desk
from core.ui.challengers import PERIODS
from core.usecases import builtin

from .conftest import ANALYST, OpenPage
from .test_every_page import incidents, texts
from .test_performance import labelled

SCRIPT = "compare/fairness.py"
DEBT, LEADS = "debt_repayment", "lead_scoring"
TABS = ("Selection", "Errors", "Calibration", "Challengers", "Over time")
SENSITIVE = [key for key, case in builtin().items() if case.sensitive]


@pytest.fixture(scope="module")
def grouped(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 rows of the use cases that have sensitive columns, with their outcomes."""
    home = tmp_path_factory.mktemp("grouped") / "home"
    shutil.copytree(trained_home, home)
    desk = open_desk(Settings(home=home))
    for key in SENSITIVE:
        path = batches.keep_upload(desk, ANALYST, "rows.csv", io.BytesIO(labelled(key)))
        assert desk.jobs.wait(batches.submit(desk, ANALYST, key, path, filename="rows.csv"), 60).state == "done"
        path = home / f"{key}.csv"
        path.write_bytes(labelled(key))
        outcomes.take_in(desk, ANALYST, key, path)
    desk.close()
    return home


@pytest.fixture
def grouped_home(grouped: Path, tmp_path: Path) -> Path:
    home = tmp_path / "grouped"
    shutil.copytree(grouped, home)
    return home


@pytest.mark.parametrize("key", SENSITIVE)
@pytest.mark.parametrize("role", [Role.RISK, Role.AUDITOR])
def test_every_tab(open_page: OpenPage, key: str, role: Role) -> None:
    app = open_page("grouped", SCRIPT, key, role)
    app.segmented_control(key="period").set_value(PERIODS[2]).run()
    for tab in TABS:
        app.session_state[f"fairness:{key}"] = tab
        app.run()
        assert not app.exception and not incidents(app) and not app.error, tab
    said = " ".join(texts(app)).replace("\\", "")
    assert "Selected:" in said and "Limit .10" in said and "as known on" in said


def test_the_whole_table_and_the_report(open_page: OpenPage) -> None:
    app = open_page("grouped", SCRIPT, DEBT)
    app.segmented_control(key="period").set_value(PERIODS[2]).run()
    table = app.dataframe[0].value
    assert set(table["Groups by"]) == {
        "Gender", "Region", "Age band", "Gender and region", "Gender and age band", "Region and age band",
    }  # fmt: skip
    assert len(table) == 12 and table["Gap"].str.contains(r"\[").sum() > 3
    assert [item.label for item in app.get("download_button")] == ["Fair-lending report"]


def test_without_a_sensitive_column_the_page_says_how_to_name_one(open_page: OpenPage) -> None:
    app = open_page("full", SCRIPT, LEADS)
    assert any("sensitive" in element.value for element in app.info)
    assert not app.dataframe and not app.get("download_button")
    app.selectbox(key=f"groups:{LEADS}").set_value(next(iter(titles(builtin()[LEADS])))).run()
    assert not app.exception and not incidents(app)
    assert len(app.dataframe) and not app.get("download_button"), "a column of this page only is nobody's report"


def test_an_empty_period_says_what_to_do(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, DEBT)
    assert any("longer period" in item.value for item in app.info)
    assert [button for button in app.button if button.key == "nothing:score"]


def test_another_decision(open_page: OpenPage) -> None:
    app = open_page("grouped", SCRIPT, DEBT)
    app.segmented_control(key="period").set_value(PERIODS[2]).run()
    app.selectbox(key="decision").set_value(2).run()
    assert not app.exception and any("'escalate' (band None), bad news" in text for text in texts(app))


EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def adopted_home(tmp_path: Path) -> Path:
    """A use case of somebody's own file with groups by gender, one of them a tag; groups differ in what happens."""
    rng = np.random.default_rng(5)
    lines = ["who,height,gender,result"]
    for number in range(900):
        height, gender = rng.normal(), int(rng.integers(2))
        good = rng.random() < 1 / (1 + np.exp(0.5 - 1.5 * height - 2.5 * gender))
        lines.append(f"W{number},{height:.4f},{('other', EVIL)[gender]},{'yes' if good else 'no'}")
    path = tmp_path / "own.csv"
    path.write_text("\n".join(lines) + "\n")
    home = tmp_path / "adopted"
    desk = open_desk(Settings(home=home))
    adopt(desk, LOCAL_PEOPLE[Role.ADMIN], path, AdoptOptions("result", key="own", id="who"))
    job_id = batches.submit(desk, LOCAL_PEOPLE[Role.ADMIN], "own", path, filename="own.csv")
    assert desk.jobs.wait(job_id, 60).state == "done"
    outcomes.take_in(desk, LOCAL_PEOPLE[Role.ADMIN], "own", path)
    desk.close()
    return home


def test_an_adopted_column_with_a_tag_for_a_name(open_page: OpenPage) -> None:
    app = open_page("adopted", SCRIPT, "own")
    app.segmented_control(key="period").set_value(PERIODS[2]).run()
    for tab in TABS:
        app.session_state["fairness:own"] = tab
        app.run()
        assert not app.exception and not incidents(app) and not app.error, tab
    assert not any(EVIL in text for text in texts(app)), "Markdown that could be read as a tag"
    assert set(app.dataframe[0].value["Groups by"]) == {"Gender"}
    assert app.dataframe[0].value["Highest"][0] == EVIL and "above" in app.dataframe[0].value["Finding"][0][0]
