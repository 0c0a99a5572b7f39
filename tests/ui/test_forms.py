"""The form holds what a row says, whatever way the row was written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.domain.columns import Column, Kind, Missing
from core.domain.parsing import parse_row
from core.domain.usecase import UseCase
from core.errors import InputError
from core.ui import forms
from core.usecases import builtin


def page(key: str, row: dict[str, object]) -> None:
    import streamlit as st

    from core.ui import forms
    from core.usecases import builtin

    use_case = builtin()[key]
    if not forms.is_filled(use_case):
        forms.fill(use_case, row)
    st.session_state["values"] = forms.row_form(use_case, "Score").values


def sample(use_case: UseCase) -> dict[str, Any]:
    assert use_case.synthesize is not None
    row: dict[str, Any] = use_case.synthesize(3, 5).to_pylist()[1]
    return row


@pytest.mark.parametrize("key", builtin())
def test_form_gives_back_the_row_it_was_filled_with(key: str) -> None:
    use_case = builtin()[key]
    row = sample(use_case)
    app = AppTest.from_function(page, args=(key, row)).run()
    assert not app.exception
    typed, original = (parse_row(use_case.schema, values) for values in (app.session_state["values"], row))
    for column in use_case.schema:
        assert not typed[column.name].unread
        np.testing.assert_array_equal(typed[column.name].values, original[column.name].values, column.name)


@pytest.mark.parametrize("key", builtin())
def test_every_field_has_a_label_with_its_unit_and_says_what_it_takes(key: str) -> None:
    app = AppTest.from_function(page, args=(key, {})).run()
    for column in builtin()[key].schema:
        field = app.get_by_key(f"row:{key}:{column.name}")
        assert field.label.startswith(column.title)
        assert not column.unit or column.unit in field.label
        assert "akes" in field.help


@pytest.mark.parametrize(
    ("column", "value", "typed"),
    [
        (Column("a", Kind.COUNT), 14.5, 14),
        (Column("a", Kind.NUMBER), "3.25", 3.25),
        (Column("a", Kind.NUMBER, decimal=","), "1.234,5", 1234.5),
        (Column("a", Kind.NUMBER, decimal=","), 1234.5, 1234.5),
        (Column("a", Kind.NUMBER, missing=Missing.IMPUTE), "n/a", None),
        (Column("a", Kind.YESNO), 1.0, "yes"),
        (Column("a", Kind.YESNO), False, "no"),
        (Column("a", Kind.CATEGORY, levels=("Low", "High")), "low", "Low"),
        (Column("a", Kind.CATEGORY, levels=("Low", "High")), "unheard of", None),
        (Column("a", Kind.TEXT), None, ""),
        (Column("a", Kind.NUMBERS, width=3), [12.5, 0.0], "12.5;0"),
        (Column("a", Kind.NUMBERS, width=3), "12.5;0", "12.5;0"),
        (Column("a", Kind.NUMBERS, width=3), None, ""),
        (Column("a", Kind.SET, levels=("Tax", "Audit")), "audit;TAX", ["Tax", "Audit"]),
        (Column("a", Kind.SET, levels=("Tax", "Audit")), ["Audit"], ["Audit"]),
        (Column("a", Kind.SET, levels=("Tax", "Audit")), "unheard of", []),
        (Column("a", Kind.SET, levels=("Tax", "Audit")), None, []),
        (Column("a", Kind.TIME), "2026-03-01", "2026-03-01"),
    ],
)
def test_raw_values_become_field_values(column: Column, value: Any, typed: Any) -> None:
    assert forms._as_typed(column, value, "UTC") == typed


@pytest.mark.parametrize(
    ("usual", "step"), [((0, 1), 0.01), ((0, 300), 5.0), ((15.01, 400), 5.0), ((3, 3), 1e-8), (None, 1.0)]
)
def test_steps_are_round(usual: tuple[float, float] | None, step: float) -> None:
    assert forms._step(Column("a", Kind.NUMBER, usual=usual)) == pytest.approx(step)


def test_json_must_hold_one_object() -> None:
    assert forms.Form(text='{"a": 1}').row() == {"a": 1}
    with pytest.raises(InputError, match="list"):
        forms.Form(text="[]").row()


def lists_page(row: dict[str, object], n_levels: int) -> None:
    from dataclasses import replace

    import streamlit as st

    from core.domain.columns import Column, Kind
    from core.domain.schema import Schema
    from core.ui import forms
    from core.usecases import builtin

    levels = tuple(f"service_{number}" for number in range(n_levels))
    paid = Column("paid", Kind.NUMBERS, width=3, unit="USD")
    schema = Schema((paid, Column("services", Kind.SET, levels=levels)))
    use_case = replace(builtin()["bnpl_default"], key="lists", schema=schema)
    if not forms.is_filled(use_case):
        forms.fill(use_case, row)
    st.session_state["row"] = forms.row_form(use_case, "Score").row()
    forms.json_form(use_case, "Score")


@pytest.mark.parametrize("n_levels", [3, 10])
def test_lists_and_sets_have_fields_of_their_own(n_levels: int) -> None:
    row = {"paid": [1.0, 2.5], "services": "service_2;service_0"}
    app = AppTest.from_function(lists_page, args=(row, n_levels)).run()
    assert not app.exception
    assert app.session_state["row"] == {"paid": "1;2.5", "services": ["service_0", "service_2"]}
    field = app.get_by_key("row:lists:paid")
    assert field.label == "Paid (USD)" and "separated by semicolons" in field.help
    assert '"service_0"' in app.text_area[0].value
