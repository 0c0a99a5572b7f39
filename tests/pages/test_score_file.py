"""A file goes in and every row comes out scored, rejected with a reason, or known already."""

from __future__ import annotations

import time

import pytest
from pyarrow import csv
from streamlit.testing.v1 import AppTest

from core.services import batches, results
from core.services.access import LOCAL_PEOPLE, Role
from core.services.jobs import JobState
from core.services.reasons.bulk_reasons import names as reason_columns
from core.ui import state
from core.usecases import builtin

from .conftest import SAMPLE_ROWS, OpenPage

SCRIPT = "score/file.py"
ANALYST = LOCAL_PEOPLE[Role.ANALYST]


def upload(app: AppTest, name: str, content: bytes) -> AppTest:
    app.file_uploader[0].upload(name, content)
    return app.run()


def score(app: AppTest) -> AppTest:
    button = next(button for button in app.button if button.label.startswith("Score this file"))
    button.click().run()
    limit = time.monotonic() + 60
    while app.progress and time.monotonic() < limit:
        time.sleep(0.05)
        app.run()
    return app


def figures(app: AppTest) -> dict[str, str]:
    assert not app.exception
    assert not [element.value for element in app.error if "incident" in element.value]
    return {metric.label: metric.value for metric in app.metric}


@pytest.mark.parametrize("key", builtin())
def test_file_is_scored_shown_and_known_the_second_time(open_page: OpenPage, key: str) -> None:
    app = open_page("trained", SCRIPT, key)
    content = batches.sample_csv(state.desk(), key, SAMPLE_ROWS - 1)
    assert content is not None
    upload(app, "week.csv", content)
    assert not app.exception
    assert not app.error
    score(app)
    assert not app.exception
    assert not app.error
    assert figures(app)["Scored"] == str(SAMPLE_ROWS - 1)
    assert figures(app)["Rejected"] == "0"
    assert len(app.get("plotly_chart")) == 2
    assert len(app.dataframe) == 1
    next(button for button in app.button if button.label == "Score it again").click().run()
    score(app)
    assert figures(app)["Already scored"] == str(SAMPLE_ROWS - 1)
    assert any("scored before" in element.proto.title for element in app.info)


def columns_of(job: JobState) -> list[str]:
    return csv.read_csv(results.file_of(state.desk(), ANALYST, job, "csv")).column_names


def test_the_switch_adds_reasons_to_the_file_and_is_off_at_first(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, "bnpl_default")
    content = batches.sample_csv(state.desk(), "bnpl_default", 20)
    assert content is not None
    upload(app, "week.csv", content)
    (switch,) = (toggle for toggle in app.toggle if toggle.label == "Add reasons")
    assert switch.value is False
    switch.set_value(True).run()
    score(app)
    assert figures(app)["Scored"] == "20"
    (job,) = results.recent(state.desk(), ANALYST, "bnpl_default")
    assert set(reason_columns()) <= set(columns_of(job))
    scored = csv.read_csv(results.file_of(state.desk(), ANALYST, job, "csv")).to_pylist()
    assert all(row["helps_1"] or row["hurts_1"] for row in scored)

    next(button for button in app.button if button.label == "Score it again").click().run()
    next(toggle for toggle in app.toggle if toggle.label == "Add reasons").set_value(False).run()
    score(app)
    again = next(found for found in results.recent(state.desk(), ANALYST, "bnpl_default") if found.id != job.id)
    assert not set(reason_columns()) & set(columns_of(again))


def test_sample_file_is_one_click(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, "bnpl_default")
    next(button for button in app.button if button.label == "Use the sample file").click().run()
    score(app)
    assert int(figures(app)["Scored"]) > 0


def test_bad_rows_are_counted_and_offered_with_why(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, "lead_scoring")
    content = batches.sample_csv(state.desk(), "lead_scoring", 20)
    assert content is not None
    lines = content.decode().splitlines()
    lines[3] = lines[3].replace(lines[3].split(",")[1], '"the day before"')
    score(upload(app, "week.csv", "\n".join(lines).encode()))
    assert figures(app)["Rejected"] == "1"
    labels = [button.label for button in app.get("download_button")]
    assert "Rejected rows, with why" in labels


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02\x03", b"lead_id,created_at\n"])
def test_file_that_cannot_be_used_is_told_in_place(open_page: OpenPage, content: bytes) -> None:
    app = upload(open_page("trained", SCRIPT, "lead_scoring"), "week.csv", content)
    assert not app.exception
    assert not [element for element in app.error if "incident" in element.value]
    buttons = [button for button in app.button if button.label.startswith("Score this file")]
    assert all(button.disabled for button in buttons)


def test_running_job_is_found_again(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, "lead_scoring")
    content = batches.sample_csv(state.desk(), "lead_scoring", 60_000)
    assert content is not None
    upload(app, "long.csv", content)
    next(button for button in app.button if button.label.startswith("Score this file")).click().run()
    app.switch_page("home.py").run()
    app.switch_page(SCRIPT).run()
    assert app.progress or figures(app)
    limit = time.monotonic() + 60
    while app.progress and time.monotonic() < limit:
        time.sleep(0.05)
        app.run()
    assert figures(app)["Scored"] == "60,000"


def test_upload_can_be_voided_with_a_reason(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, "lead_scoring")
    content = batches.sample_csv(state.desk(), "lead_scoring", 31)
    assert content is not None
    score(upload(app, "week.csv", content))
    void = next(button for button in app.button if button.label == "Void")
    void.click().run()
    assert any("reason" in element.proto.title for element in app.error)
    app.text_input[-1].set_value("wrong week")
    next(button for button in app.button if button.label == "Void").click().run()
    assert any("voided" in element.proto.title for element in app.success)


def test_sales_gets_the_acting_score_only_in_table_and_downloads(open_page: OpenPage) -> None:
    app = open_page("full", SCRIPT, "lead_scoring", Role.SALES)
    next(button for button in app.button if button.label == "Open").click().run()
    assert figures(app)["Scored"] == str(SAMPLE_ROWS)
    models = {f"score_{name}" for name in builtin()["lead_scoring"].recipe.model_names}
    hidden = models | {"consensus", "agreement"}
    assert not hidden & set(app.dataframe[0].value.columns)
    desk, sales = state.desk(), LOCAL_PEOPLE[Role.SALES]
    job = results.recent(desk, sales, "lead_scoring")[0]
    table = csv.read_csv(results.file_of(desk, sales, job, "csv"))
    assert table.num_rows == SAMPLE_ROWS
    assert not hidden & set(table.column_names)
    assert {"score", "band", "decision"} <= set(table.column_names)
    whole = csv.read_csv(results.file_of(desk, LOCAL_PEOPLE[Role.RISK], job, "csv"))
    assert hidden <= set(whole.column_names)


def test_a_column_of_another_name_can_be_mapped(open_page: OpenPage) -> None:
    app = open_page("trained", SCRIPT, "lead_scoring")
    content = batches.sample_csv(state.desk(), "lead_scoring", 42)
    assert content is not None
    upload(app, "week.csv", content.replace(b"industry", b"what they do", 1))
    button = next(button for button in app.button if button.label.startswith("Score this file"))
    assert button.disabled
    app.session_state["mapping:lead_scoring"] = True
    app.run()
    field = next(box for box in app.selectbox if box.label == "Industry")
    field.set_value("what they do")
    next(button for button in app.button if button.label == "Use this mapping").click().run()
    score(app)
    assert figures(app)["Scored"] == "42"
