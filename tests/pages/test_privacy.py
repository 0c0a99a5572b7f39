from __future__ import annotations

import pytest

from core.services.access import LOCAL_PEOPLE, Role
from core.ui import state

from .conftest import OpenPage

SCRIPT = "govern/data.py"


def press(app, label: str):
    return next(button for button in app.button if button.label == label).click().run()


def type_into(app, label: str, text: str):
    return next(item for item in app.text_input if item.label.startswith(label)).input(text).run()


def test_an_admin_hashes_ids_and_finds_and_erases_one(open_page: OpenPage) -> None:
    app = open_page("full", SCRIPT, "debt_repayment", Role.ADMIN)
    someone = state.desk().log.scan(state.desk().use_case("debt_repayment"), ["entity"])["entity"][0].as_py()
    app = press(type_into(app, "Reason", "privacy review"), "Hash the ids")
    assert any("different ids are hashed" in item.value for item in app.success)
    app = type_into(app.run(), "Customer, as it was scored", someone)
    app = app.toggle[0].set_value(True).run()
    assert any("Kept: 1 row, 1 score" in item.value for item in app.markdown)
    app = type_into(type_into(app, "Reason, such", "request 17"), "Type the id again", someone)
    app = press(app, "Erase it")
    assert any("Erased: 1 score, 1 row" in item.value for item in app.success)
    assert not app.exception


@pytest.mark.parametrize(("role", "sees"), [(Role.ANALYST, False), (Role.AUDITOR, True)])
def test_only_who_may_looks_one_up(open_page: OpenPage, role: Role, sees: bool) -> None:
    app = open_page("full", SCRIPT, "debt_repayment", role)
    assert any(item.label.startswith("Customer, as it was scored") for item in app.text_input) is sees
    assert not any(button.label == "Hash the ids" for button in app.button)
    assert LOCAL_PEOPLE[role].name and not app.exception


def test_retention_is_set_with_a_reason(open_page: OpenPage) -> None:
    app = open_page("full", SCRIPT, "lead_scoring", Role.ADMIN)
    views = next(item for item in app.number_input if item.label.startswith("Who looked"))
    views.set_value(30)
    next(item for item in app.text_input if item.key == "privacy:keep:reason").input("policy 4")
    app = press(app, "Set")
    assert not app.exception
    record = state.desk().ledger.privacy("lead_scoring")
    assert record is not None and record.keep["views"] == 30
