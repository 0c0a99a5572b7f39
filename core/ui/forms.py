"""A form for one row, built from the schema: fields by group, with units, ranges, levels and help."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from core.domain.columns import YES_TEXTS, Column, Kind, Unseen, describe, levels_in, shown
from core.domain.parsing import parse_value
from core.domain.usecase import UseCase
from core.errors import InputError

MOST_VISIBLE_LEVELS = 5  # up to here levels stay in sight, where they fit on one line
FIELD_PIXELS = 220


@dataclass
class Form:
    """What a person typed, and the places under the fields where problems are written."""

    values: dict[str, Any] = field(default_factory=dict)
    slots: dict[str, tuple[str, Any]] = field(default_factory=dict)
    text: str | None = None  # of the JSON form
    submitted: bool = False

    def row(self) -> Mapping[str, Any]:
        """The row as a mapping of raw column to value; a JSON text must hold one object."""
        if self.text is None:
            return self.values
        row = json.loads(self.text)
        if not isinstance(row, dict):
            raise InputError(f"The JSON text holds a {type(row).__name__}.", 'It takes one object: {"field": value}.')
        return row


def fill(use_case: UseCase, row: Mapping[str, Any]) -> None:
    """Put a row into the form's fields; must run before the form is drawn, or in a callback."""
    for column in use_case.schema:
        st.session_state[_key(use_case, column)] = _as_typed(column, row.get(column.name), use_case.schema.timezone)


def is_filled(use_case: UseCase) -> bool:
    """Whether the form of a use case holds anything yet in this session."""
    return all(_key(use_case, column) in st.session_state for column in use_case.schema)


def row_form(use_case: UseCase, submit: str) -> Form:
    """Draw the form; nothing reruns before the button is pressed."""
    form = Form()
    with st.form(f"row:{use_case.key}", border=False):
        for group, columns in _grouped(use_case).items():
            with _section(group):
                for column in columns:
                    with st.container(gap="xxsmall"):
                        form.values[column.name] = _field(use_case, column)
                        form.slots[column.name] = (column.title, st.empty())
        form.submitted = st.form_submit_button(submit, type="primary", icon=":material/play_arrow:", width="stretch")
    return form


UNREAD = "Not read by any model"


def _section(group: str) -> Any:
    if group == UNREAD:
        return st.expander(f"{UNREAD}; logged with the row").grid("auto", min_column_width=FIELD_PIXELS)
    st.markdown(f"**{group}**")
    return st.grid("auto", min_column_width=FIELD_PIXELS)


def _grouped(use_case: UseCase) -> dict[str, list[Column]]:
    """Columns by group, in the schema's order; those that may be left out and no model reads come last."""
    groups: dict[str, list[Column]] = {}
    unread = []
    for column in use_case.schema:
        if column.required or column.name in use_case.model_columns:
            groups.setdefault(column.group, []).append(column)
        else:
            unread.append(column)
    return groups | ({UNREAD: unread} if unread else {})


def _key(use_case: UseCase, column: Column) -> str:
    return f"row:{use_case.key}:{column.name}"


def _field(use_case: UseCase, column: Column) -> Any:
    key, label = _key(use_case, column), _label(column)
    kept: dict[str, Any] = {"key": key, "help": _help(column, use_case.schema.timezone), "persist_state": "session"}
    if column.kind is Kind.YESNO:
        return st.segmented_control(label, ("yes", "no"), required=column.required, wrap=True, **kept)
    if column.kind.is_coded:
        return _levels(label, column, kept)
    if column.kind in (Kind.NUMBER, Kind.COUNT):
        return _number(label, column, kept)
    if column.kind is Kind.SET:
        return _set(label, column, kept)
    return st.text_input(label, placeholder=_placeholder(column), **kept)


def _levels(label: str, column: Column, kept: Mapping[str, Any]) -> Any:
    pixels = sum(30 + 7 * len(level) for level in column.levels)
    open_list = column.unseen is Unseen.OTHER  # a level nobody has seen yet may be typed
    if 2 <= len(column.levels) <= MOST_VISIBLE_LEVELS and pixels <= 1.05 * FIELD_PIXELS and not open_list:
        return st.segmented_control(
            label, column.levels, format_func=level_text, required=column.required, wrap=True, **kept
        )
    hint = "Choose or type" if open_list else "Choose"
    return st.selectbox(
        label, column.levels, None, format_func=level_text, placeholder=hint, accept_new_options=open_list, **kept
    )


def _set(label: str, column: Column, kept: Mapping[str, Any]) -> Any:
    if len(column.levels) <= MOST_VISIBLE_LEVELS:
        return st.pills(label, column.levels, selection_mode="multi", format_func=level_text, wrap=True, **kept)
    return st.multiselect(label, column.levels, format_func=level_text, placeholder="Choose", **kept)


