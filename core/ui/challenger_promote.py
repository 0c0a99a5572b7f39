"""Ask that a challenger act: beside the interval that says whether it should."""

from __future__ import annotations

import streamlit as st

from core.domain.compare.verdict import Decision
from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.comparison.verdicts import Judged
from core.services.governing import registry as service
from core.ui import frame, messages, state


def promote(use_case: UseCase, judged: Judged) -> None:
    """The button, explained where it is disabled; nothing for roles that may not ask."""
    if not may(state.actor(), Action.PROMOTE):
        return
    hindrance = _hindrance(use_case, judged)
    if hindrance:
        st.button(
            "Promote", key=f"promote:{judged.planned.id}", icon=":material/upgrade:", disabled=True, help=hindrance
        )
        st.caption(f"Not now: {messages.plain(hindrance.partition('. ')[0])}.")
        return
    with (
        st.popover("Promote", icon=":material/upgrade:", type="primary"),
        st.form(f"promote:{judged.planned.id}", border=False),
    ):
        st.markdown(f"Ask that **{judged.planned.plan.challenger}** act. Others approve it on the page of models.")
        reason = st.text_input("Why", placeholder="What speaks for it beside the figures")
        if st.form_submit_button("Ask for the promotion", icon=":material/send:", type="primary"):
            with messages.told():
                challenger, plan_id = judged.planned.plan.challenger, judged.planned.id
                record = service.request(state.desk(), state.actor(), use_case.key, challenger, plan_id, reason)
                st.toast(f"Promotion {record.id} waits for its approvals.", icon=":material/send:")
                frame.go("models", use_case.key)


def _hindrance(use_case: UseCase, judged: Judged) -> str:
    """Why the button is disabled; "" where it is not."""
    plan, verdict = judged.planned.plan, judged.verdict
    acting = state.desk().acting(use_case.key)
    if acting != plan.champion:
        return f"It was compared with {plan.champion}, but {acting} acts now. Plan it anew."
    if verdict.decision is not Decision.PROMOTE:
        return f"The verdict is {verdict.decision}. {verdict.reason}"
    return ""
