"""Where are the lines drawn, and who drew them?"""

from __future__ import annotations

import streamlit as st

from core.services.governing import policies
from core.ui import frame, messages, policy_editor, policy_effects, policy_record, state

use_case = state.use_case()
found = policies.drawn(state.desk(), state.actor(), use_case.key)
frame.heading("Where are the lines drawn, and who drew them?", policy_editor.in_force(use_case, found))
if found.unfit:
    st.warning(messages.plain(found.unfit), title="The use case's own policy decides", icon=":material/rule:")
over = policy_record.looked_at(use_case, found)
draft, back, record = st.tabs(["Draft and preview", "Roll back", "History"], key="policy-tab")

with draft, messages.told():
    start = policy_editor.start_from(use_case, found)
    left, right = st.columns([4, 5], gap="large")
    with left, messages.told():
        policy = policy_editor.edit(use_case, start)
    with right, messages.told():
        st.subheader("What would change", anchor=False)
        policy_effects.differences(found.in_force.policy, policy)
        if not policy_effects.forbidden(use_case, policy):
            policy_record.acts(use_case, found, start, policy, over)
            st.subheader("What it would do", anchor=False)
            policy_effects.preview(use_case, policy)
with back, messages.told():
    policy_record.former(use_case, found, over)
with record, messages.told():
    policy_record.history(use_case)
