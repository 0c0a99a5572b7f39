"""The page of experiments: plan, start, watch, turn back, conclude; what each role may do, and where none may start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from core.config import Settings
from core.domain.compare.plan import ArmName
from core.domain.experiment.spec import Kind
from core.services.access import LOCAL_PEOPLE, Role
from core.services.comparison import experiment_start, experiments
from core.services.desk import Desk, open_desk

from .conftest import OpenPage, own_copy

SCRIPT, KEY = "compare/experiments.py", "lead_scoring"
RISK = LOCAL_PEOPLE[Role.RISK]
WANTED = experiment_start.Wanted("Linear instead of trees", Kind.TEST, ArmName("v1", "logistic"), smallest=0.5)


def with_outcomes(desk: Desk) -> None:
    """Every logged row's outcome, one in five positive, so that there is something to plan with."""
    use_case = desk.use_case(KEY)
    entities = sorted(desk.log.scan(use_case, ["entity"])["entity"].to_pylist())
    told = pa.table(
        {
            "entity": entities,
            "outcome": [float(place % 5 == 0) for place in range(len(entities))],
            "observed_at": pa.array([datetime(2026, 1, 1)] * len(entities), pa.timestamp("us")),
        }
    )
    desk.log.append_outcomes(use_case, told, received_at=datetime.now(UTC))


@pytest.fixture
def planned_home(full_home: Path, tmp_path: Path) -> Path:
    home = own_copy(full_home, tmp_path / "planned")
    desk = open_desk(Settings(home=home))
    with_outcomes(desk)
    desk.close()
    return home


@pytest.fixture
def tested_home(planned_home: Path) -> Path:
    desk = open_desk(Settings(home=planned_home))
    experiment_start.start(desk, RISK, KEY, WANTED)
    desk.close()
    return planned_home


@pytest.fixture
def canary_home(planned_home: Path) -> Path:
    desk = open_desk(Settings(home=planned_home))
    wanted = experiment_start.Wanted("Step by step", Kind.CANARY, ArmName("v1", "ensemble"))
    experiment_start.start(desk, RISK, KEY, wanted, datetime.now(UTC) - timedelta(hours=2))
    desk.close()
    return planned_home


def said(app: AppTest) -> str:
    kinds = ("markdown", "caption", "info", "warning", "error", "subheader")
    return "\n".join(str(element.value) for kind in kinds for element in getattr(app, kind))


def button(app: AppTest, label: str):
    return next(item for item in app.button if item.label == label)


def test_a_plan_says_how_many_how_long_and_when(open_page: OpenPage, planned_home: Path):
    app = open_page("planned", SCRIPT, KEY, Role.RISK)
    assert [metric.label for metric in app.metric] == ["Challenger's arm", "Champion's arm", "Enrolment"]
    before = app.metric[0].value
    app.number_input(key="experiment:smallest").set_value(50.0).run()
    assert app.metric[0].value != before
    assert "Business read-out on" in said(app)
    app.segmented_control(key="experiment:kind").set_value(Kind.CANARY).run()
    assert "A canary is a safety check, not a test." in said(app)
    assert not app.exception


def test_a_test_is_started_watched_and_concluded_in_writing(open_page: OpenPage, planned_home: Path):
    app = open_page("planned", SCRIPT, KEY, Role.RISK)
    app.text_input[0].set_value("Linear instead of trees")
    button(app, "Start").click().run()
    assert not app.exception
    assert "Linear instead of trees" in said(app)
    assert "0 of 0 rows are mature (older than 30 days) and have an outcome" in said(app)
    app.text_area[0].set_value("We learnt to wait.")
    button(app, "Conclude").click().run()
    assert not app.exception
    app.run()
    assert "Start" in [item.label for item in app.button]


def test_without_a_name_nothing_starts(open_page: OpenPage, planned_home: Path):
    app = open_page("planned", SCRIPT, KEY, Role.RISK)
    button(app, "Start").click().run()
    assert len(app.error) == 1
    assert "Start" in [item.label for item in app.button]


@pytest.mark.parametrize("role", [Role.ANALYST, Role.AUDITOR])
def test_others_read_and_move_nothing(open_page: OpenPage, tested_home: Path, role: Role):
    app = open_page("tested", SCRIPT, KEY, role)
    assert "Linear instead of trees" in said(app)
    assert not {"Roll back now", "Conclude", "Start"} & {item.label for item in app.button}


def test_a_stage_is_explained_while_it_cannot_be_left(open_page: OpenPage, canary_home: Path):
    app = open_page("canary", SCRIPT, KEY, Role.RISK)
    advance = button(app, "Go on to 50%")
    assert advance.disabled
    assert "This stage bakes until" in said(app)


def test_a_rollback_is_said_on_top(open_page: OpenPage, tested_home: Path):
    app = open_page("tested", SCRIPT, KEY, Role.RISK)
    app.text_input[0].set_value("Callers complain.")
    button(app, "Roll back now").click().run()
    assert not app.exception
    app.run()
    assert any("Callers complain" in element.value for element in app.error)
    desk_says = open_page("tested", SCRIPT, KEY, Role.AUDITOR)
    assert any("Callers complain" in element.value for element in desk_says.error)


def test_where_the_rules_decide_none_may_start(open_page: OpenPage):
    app = open_page("full", SCRIPT, "bnpl_default", Role.RISK)
    assert any("The rules decide here" in element.value for element in app.info)
    assert all(item.disabled for item in app.button if item.label == "Start")


def test_states_have_a_look():
    from core.ui.experiment_words import STATE_LOOK

    assert set(STATE_LOOK) == {experiments.RUNNING, experiments.ROLLED_BACK, experiments.CONCLUDED}
