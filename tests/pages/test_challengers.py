"""The page of challengers: every use case and role, every tab, plans made and ended, the links it can be opened by."""

from __future__ import annotations

import io
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.config import Settings
from core.domain.usecase import Task
from core.services import batches, outcomes
from core.services.access import LOCAL_PEOPLE, Role
from core.services.adoption import AdoptOptions, adopt
from core.services.desk import open_desk
from core.ui.challengers import PERIODS
from core.usecases import builtin

from .conftest import ANALYST, OpenPage
from .test_every_page import incidents, texts
from .test_performance import labelled

SCRIPT = "compare/challengers.py"
KEY = "lead_scoring"
TABS = ("Curves", "Swap set", "Money", "Segments", "Disagreement")


@pytest.fixture(scope="session")
def judged(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 rows of every use case, scored, with their outcomes."""
    home = tmp_path_factory.mktemp("judged") / "home"
    shutil.copytree(trained_home, home)
    desk = open_desk(Settings(home=home))
    for key in builtin():
        path = batches.keep_upload(desk, ANALYST, "rows.csv", io.BytesIO(labelled(key)))
        job_id = batches.submit(desk, ANALYST, key, path, filename="rows.csv")
        assert desk.jobs.wait(job_id, 60).state == "done"
        path = home / f"{key}.csv"
        path.write_bytes(labelled(key))
        outcomes.take_in(desk, ANALYST, key, path)
    desk.close()
    return home


@pytest.fixture
def judged_home(judged: Path, tmp_path: Path) -> Path:
    home = tmp_path / "judged"
    shutil.copytree(judged, home)
    return home


def everything(app: AppTest) -> AppTest:
    app.segmented_control(key="period").set_value(PERIODS[2])
    return app.run()


def sound(app: AppTest) -> None:
    assert not app.exception
    assert not incidents(app)
    assert not app.error


def said(app: AppTest) -> str:
    return "\n".join(texts(app))


def titles(app: AppTest) -> list[str]:
    return [element.proto.title for kind in ("info", "warning") for element in getattr(app, kind)]


@pytest.mark.parametrize("key", builtin())
def test_every_tab_draws(open_page: OpenPage, key: str) -> None:
    app = everything(open_page("judged", SCRIPT, key))
    sound(app)
    assert "No verdict: no comparison is planned" in said(app)
    assert "Winner's curse" in said(app)
    assert "n = " in said(app)
    assert [tab.label for tab in app.tabs] == list(TABS)
    assert [tab.label for tab in app.tabs if tab.children] == ["Curves"]
    for name in TABS:
        app.session_state[f"challengers:{key}"] = name
        app.run()
        sound(app)
    for metric in app.segmented_control(key=f"figure:{key}").options:
        app.segmented_control(key=f"figure:{key}").set_value(metric)
        app.run()
        sound(app)


@pytest.mark.parametrize("key", builtin())
def test_every_curve_draws(open_page: OpenPage, key: str) -> None:
    app = everything(open_page("judged", SCRIPT, key))
    control = app.segmented_control(key=f"curve:{key}")
    assert ("ROC" in control.options) == (builtin()[key].task is not Task.REGRESSION)
    for kind in control.options:
        app.segmented_control(key=f"curve:{key}").set_value(kind)
        app.run()
        sound(app)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SALES])
def test_roles_see_it_and_do_what_they_may(open_page: OpenPage, role: Role) -> None:
    app = everything(open_page("judged", SCRIPT, KEY, role))
    sound(app)
    labels = [button.label for button in app.button]
    assert ("Freeze this plan" in labels) == (role is not Role.AUDITOR)
    assert ("Replay" in labels) == (role is not Role.AUDITOR)


def test_an_empty_log_says_what_to_do(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, KEY)
    sound(app)
    assert any("scored no lead" in title for title in titles(app)), titles(app)
    assert "Score a file" in [button.label for button in app.button]
    assert not app.tabs


def test_a_plan_is_frozen_and_ended_on_the_page(open_page: OpenPage) -> None:
    app = everything(open_page("judged", SCRIPT, KEY))
    assert "rows in each window" in said(app)
    next(button for button in app.button if button.label == "Freeze this plan").click().run()
    sound(app)
    assert "Keep testing" in said(app) and "Frozen by Ana" in said(app)
    promote = next(button for button in app.button if button.label == "Promote")
    assert promote.disabled and "Not now" in said(app)
    app.text_input[0].set_value("another one is better")
    next(button for button in app.button if button.label == "End it").click().run()
    sound(app)
    assert "No verdict" in said(app)
    assert "another one is better" in said(app)


def test_a_plan_without_a_reason_is_not_ended(open_page: OpenPage) -> None:
    app = everything(open_page("judged", SCRIPT, KEY))
    next(button for button in app.button if button.label == "Freeze this plan").click().run()
    next(button for button in app.button if button.label == "End it").click().run()
    assert len(app.error) == 1
    assert "Keep testing" in said(app)


def test_a_link_holds_period_and_segment(open_page: OpenPage) -> None:
    app = open_page("judged", "home.py", KEY)
    app.query_params["period"] = PERIODS[2]
    app.query_params["column"] = "Industry"
    app.query_params["level"] = "Retail"
    app.switch_page(SCRIPT).run()
    sound(app)
    assert app.segmented_control(key="period").value == PERIODS[2]
    assert "with industry = Retail" in said(app)


def test_choices_do_not_follow_to_the_next_page(open_page: OpenPage) -> None:
    app = everything(open_page("judged", SCRIPT, KEY))
    for script in ("score/why.py", "watch/performance.py", "govern/models.py", SCRIPT):
        app.switch_page(script).run()
        sound(app)


def test_two_days_may_be_chosen(open_page: OpenPage) -> None:
    app = open_page("judged", SCRIPT, KEY)
    app.segmented_control(key="period").set_value(PERIODS[3])
    app.run()
    sound(app)
    app.date_input(key="to").set_value(datetime.now(UTC).date())
    app.run()
    sound(app)


def test_a_segment_without_rows_says_so(open_page: OpenPage) -> None:
    key = "bnpl_default"
    app = everything(open_page("judged", SCRIPT, key))
    app.selectbox(key="column").set_value("risk_level").run()
    app.selectbox(key="level").set_value("very_high").run()
    sound(app)
    assert any("scored no purchase" in title for title in titles(app)) or "n = " in said(app)


@pytest.fixture
def adopted_home(tmp_path: Path) -> Path:
    """A use case of somebody's own file, its rows scored and their outcomes brought; no rules, no costs."""
    rng = np.random.default_rng(5)
    lines = ["who,height,colour,result"]
    for number in range(900):
        height, colour = rng.normal(), ("red", "green", "blue")[int(rng.integers(3))]
        good = rng.random() < 1 / (1 + np.exp(0.5 - 1.5 * height - (colour == "red")))
        lines.append(f"W{number},{height:.4f},{colour},{'yes' if good else 'no'}")
    path = tmp_path / "own.csv"
    path.write_text("\n".join(lines) + "\n")
    home = tmp_path / "adopted"
    desk = open_desk(Settings(home=home))
    adopt(desk, LOCAL_PEOPLE[Role.ADMIN], path, AdoptOptions("result", key="own", id="who"))
    definition = home / "models" / "own" / "use_case.toml"
    definition.write_text(re.sub(r"horizon_days = \d+", "horizon_days = 0", definition.read_text()))
    job_id = batches.submit(desk, ANALYST, "own", path, filename="own.csv")
    assert desk.jobs.wait(job_id, 60).state == "done"
    outcomes.take_in(desk, ANALYST, "own", path)
    desk.close()
    return home


def test_an_adopted_use_case_without_rules_or_costs(open_page: OpenPage) -> None:
    app = everything(open_page("adopted", SCRIPT, "own"))
    sound(app)
    assert "n = 900 judged of 900 rows" in said(app)
    assert "rules" not in [row["Role"] for row in app.dataframe[0].value.to_dict("records")]
    for name in TABS:
        app.session_state["challengers:own"] = name
        app.run()
        sound(app)
        if name == "Money":
            assert any("the policy has no costs" in element.value for element in app.info)
