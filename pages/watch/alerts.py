"""What fired, who owns it?"""

from __future__ import annotations

import streamlit as st

from core.ui import alert_channels, alert_item, alert_list, alert_rules, frame, messages, state

use_case = state.use_case()
frame.heading(
    "What fired, who owns it?",
    "One alert for one finding: seen again it is counted, worse it is raised once, over it closes by itself.",
)

with messages.told():
    with st.container(horizontal=True):
        view = alert_list.pick_view()
        alert_list.look_now(use_case)
    if view == "Rules":
        alert_rules.rules(use_case)
    elif view == "Channels":
        alert_channels.show()
    else:
        found = alert_list.filtered(use_case)
        left, right = st.columns([1, 2], gap="large")
        alert = None
        with right, messages.told():  # a wrong link leaves the inbox where it is
            alert = alert_list.chosen()
            if alert is not None:
                alert_item.item(alert)
            elif found:
                alert_list.nothing_chosen()
            else:
                alert_list.nothing_fired(use_case)
        with left:
            alert_list.listed(found, alert)
