"""The data page: the dictionary of every use case, its contract, and a labelled file that becomes a working desk."""

from __future__ import annotations

import time

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.services.access import LOCAL_PEOPLE, Role
from core.ui import state
from core.usecases import builtin

from .conftest import OpenPage

SCRIPT = "govern/data.py"


def shops(n_rows: int = 900) -> bytes:
    """Orders that came back or not: two honest columns, one filled in afterwards, a day that counts."""
    rng = np.random.default_rng(4)
    price, size = rng.normal(60, 20, n_rows).round(2), rng.integers(0, 3, n_rows)
    back = rng.random(n_rows) < 1 / (1 + np.exp(-(price - 60) / 15 - size + 1))
    refund = np.where(back, price, 0).round(2)
    lines = [
        f"O{row},{20_000 + row // 3},{price[row]},{'SML'[size[row]]},{refund[row]},{'yes' if back[row] else 'no'}"
        for row in range(n_rows)
    ]
    return "\n".join(["order,day,price,size,refund,returned", *lines]).encode()


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label.startswith(label)).click().run()


def field(app: AppTest, kind: str, label: str):
    return next(item for item in getattr(app, kind) if item.label == label)


@pytest.mark.parametrize("key", builtin())
def test_dictionary_and_contract(open_page: OpenPage, key: str) -> None:
    app = open_page("empty", SCRIPT, key)
    use_case = builtin()[key]
    assert not app.exception
    fields, features = app.dataframe[0].value, app.dataframe[1].value
    assert list(fields["Column"]) == list(use_case.schema.names)
    assert list(features["Feature"]) == list(use_case.feature_names)
    assert list(features["Formula"]) == [feature.formula for feature in use_case.features]
    said = "\n".join(element.value for element in app.markdown)
    assert "checks hold" in said
    for band in use_case.policy.bands:
        assert band.decision.split(":")[0] in said.replace("\\", "")
    checks = next(table.value for table in app.dataframe if "Check" in table.value.columns)
    assert set(checks["Result"]) == {"holds"}


def test_who_may_not_adopt_is_told_who_may(open_page: OpenPage) -> None:
    app = open_page("empty", SCRIPT, "lead_scoring", Role.AUDITOR)
    assert not app.exception
    assert any("cannot adopt" in element.proto.title for element in app.info)
    assert not app.file_uploader


def test_a_file_becomes_a_use_case_that_scores(open_page: OpenPage) -> None:
    app = open_page("fresh", SCRIPT, "lead_scoring")
    app.file_uploader[0].upload("Shop orders.csv", shops())
    app.run()
    assert not app.exception
    assert field(app, "text_input", "Name of the use case").value == "shop_orders"
    press(app, "Look at the file")
    assert any("No outcome is chosen" in element.proto.title for element in app.error)

    field(app, "selectbox", "Outcome").set_value("returned")
    press(app, "Look at the file")
    assert not app.exception
    assert any("refund" in element.proto.title for element in app.warning)
    screen = next(table.value for table in app.dataframe if "Reasons" in table.value.columns)
    assert screen["Column"][0] == "refund"
    assert list(screen["Suspicious"][0]) == ["yes"]

    field(app, "multiselect", "Known only afterwards").set_value(["refund"])
    field(app, "selectbox", "When a row happened").set_value("day")
    press(app, "Look again")
    assert not app.exception
    assert not app.warning
    read = next(table.value for table in app.dataframe if "For" in table.value.columns)
    assert dict(zip(read["Column"], read["For"], strict=True))["day"] == "order"
    assert any("Held out: the last rows by time" in element.value for element in app.caption)

    press(app, "Train shop_orders")
    assert not app.error
    limit = time.monotonic() + 120
    while not app.success and time.monotonic() < limit:
        assert not app.exception
        assert not app.error
        time.sleep(0.5)
        app.run()
    assert "is ready" in app.success[0].proto.title
    app.run()
    assert app.selectbox(key="use_case").value == "shop_orders"
    app.switch_page("score/one.py").run()
    assert not app.exception
    assert app.selectbox(key="use_case").value == "shop_orders"
    press(app, "Score")
    assert not app.error
    assert app.metric
    recorded = [entry for entry in state.desk().ledger.events() if "adopt" in entry.action]
    assert {entry.actor for entry in recorded} == {LOCAL_PEOPLE[Role.ANALYST].name}


def test_what_cannot_be_learnt_is_said_in_place(open_page: OpenPage) -> None:
    app = open_page("fresh", SCRIPT, "lead_scoring")
    app.file_uploader[0].upload("few.csv", b"a,b\n1,2\n3,4\n")
    app.run()
    field(app, "selectbox", "Outcome").set_value("b")
    press(app, "Look at the file")
    assert not app.exception
    assert any("rows" in element.proto.title for element in app.error)
    assert not [button for button in app.button if button.label.startswith("Train")]
