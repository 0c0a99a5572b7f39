"""Are groups treated alike?"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.ui import (
    fairness,
    fairness_document,
    fairness_groups,
    fairness_time,
    fairness_weighted,
    frame,
    messages,
    state,
)

use_case = state.use_case()
frame.heading(
    "Are groups treated alike?",
    f"Decisions on groups of {use_case.noun}s, and how often they were right, for the champion, its challengers and "
    "the rules on the same rows.",
)

views: dict[str, Any] = {
    "Selection": fairness_groups.rates,
    "Errors": fairness_groups.errors,
    "Calibration": fairness_groups.calibration,
    "Challengers": fairness_groups.challengers,
    "Over time": fairness_time.over_time,
}

with messages.told():
    state.desk().scorer(use_case.key)  # without a trained version nobody was treated at all
    choice = fairness.choose(use_case)
    if not use_case.sensitive:
        fairness.unnamed(use_case)
    if use_case.sensitive or choice.columns:
        seen = fairness.read(use_case, choice)
        if not seen.n_rows:
            fairness.nothing(use_case)
        else:
            fairness_weighted.banner(seen)
            fairness.verdict(use_case, seen)
            tabs = st.tabs(list(views), key=f"fairness:{use_case.key}", on_change="rerun")
            for tab, view in zip(tabs, views.values(), strict=True):
                if tab.open:
                    with tab, messages.told():
                        view(use_case, seen, choice)
            fairness.definitions()
            if not choice.columns:  # a column of this page only is nobody's report
                fairness_document.download(use_case, seen)
