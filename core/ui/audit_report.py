"""The audit page's compliance report: put together for a period, shown part by part, taken along to print."""

from __future__ import annotations

from datetime import UTC, date, datetime

import streamlit as st

from core.services.access import Action, may
from core.services.auditing import report as service
from core.services.auditing.report import Report
from core.services.auditing.report_html import document
from core.services.auditing.report_part import Part
from core.ui import audit_taken, messages, state, words

_MADE = "report"


def show() -> None:
    """The period, the button, the parts."""
    if not may(state.actor(), Action.EXPORT_AUDIT):
        st.info(
            "It takes the role risk, auditor or admin.", title="You may not make this report", icon=":material/lock:"
        )
        return
    first, last = _period()
    if st.button("Put it together", type="primary", icon=":material/summarize:", key="audit:make"):
        with messages.told(), st.spinner("Events, records and figures are read"):
            made = service.report(state.desk(), state.actor(), first, last)
            state.shelf("audit", "")[_MADE] = made
    found: Report | None = state.shelf("audit", "").get(_MADE)
    if found is not None:
        _told(found)


def _period() -> tuple[date, date]:
    first, last = service.period(None, None)
    today = datetime.now(UTC).date()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        since = st.date_input("From", first, max_value=today, key="since", bind="query-params", width=160)
        until = st.date_input(
            "To, this day included", last, max_value=today, key="until", bind="query-params", width=180
        )
    return since, until


def _told(found: Report) -> None:
    named = f"{found.since:%Y-%m-%d}_{found.until:%Y-%m-%d}"
    st.caption(
        f"Made {words.exact(found.made_at)} by {messages.plain(found.made_by)}; event {found.event[0]:,} of the ledger."
    )
    with st.container(horizontal=True):
        for label, make, form, mime in (
            ("Report, HTML", lambda: document(found), "html", "text/html"),
            ("Report, JSON", lambda: service.as_text(found), "json", "application/json"),
        ):
            st.download_button(
                label, audit_taken.taken(make, "audit trail", f"compliance report, {form.upper()}"),
                f"compliance_{named}.{form}", mime, key=f"audit:report:{form}", icon=":material/download:",
                on_click="ignore",
            )  # fmt: skip
    for part in found.parts:
        _part(part)


def _part(part: Part) -> None:
    with st.expander(f"{part.title}: {words.count(part.n)}", expanded=part.title == _OPEN):
        if part.said:
            st.markdown(messages.plain(part.said))
        if part.rows:
            table = [dict(zip(part.header, row, strict=True)) for row in part.rows]
            st.dataframe(table, hide_index=True, width="stretch", alt=part.title)


_OPEN = "The chain of events"
