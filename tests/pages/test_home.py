"""Home says what needs the person, and nothing that is not in the log."""

from __future__ import annotations

import time

import pytest

from core.services.access import Role
from core.services.pipeline import KIND
from core.ui import state
from core.usecases import builtin

from .conftest import ANALYST, SAMPLE_ROWS, OpenPage


def test_empty_desk_says_what_to_do_next(open_page: OpenPage) -> None:
    app = open_page("empty", "home.py", "lead_scoring")
    commands = [code.value for code in app.code]
    assert commands == [f"python -m core train {key} --data FILE.csv" for key in builtin()]
    labels = [button.label for button in app.button]
    assert labels == ["Train on generated rows"] * len(builtin())
    assert not app.metric


def test_trained_desk_offers_the_sample(open_page: OpenPage) -> None:
    app = open_page("trained", "home.py", "lead_scoring")
    assert [button.label for button in app.button].count("Score a sample file") == len(builtin())
    assert not app.metric


def test_full_desk_counts_what_was_scored(open_page: OpenPage) -> None:
    app = open_page("full", "home.py", "lead_scoring")
    totals = [metric.value for metric in app.metric if metric.label.endswith("scored")]
    assert totals == [str(SAMPLE_ROWS)] * len(builtin())
    for use_case in builtin().values():
        for band in use_case.policy.bands:
            assert any(band.name in element.value for element in app.markdown)


def test_sales_is_not_offered_to_train(open_page: OpenPage) -> None:
    app = open_page("empty", "home.py", "lead_scoring", Role.SALES)
    assert not app.button


def test_interrupted_upload_is_named_and_resumed(open_page: OpenPage) -> None:
    app = open_page("full", "home.py", "lead_scoring")
    desk = state.desk()
    done = desk.ledger.jobs(state="done", use_case="lead_scoring")[0]
    desk.ledger.create_job("left-behind", KIND, "lead_scoring", ANALYST.name, done.spec, done.created_at)
    desk.ledger.update_job("left-behind", state="interrupted")
    app.run()
    assert any("sample.csv" in element.value and "interrupted" in element.value for element in app.markdown)
    app.button(key="resume:left-behind").click().run()
    assert not app.exception
    assert desk.jobs.wait("left-behind", 60).state == "done"
    assert desk.jobs.state("left-behind").result["already_scored"] == SAMPLE_ROWS
    app.run()
    assert not [button for button in app.button if button.label == "Resume"]


@pytest.mark.slow
def test_training_is_one_click(open_page: OpenPage) -> None:
    app = open_page("fresh", "home.py", "lead_scoring")
    app.button(key="train:lead_scoring").click().run()
    assert not app.error
    assert app.progress
    limit = time.monotonic() + 200
    while app.progress and time.monotonic() < limit:
        time.sleep(0.5)
        app.run()
    assert state.desk().acting_version("lead_scoring") == "v1"
    assert any("Nothing scored yet" in element.value for element in app.markdown)
