"""Is the champion still right?"""

from __future__ import annotations

import streamlit as st

from core.ui import business_lines, feedback, frame, messages, outcome_upload, performance, ripeness, state

use_case = state.use_case()
frame.heading(
    "Is the champion still right?",
    f"Judged on {use_case.noun}s at least {use_case.target.horizon_days} days old whose outcome is known; younger ones "
    "wait, because a bad end comes early and a good one late.",
)

with messages.told():
    state.desk().scorer(use_case.key)  # without a trained version there is nothing to judge
    upload = st.container()
    seen = ripeness.read(use_case)
    with upload:
        outcome_upload.panel(use_case, asked_for=seen.maturity.n_mature > 0 and seen.maturity.n_known == 0)
    ripeness.ripe(use_case, seen)
    if seen.maturity.n_known:
        ripeness.selected(use_case, seen)
        performance.over_time(use_case, seen)
        performance.calibration(use_case, seen)
        business_lines.lines(use_case, seen)
    feedback.summary(use_case)
