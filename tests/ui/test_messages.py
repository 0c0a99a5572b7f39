"""The one place that catches errors: people read what to do, the log gets the rest."""

from __future__ import annotations

import logging

import pytest
from streamlit.testing.v1 import AppTest

from core.ui import messages


def page(kind: str) -> None:
    import json

    from core import errors
    from core.ui import messages

    with messages.told():
        if kind == "json":
            json.loads('{"a": }')
        if kind == "bug":
            raise KeyError("secret of a customer")
        raise getattr(errors, kind)("The file has *no* rows.", "Give one with rows.")


@pytest.mark.parametrize(
    ("kind", "shown_as"),
    [("InputError", "error"), ("NotReady", "info"), ("NotPermitted", "warning"), ("DeskBusy", "warning"),
     ("BundleProblem", "error")],
)  # fmt: skip
def test_desk_errors_are_shown_in_place(kind: str, shown_as: str) -> None:
    app = AppTest.from_function(page, args=(kind,)).run()
    assert not app.exception
    (shown,) = getattr(app, shown_as)
    assert shown.proto.title == r"The file has \*no\* rows."
    assert shown.value == "Give one with rows."


def test_bad_json_names_its_place() -> None:
    (shown,) = AppTest.from_function(page, args=("json",)).run().error
    assert "line 1, column 7" in shown.value


def test_a_bug_is_logged_under_the_number_that_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "ringside.ui"):
        (shown,) = AppTest.from_function(page, args=("bug",)).run().error
    number = shown.value.split("**")[1]
    assert f"incident {number}" in caplog.text
    assert "secret" not in shown.value


def test_text_of_a_cell_stays_text() -> None:
    assert messages.plain("[x](http://a) **b** :red[c]") == r"\[x\](http\://a) \*\*b\*\* \:red\[c\]"
