"""What needs the person today, and one card per use case."""

from __future__ import annotations

import streamlit as st

from core.ui import cards, frame, messages, simulated, state, words

seen = state.overview()
frame.heading("What needs me today?", f"All figures from the log, {words.exact(seen.at)}; voided uploads left out.")

with messages.told():
    cards.needs_you_now(seen)
    simulated.history(seen)

for case in seen.cases:
    with st.container(border=True), messages.told():
        cards.headline(case)
        if case.version is None:
            cards.untrained(case)
        elif case.rows_total == 0:
            cards.unused(case)
        else:
            cards.figures(case)
            cards.latest(case)
