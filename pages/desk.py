"""The frame: who acts, which use case, which pages; then the page itself."""

from __future__ import annotations

import streamlit as st

from core.ui import frame, messages, standing_in, state

st.set_page_config(page_title="Ringside", page_icon=frame.ICON, layout="wide")
st.logo(frame.LOGO, size="large", icon_image=frame.ICON)
frame.refuse_strangers()
with messages.told():
    titles = {key: use_case.title for key, use_case in state.desk().use_cases().items()}
    with st.sidebar:
        frame.pick_use_case(titles)
        frame.who_acts()
    page = st.navigation(frame.pages(), expanded=True)
    above = st.container()
    page.run()
    with above:  # drawn last, so that it tells what this very run has met
        standing_in.banner()
state.drawn()
