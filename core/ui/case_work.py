"""The owner's work on a case: take it, propose, decide, answer, prevent, close; and the file to take along."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from core.domain.diagnosis import Cause
from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.complaints import cases as service
from core.services.complaints.case_sections import CaseFile
from core.services.complaints.cases import Case
from core.ui import audit_taken, case_parts, case_words, cases, messages, state
from core.ui.case_document import document
from core.ui.model_cards import draw

_DUE_DAYS = 14


def panel(use_case: UseCase, file: CaseFile) -> None:
    """What can be done next, for those who may."""
    case = file.case
    if not may(state.actor(), Action.WORK_CASE):
        return
    st.subheader("What we do", anchor=False)
    with st.container(horizontal=True):
        _take(case)
        _propose(use_case, case)
        _again(use_case, case)
        _close(case)
    if case.state != "closed":
        left, right = st.columns(2, gap="medium")
        with left:
            _decide(file)
        with right:
            _answer(case)
        _prevent(case)


def _take(case: Case) -> None:
    me = state.actor().name
    if case.owner != me and case.state != "closed" and st.button("Assign to me", icon=":material/person_add:"):
        with messages.told():
            service.assign(state.desk(), state.actor(), case.id, me)
            st.rerun()


def _propose(use_case: UseCase, case: Case) -> None:
    if case.state not in ("open", "proposed"):
        return
    label = "Propose this cause" if case.state == "open" else "Propose again"
    if st.button(label, icon=":material/search_insights:", help="Keeps the cause and every check as they are now."):
        with messages.told():
            service.propose(state.desk(), state.actor(), case.id)
            cases.look_again(use_case)
            st.rerun()


def _again(use_case: UseCase, case: Case) -> None:
    st.button(
        "Look again", icon=":material/refresh:", key=f"again:{case.id}", on_click=cases.look_again, args=(use_case,),
        help="Work out every figure anew: outcomes may have come in.",
    )  # fmt: skip


def _close(case: Case) -> None:
    if case.state == "answered" and st.button("Close the case", icon=":material/task_alt:", type="primary"):
        with messages.told():
            service.close(state.desk(), state.actor(), case.id)
            st.rerun()


def _decide(file: CaseFile) -> None:
    """The cause a person decides; it begins with the proposed one."""
    case = file.case
    if case.state == "answered":
        return
    causes = [cause.value for cause in Cause]
    begin = case.decided_cause or case.proposed_cause or file.diagnosis.cause.value
    with st.form(f"decide:{case.id}"):
        st.markdown("**Decide the cause**")
        picked = st.selectbox("Cause", causes, index=causes.index(begin), format_func=case_words.cause)
        reason = st.text_area("Because", case.reason or "", placeholder="One or two sentences for the record")
        sent = st.form_submit_button("Decide", icon=":material/gavel:")
    if sent:
        with messages.told():
            service.decide(state.desk(), state.actor(), case.id, str(picked), reason)
            st.rerun()


def _answer(case: Case) -> None:
    """The answer to whoever complained; it takes a decision first."""
    ready = case.state in ("decided", "answered")
    with st.form(f"answer:{case.id}"):
        st.markdown("**Answer in plain words**")
        text = st.text_area("Answer", case.answer or "", placeholder=f"To {case.opened_by}", disabled=not ready)
        sent = st.form_submit_button("Send the answer", icon=":material/reply:", disabled=not ready)
        if not ready:
            st.caption("Decide the cause first.")
    if sent:
        with messages.told():
            service.answer(state.desk(), state.actor(), case.id, text)
            st.rerun()


def _prevent(case: Case) -> None:
    """So that it does not happen again: an alert, a retraining request, a note."""
    with st.expander("Prevent the next one", icon=":material/shield:"), st.form(f"prevent:{case.id}", border=False):
        kind = st.segmented_control(
            "Kind", service.KINDS, default="alert", required=True, format_func=case_words.PREVENTION.__getitem__
        )
        text = st.text_input("What is to be done")
        owner = st.text_input("Who does it", case.owner or state.actor().name)
        due = st.date_input("Due", datetime.now(UTC).date() + timedelta(days=_DUE_DAYS), width=200)
        if st.form_submit_button("Add", icon=":material/add:"):
            with messages.told():
                service.add_prevention(state.desk(), state.actor(), case.id, str(kind), text, owner, due)
                st.rerun()


def record(use_case: UseCase, file: CaseFile, models: bool) -> None:
    """What is to prevent it, what was done so far, and the whole file to take along."""
    desk, actor, case = state.desk(), state.actor(), file.case
    items = service.prevention_items(desk, actor, case_id=case.id)
    events = service.case_events(desk, actor, case.id)
    if items:
        st.subheader("So that it does not happen again", anchor=False)
        draw(case_parts.prevention(items))
    if events:
        with st.expander("What was done", icon=":material/history:"):
            draw(case_parts.timeline(events))
    st.download_button(
        "Download the case file",
        audit_taken.taken(
            lambda: document(use_case, file, events, items, (actor.name, models), datetime.now(UTC)),
            f"{use_case.key} case {case.id}",
            "case file, HTML",
        ),
        f"case_{case.id}.html",
        "text/html",
        icon=":material/download:",
        on_click="ignore",
        help="One HTML file that prints on A4; nothing in it is fetched.",
    )
