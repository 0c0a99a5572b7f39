"""Let a version score the rows of the period: what it would have said, compared and never counted as traffic."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import streamlit as st

from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.comparison import replay as service
from core.ui import messages, state, words
from core.ui.challengers import Choice
from core.ui.period_words import day


def replay(use_case: UseCase, choice: Choice) -> None:
    """A popover that starts a replay, or how far one is; nothing for roles that do not replay."""
    if not may(state.actor(), Action.REPLAY):
        return
    running = [job for job in state.desk().jobs.active(use_case.key) if job.kind == service.KIND]
    if running:
        _follow(running[0].id)
        return
    versions = state.desk().versions(use_case.key)
    with st.popover("Replay a version", icon=":material/replay:"):
        first = choice.versions[0] if choice.versions else versions[-1]
        version = st.selectbox(
            "Version", versions, index=versions.index(first), key=f"replay:version:{use_case.key}",
            help="It scores every row of the period that it has not scored yet. Nothing acts on it.",
        )  # fmt: skip
        span = (
            f"{day(choice.since)} to {day(choice.until)}" if choice.since.year > 2000 else f"up to {day(choice.until)}"
        )
        st.markdown(f"Rows of the period chosen on this page: {span}.")
        if st.button("Replay", key=f"replay:{use_case.key}", icon=":material/replay:", type="primary"):
            with messages.told():
                service.submit(
                    state.desk(), state.actor(), use_case.key, str(version), _start(choice.since), _start(choice.until)
                )
                st.rerun()


def _start(when: date) -> datetime:
    return datetime.combine(when, time(), UTC)


@st.fragment(run_every=1.0)
def _follow(job_id: str) -> None:
    with messages.told():
        job = state.desk().jobs.state(job_id)
        if job.finished:
            st.rerun()
        pace = f"{words.count(job.rows_done, 'row')}, {job.rows_per_second:,.0f} rows/s"
        left = words.duration(job.seconds_left)
        said = "waiting for the job before it" if job.state == "queued" else f"{pace}, time left: {left}"
        st.progress(job.fraction, text=f"Replaying {messages.plain(str(job.spec.get('version', '')))}: {said}")
        if st.button("Cancel", icon=":material/cancel:", key=f"replay:cancel:{job_id}"):
            state.desk().jobs.cancel(job_id)
