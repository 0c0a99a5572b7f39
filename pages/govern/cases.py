"""Is this complaint right, and what do we do?"""

from __future__ import annotations

import streamlit as st

from core.services.access import Action, may
from core.ui import case_bar, case_evidence, case_work, cases, frame, messages, state

use_case = state.use_case()
frame.heading(
    "Is this complaint right, and what do we do?",
    "Service health within 1 hour, the likely cause within 4, a decision within 24.",
)

with messages.told():
    state.desk().scorer(use_case.key)  # without a trained version nothing was scored that could be wrong
    case_bar.open_for_period(use_case)
    left, right = st.columns([1, 2], gap="large")
    case = None
    with right, messages.told():  # a wrong link leaves the inbox where it is
        case = cases.chosen(use_case)
        if case is None:
            cases.nothing(use_case, cases.listed(use_case))
        else:
            models = may(state.actor(), Action.SEE_MODELS)
            file = cases.held(use_case, case)
            cases.complaint(use_case, file.case)
            cases.clocks(file.case)
            cases.cause(file, models)
            case_work.panel(use_case, file)
            case_evidence.tabs(use_case, file, models)
            case_work.record(use_case, file, models)
    with left:
        cases.inbox(use_case, cases.listed(use_case), case)  # after the case: opening it stops a clock
