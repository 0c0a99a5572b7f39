"""What the desk says about one row, and what to do with it."""

from __future__ import annotations

import streamlit as st

from core.services import scoring
from core.ui import answer, forms, frame, messages, state

use_case = state.use_case()
frame.heading(f"What do we do with this {use_case.noun}?", use_case.question)
left, right = st.columns([3, 2], gap="large")
said_before = state.shelf("one", use_case.key)

with messages.told(), left:
    samples = state.starts(use_case.key)
    if not forms.is_filled(use_case):
        forms.fill(use_case, next(iter(samples.values())))
    by_json = forms.start_bar(use_case, samples)
    draw = forms.json_form if by_json else forms.row_form
    form = draw(use_case, submit="Score")
    if form.submitted:
        said_before.clear()
        with messages.told(form.slots):
            said_before["said"] = scoring.score_one(state.desk(), state.actor(), use_case.key, form.row())

with right:
    if "said" in said_before:
        answer.show(use_case, said_before["said"])
    else:
        answer.empty(use_case)
