"""Is the desk itself healthy?"""

from __future__ import annotations

import streamlit as st

from core.ui import frame, messages, service_charts, service_figures, service_words

frame.heading(
    "Is the desk itself healthy?",
    "Of all use cases, every process of this desk: how quickly it answers, how often it fails, whether it was there.",
)

with messages.told():
    seen, span = service_figures.read()
    service_figures.answers(seen, span)
    service_charts.latency(seen, span)
    service_figures.asked(seen)
    st.caption(service_words.counted(seen.window, seen.at))
    service_charts.days(seen)
    service_figures.takes_up(seen)
    service_figures.queue(seen)
    service_figures.models(seen)
