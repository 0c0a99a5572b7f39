"""What needs the person today, and one line per use case."""

from __future__ import annotations

import streamlit as st

from core.ui import cards, frame, home_needs, messages, simulated, state, words

seen = state.overview()
frame.heading("What needs me today?", f"All figures from the log, {words.exact(seen.at)}; voided uploads left out.")

with messages.told():
    home_needs.needs_you_now(seen)
    simulated.history(seen)

for case in seen.cases:
    with st.container(border=True), messages.told():
        cards.line(case)
