"""What drives the scores?"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.ui import adverse, driver_drift, driver_values, drivers, frame, messages, state

use_case = state.use_case()
frame.heading(
    "What drives the scores?",
    f"What each column of a {use_case.noun} adds to or takes from a score, over many {use_case.noun}s at once. "
    "What moves a score need not cause the outcome.",
)

views: dict[str, Any] = {
    "Cross-check": drivers.cross_check,
    "By value": driver_values.by_value,
    "Pairs": driver_values.pairs,
    "By group": drivers.segments,
    "Lately": driver_drift.lately,
}
if use_case.adverse_codes:
    views["Reason codes"] = adverse.frequencies

with messages.told():
    state.desk().scorer(use_case.key)  # without a trained version there is nothing to explain
    first, *others = st.tabs(["Importance", *views], key=f"drivers:{use_case.key}", on_change="rerun")
    if first.open:
        with first, messages.told():
            drivers.importance(use_case)
    for tab, (name, view) in zip(others, views.items(), strict=True):
        if tab.open:
            with tab, messages.told():
                view(use_case, drivers.pick_model(use_case, name))
