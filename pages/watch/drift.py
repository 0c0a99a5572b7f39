"""Has the world moved?"""

from __future__ import annotations

import streamlit as st

from core.ui import drift_choice, frame, messages, state

use_case = state.use_case()
frame.heading(
    "Has the world moved?",
    f"The {use_case.noun}s of a window against the reference rows and against the window before: scores first, then "
    "what goes into them. What cannot be told from chance is not called a change.",
)

with messages.told():
    state.desk().scorer(use_case.key)  # without a trained version there is nothing to compare with
    with st.container(horizontal=True, vertical_alignment="bottom"):
        window = drift_choice.window(use_case)
        view = drift_choice.view()
    with messages.told():
        drift_choice.show(use_case, window, view)
