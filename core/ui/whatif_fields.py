"""The fields of the what-if: one per column, built from the schema, holding the row's own value until it is moved."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from core.domain.columns import Column, Kind, describe, missing_mask, shown
from core.domain.levers import Span, nice_step, typed_as_raw
from core.domain.parsing import parse_value
from core.domain.usecase import UseCase
from core.services.reasons.whatif import Control
from core.ui.forms import level_text
from core.ui.messages import Slots, plain

FIELD_PIXELS = 240
FEW_LEVELS = 5  # up to here a set's levels stay in sight


class Fields:
    """The fields of one row: what they hold now, and where problems are written under them."""

    def __init__(self, use_case: UseCase, row: Mapping[str, Any], name: str) -> None:
        self.use_case, self.row, self.name = use_case, row, name
        self.slots: dict[str, tuple[str, Any]] = {}

    def key(self, column: Column) -> str:
        """The session's name of a column's field."""
        return f"{self.name}:{column.name}"

    def start(self, column: Column) -> Any:
        """The row's own value as the column's field holds it."""
        return _as_held(column, self.row.get(column.name), self.use_case.schema.timezone)

    def reset(self, columns: Sequence[Column]) -> None:
        """Put every field back; a callback, it runs before the fields are drawn."""
        for column in columns:
            st.session_state[self.key(column)] = self.start(column)

    def take(self, columns: Sequence[Column], changes: Mapping[str, Any]) -> None:
        """Put other values into the fields, and the row's own into all others; a callback."""
        self.reset(columns)
        for column in columns:
            if column.name in changes:
                held = _as_held(column, changes[column.name], self.use_case.schema.timezone)
                st.session_state[self.key(column)] = held

    def draw(self, controls: Sequence[Control]) -> None:
        """Draw the fields side by side, with a place for problems under each."""
        with st.grid("auto", min_column_width=FIELD_PIXELS):
            for control in controls:
                with st.container(gap="xxsmall"):
                    self._field(control)
                    self.slots[control.column.name] = (control.column.title, st.empty())

    def changed(self, columns: Sequence[Column]) -> dict[str, Any]:
        """What differs from the row, as a form would give it; also in fields that are not drawn."""
        found = {}
        for column in columns:
            start = self.start(column)
            held = st.session_state.get(self.key(column), start)
            if held != start:
                found[column.name] = ("yes" if held else "no") if isinstance(held, bool) else held
        return found

    def places(self) -> Slots:
        """Where problems of single fields are written."""
        return self.slots

    def _field(self, control: Control) -> Any:
        column, start = control.column, self.start(control.column)
        label = f"{column.title} ({column.unit})" if column.unit else column.title
        st.session_state.setdefault(self.key(column), start)
        kept: dict[str, Any] = {"key": self.key(column), "help": _help(column, start)}
        if column.kind in (Kind.NUMBER, Kind.COUNT):
            return _number(plain(label), control, start, kept)
        if column.kind is Kind.SET:
            draw = st.pills if len(column.levels) <= FEW_LEVELS else st.multiselect
            more: dict[str, Any] = {"selection_mode": "multi", "wrap": True} if draw is st.pills else {}
            return draw(plain(label), column.levels, format_func=level_text, **more, **kept)
        if column.kind is Kind.YESNO and isinstance(start, bool):
            return st.toggle(plain(label), **kept)
        if column.kind.is_coded or column.kind is Kind.YESNO:
            return _levels(plain(label), column, start, kept)
        return st.text_input(plain(label), **kept)


def _levels(label: str, column: Column, start: Any, kept: Mapping[str, Any]) -> Any:
    if column.kind is Kind.ORDERED and start in column.levels and len(column.levels) > 1:
        return st.select_slider(label, column.levels, format_func=level_text, **kept)
    levels = column.levels if column.kind.is_coded else ("yes", "no")
    options = levels if start is None or start in levels else (*levels, start)
    return st.selectbox(label, options, None, format_func=level_text, placeholder="Not given", **kept)


def _number(label: str, control: Control, start: Any, kept: Mapping[str, Any]) -> Any:
    column = control.column
    whole = column.kind is Kind.COUNT
    cast = int if whole else float
    if start is None:
        least, most = (None if limit is None else cast(limit) for limit in (column.minimum, column.maximum))
        step = 1 if whole else None
        return st.number_input(label, least, most, value=None, step=step, placeholder="Not given", **kept)
    low, high, by = slider_range(column, control.span, float(start))
    form = "%d" if whole else f"%.{decimals(by)}f"
    return st.slider(label, cast(low), cast(high), step=cast(by), format=form, **kept)


def slider_range(column: Column, span: Span, start: float) -> tuple[float, float, float]:
    """From where to where a number can be moved, and in which steps.

    What is usual and where the reference rows lie, and the row's own value in any case; never past what the schema
    allows.

    >>> column = Column("x", Kind.NUMBER, minimum=0, usual=(10, 1200))
    >>> slider_range(column, Span(33.0, 1410.0), 120.0), slider_range(column, Span(), -5.0)[0]
    ((0.0, 1420.0, 20.0), -5.0)
    """
    edges = [edge for edge in (*(column.usual or ()), span.low, span.high) if math.isfinite(edge)]
    low, high = min([*edges, start]), max([*edges, start])
    whole = column.kind is Kind.COUNT
    if high <= low:
        low, high = low - 1, high + 1
    step = nice_step(low, high, whole)
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    low = low if column.minimum is None else max(low, column.minimum)
    high = high if column.maximum is None else min(high, column.maximum)
    return round(min(low, start), 10), round(max(high, start), 10), step


def decimals(step: float) -> int:
    """Digits after the point that a step needs.

    >>> decimals(0.05), decimals(20.0)
    (2, 0)
    """
    return max(0, -math.floor(math.log10(step) + 1e-9))


def _as_held(column: Column, value: Any, timezone: str) -> Any:
    """A raw value as a field holds it; None where a field has no value, "" and [] for texts and sets."""
    typed = parse_value(column, value, timezone)
    if column.kind.is_coded and typed.unread:
        return str(value)
    empty = bool(missing_mask(column, typed.values)[0])
    if column.kind is Kind.SET:
        return [] if empty else typed_as_raw(column, typed.values[0])
    if column.kind in (Kind.NUMBERS, Kind.TIME):
        return "" if empty else shown(typed.values[0])
    if empty:
        return None
    held = typed_as_raw(column, typed.values[0])
    return bool(typed.values[0] == 1.0) if column.kind is Kind.YESNO else _plain_number(held)


def _plain_number(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _help(column: Column, start: Any) -> str:
    """What the column takes, and what the row had."""
    before = level_text(start) if isinstance(start, str) else shown(start)
    had = "Not given in this row." if start is None or start in ("", []) else f"This row: {before}."
    if isinstance(start, bool):
        had = f"This row: {'yes' if start else 'no'}."
    parts = [column.help.rstrip(".") + "." if column.help else "", f"Takes {describe(column)}.", had]
    return plain(" ".join(part for part in parts if part))
