"""The models page answers before its tables do, draws every section, and offers the card to take away."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.services.access import Role
from core.usecases import builtin

from .conftest import OpenPage

SCRIPT = "govern/models.py"


def look_at(app: AppTest, view: str) -> None:
    app.segmented_control(key="view").set_value(view).run()


@pytest.mark.parametrize("key", builtin())
def test_a_trained_version_has_its_card(open_page: OpenPage, key: str) -> None:
    app = open_page("trained", SCRIPT, key)
    look_at(app, "Model card")
    assert not app.exception
    said = "\n".join(element.value for element in app.markdown)
    assert "The honest figure is" in said
    if builtin()[key].truth is not None:
        assert "no model can reach more than" in said
    assert [button.label for button in app.get("download_button")] == ["Card, HTML", "Card, JSON"]
    assert len(app.get("plotly_chart")) == 1
    titles = [panel.label for panel in app.expander]
    for title in ("Limits and notes", "Split", "Data", "Stability", "Lineage", "Files", "Hyper-parameters"):
        assert title in titles
    figures = app.dataframe[0].value
    assert {"baseline", f"{builtin()[key].recipe.champion} (champion)"} <= set(figures.columns)


def test_without_a_version_the_next_step_is_said(open_page: OpenPage) -> None:
    app = open_page("empty", SCRIPT, "lead_scoring")
    assert not app.exception
    assert "python -m core train lead_scoring" in app.info[0].value


def test_sales_gets_no_card(open_page: OpenPage) -> None:
    with pytest.raises(ValueError, match=r"[Pp]age"):
        open_page("trained", SCRIPT, "lead_scoring", Role.SALES)
