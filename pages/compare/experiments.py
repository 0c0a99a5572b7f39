"""Which arm does better with real decisions?"""

from __future__ import annotations

import streamlit as st

from core.services.comparison import experiment_start
from core.services.comparison import experiments as service
from core.ui import experiment_planner, experiments, frame, messages, state

use_case = state.use_case()
frame.heading(
    "Which arm does better with real decisions?",
    f"Each {use_case.noun} meets one arm by its id, always the same; the arm decides, and outcomes are read with "
    "bounds that hold however often one looks.",
)

with messages.told():
    state.desk().scorer(use_case.key)  # without a trained version nobody decides
    found = experiments.look(use_case)
    running = [item for item in found if item.record.state == service.RUNNING]
    why = experiment_start.refusal(state.desk(), use_case)
    if running:
        now, plan, before = st.tabs(["Now", "Plan", "Before"], key=f"tabs:{use_case.key}", on_change="rerun")
        if now.open:
            with now, messages.told():
                experiments.show(use_case, running[0])
    else:
        if why:
            experiment_planner.refused(use_case, why)
        plan, before = st.tabs(["Plan", "Before"], key=f"tabs:{use_case.key}:none", on_change="rerun")
    if plan.open:
        with plan, messages.told():
            experiment_planner.plan(use_case)
    if before.open:
        with before, messages.told():
            experiments.past(use_case, found)
