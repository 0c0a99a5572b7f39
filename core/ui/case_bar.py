"""Open a case: from a score, or for a time in which scores as a whole looked wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from core.domain.explained import Explanation
from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.complaints import cases as service
from core.ui import case_words, frame, messages, state

_DAYS = 28


def open_from_score(use_case: UseCase, said: Explanation) -> None:
    """A popover that opens a case about a logged score; nothing for rows that were not logged."""
    if said.prediction_id is not None:
        open_from_prediction(use_case, said.prediction_id)


def open_from_prediction(use_case: UseCase, prediction_id: str) -> None:
    """The same where only the prediction's id is at hand, as in a table of scored rows."""
    if not may(state.actor(), Action.OPEN_CASE):
        return
    with (
        st.popover("This score is wrong", icon=":material/report:", help="Open a case: somebody looks into it."),
        st.form(f"complain:{prediction_id}", border=False),
    ):
        text = st.text_area("What is wrong with it?", placeholder=f"What you know of this {use_case.noun}")
        if st.form_submit_button("Open a case", icon=":material/send:", type="primary"):
            with messages.told():
                _opened(use_case, text, prediction_id=prediction_id)


def open_for_period(use_case: UseCase) -> None:
    """The form for a complaint about a time."""
    if not may(state.actor(), Action.OPEN_CASE):
        return
    today = datetime.now(UTC).date()
    with (
        st.popover("Complain about a time", icon=":material/report:"),
        st.form(f"complain:{use_case.key}", border=False),
    ):
        text = st.text_area("What looked wrong?", placeholder=f"High-scored {use_case.noun}s turn out no better")
        left, right = st.columns(2)
        start = left.date_input("From", today - timedelta(days=_DAYS), max_value=today)
        end = right.date_input("To, this day included", today, max_value=today)
        if st.form_submit_button("Open a case", icon=":material/send:", type="primary"):
            with messages.told():
                _opened(use_case, text, period=(_midnight(start), _midnight(end + timedelta(days=1)) - _TICK))


_TICK = timedelta(microseconds=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _opened(
    use_case: UseCase,
    text: str,
    prediction_id: str | None = None,
    period: tuple[datetime, datetime] | None = None,
) -> None:
    """Open the case and go to it."""
    case = service.open_case(state.desk(), state.actor(), use_case.key, text, prediction_id, period)
    st.toast(f"Case {case.id} is open: {case_words.subject(use_case, case)}", icon=":material/check_circle:")
    show(use_case.key, case.id)


def show(key: str, case_id: str) -> None:
    """Open the page of a case."""
    frame.land_on(key)
    st.switch_page(frame.script("cases"), query_params={"case": case_id})