def _number(label: str, column: Column, kept: Mapping[str, Any]) -> Any:
    whole = column.kind is Kind.COUNT
    cast = int if whole else float
    low, high = (None if limit is None else cast(limit) for limit in (column.minimum, column.maximum))
    return st.number_input(
        label, low, high, value=None, step=1 if whole else _step(column), format="%d" if whole else "%.10g", **kept
    )


def _step(column: Column) -> float:
    """About a hundredth of the usual range, as 1, 2 or 5 times a power of ten."""
    low, high = column.usual or (column.minimum or 0.0, column.maximum or 100.0)
    rough = max(high - low, 1e-6) / 100
    power = 10.0 ** math.floor(math.log10(rough))
    return round(next(times for times in (1, 2, 5, 10) if times * power >= rough * 0.99) * power, 10)


def _label(column: Column) -> str:
    return f"{column.title} ({column.unit})" if column.unit else column.title


def _help(column: Column, timezone: str) -> str:
    parts = [column.help.rstrip(".") + "." if column.help else ""]
    if column.kind is Kind.TIME:
        parts.append(f"Without an offset it is read as {timezone} time.")
    if column.usual:
        unit = f" {column.unit}" if column.unit else ""
        parts.append(f"Usually {shown(column.usual[0])} to {shown(column.usual[1])}{unit}.")
    parts.append(f"Takes {describe(column)}." if column.required else f"Takes {describe(column)}; may be left empty.")
    return " ".join(part for part in parts if part)


def _placeholder(column: Column) -> str | None:
    if column.kind is Kind.TIME:
        return column.time_format or "2026-03-01T09:30:00"
    return "12.5;0;30" if column.kind is Kind.NUMBERS else None


def level_text(level: str) -> str:
    """A level as people read it.

    >>> level_text("low_risk_purchase")
    'low risk purchase'
    """
    return level.replace("_", " ")


def _as_typed(column: Column, value: Any, timezone: str) -> Any:
    """A raw value as its field holds it; None ("" for text, [] for sets) leaves the field empty."""
    text = "" if value is None else shown(value).strip()
    if column.kind.is_text or column.kind in (Kind.TIME, Kind.NUMBERS):
        return text or _start(column, timezone)
    if column.kind is Kind.SET:
        return list(levels_in(column, int(parse_value(column, value, timezone).values[0])))
    if text.lower() in column.nulls:
        return None
    if column.kind is Kind.YESNO:
        return "yes" if text.lower() in YES_TEXTS else "no"
    if column.kind.is_coded:
        known = next((level for level in column.levels if level.lower() == text.lower()), None)
        return text if known is None and column.unseen is Unseen.OTHER else known
    if isinstance(value, str) and column.decimal == ",":
        text = text.replace(".", "").replace(",", ".")
    return round(float(text)) if column.kind is Kind.COUNT else float(text)


def _start(column: Column, timezone: str) -> str:
    """What an empty text field begins with: an id of its own, the time now, nothing."""
    if column.kind is Kind.ID:
        return f"typed-{datetime.now():%Y%m%d-%H%M%S}"
    if column.kind is not Kind.TIME:
        return ""
    now = datetime.now(ZoneInfo(timezone)).replace(tzinfo=None, microsecond=0)
    return now.strftime(column.time_format) if column.time_format else now.isoformat()


def start_bar(use_case: UseCase, starts: Mapping[str, Mapping[str, Any]]) -> bool:
    """Choose a row to start from, and form or JSON; returns whether JSON was chosen."""
    key = f"start:{use_case.key}"

    def take() -> None:
        fill(use_case, starts[st.session_state[key]])
        st.session_state.pop(_json_key(use_case), None)

    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox("Start from", list(starts), key=key, on_change=take, width=320, persist_state="session")
        way = st.segmented_control(
            "Enter as", ("Form", "JSON"), default="Form", required=True, key=f"way:{use_case.key}"
        )
    return way == "JSON"


def json_form(use_case: UseCase, submit: str) -> Form:
    """The row as JSON text, to paste over; problems are listed, not placed."""
    key = _json_key(use_case)
    if key not in st.session_state:
        row = {column.name: st.session_state.get(_key(use_case, column)) for column in use_case.schema}
        st.session_state[key] = json.dumps(row, indent=1, ensure_ascii=False)
    with st.form(f"json:{use_case.key}", border=False):
        text = st.text_area("One row as a JSON object", key=key, height=420, help="Field names as in a file's header.")
        sent = st.form_submit_button(submit, type="primary", icon=":material/play_arrow:", width="stretch")
    return Form(text=text, submitted=sent)


def _json_key(use_case: UseCase) -> str:
    return f"json-text:{use_case.key}"
