"""The schedule page's weekly reports of the use case that is looked at."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.watching.weekly_report import report_text, reports
from core.ui import audit_taken, state, words


def weekly(use_case: UseCase) -> None:
    """Reports, newest week first; the chosen one as a download."""
    st.subheader(f"Weekly reports: {use_case.title}", anchor=False)
    found = reports(state.desk(), state.actor(), use_case.key)
    if not found:
        st.caption(
            "None is written yet. The task 'Write the weekly reports' writes one for every trained use case: "
            "performance, measured drift, alerts and service of the last whole week."
        )
        return
    by_week = {report.week: report for report in found}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        week = str(
            st.selectbox(
                "Week", list(by_week), key=f"schedule:week:{use_case.key}", width=200, help="ISO week, Monday on"
            )
        )
        if may(state.actor(), Action.DOWNLOAD):
            st.download_button(
                "Download",
                audit_taken.taken(
                    partial(report_text, state.desk(), state.actor(), use_case.key, week),
                    f"{use_case.key} {week}",
                    "weekly report, HTML",
                ),
                f"{use_case.key}-{week}.html",
                "text/html",
                icon=":material/download:",
                key=f"schedule:report:{use_case.key}",
            )
    chosen = by_week[week]
    st.caption(
        f"Written {words.moment(chosen.written_at)}, {words.size(chosen.n_bytes)}; once, as figures were known then."
    )
