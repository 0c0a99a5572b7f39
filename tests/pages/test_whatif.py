"""The what-if on the Why page: of a logged row, with the version that scored it, and nothing logged by playing."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.services.access import Role
from core.ui import state

from .conftest import OpenPage

SCRIPT = "score/why.py"


def opened(open_page: OpenPage, key: str, role: Role = Role.ANALYST) -> AppTest:
    """The Why page of the newest prediction, its what-if open."""
    app = open_page("full", SCRIPT, key, role)
    desk = state.desk()
    prediction = desk.log.latest(desk.use_case(key), 1)["prediction_id"][0].as_py()
    app.session_state[f"whatif:{key}:{desk.acting_version(key)}:{prediction}-open"] = True
    app.text_input(key="id").set_value(prediction)
    return app.run()


def metric(app: AppTest, label: str) -> Any:
    return next(item for item in app.metric if item.label == label)


@pytest.mark.parametrize("role", [Role.SALES, Role.RISK, Role.AUDITOR])
def test_a_logged_row_can_be_played_with(open_page: OpenPage, role: Role) -> None:
    app = opened(open_page, "lead_scoring", role)
    assert not app.exception
    assert not app.error, [item.value for item in app.error]
    assert metric(app, "Then").value == metric(app, "Probability").value == metric(app, "Now").value
    desk = state.desk()
    before = desk.log.water_mark(desk.use_case("lead_scoring"))
    slider = next(item for item in app.slider if str(item.key).endswith(":time_on_site"))
    slider.set_value(900.0 if slider.value < 600 else 50.0).run()
    assert metric(app, "Then").value != metric(app, "Now").value
    assert desk.log.water_mark(desk.use_case("lead_scoring")) == before
    assert any("approximate line" in item.label for item in app.expander) == (role is not Role.SALES)


@pytest.mark.parametrize(
    "key", ["bnpl_default", "client_profitability", "collector_performance", "debt_repayment", "lead_scoring"]
)
def test_the_approximate_line_stands_beside_the_exact_points(open_page: OpenPage, key: str) -> None:
    app = opened(open_page, key)
    name = next(str(item.key) for item in app.button if str(item.key).endswith("-reset")).removesuffix("-reset")
    app.session_state[f"{name}-line"] = True
    app.run()
    assert not app.exception
    assert not app.error, [item.value for item in app.error]
    said = next(item.value for item in app.markdown if item.value.startswith("**Approximate.**"))
    assert "fidelity R² 0." in said
    assert "not known" not in said
