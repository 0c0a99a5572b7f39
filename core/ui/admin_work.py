"""The admin page's jobs: what runs and waits whoever asked for it, cancel with a reason, what ended last."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from core.services.access import Action, may
from core.services.administration import work as service
from core.services.administration.work import AtWork, Work
from core.store.ledger_tables import JobRecord
from core.ui import messages, state, words
from core.ui.schedule_words import STATE_HUES

KINDS = {
    "score file": "Score a file",
    "train": "Train a version",
    "retrain": "Retrain",
    "adopt": "Adopt a data set",
    "replay": "Replay logged rows",
    "simulate": "Simulate a history",
    "evidently report": "Make a drift report",
}
FACES = {"page": "page", "cli": "command line", "inbox": "inbox", "schedule": "schedule", "api": "API"}
BY = {"schedule": "by the clock", "person": "asked for on a page", "command": "asked for by a command"}
_HUES = STATE_HUES | {"Cancelled": "gray"}
_LOOK_SECONDS = 2.0


def show() -> None:
    """Everything at work, then what ended."""
    _going()
    _ended(service.at_work(state.desk(), state.actor()))


@st.fragment(run_every=_LOOK_SECONDS)
def _going() -> None:
    """What runs and waits, looked at again every two seconds; the page starts over when a job has ended."""
    with messages.told():
        seen = service.at_work(state.desk(), state.actor())
        ids = [item.state.id for item in seen.jobs]
        if st.session_state.get("admin:jobs", ids) != ids:
            st.session_state["admin:jobs"] = ids
            st.rerun()
        st.session_state["admin:jobs"] = ids
        _headline(seen)
        for item in seen.jobs:
            with st.container(border=True):
                _job(item, seen.at)
        for task in seen.tasks:
            so_far = words.duration((seen.at - task.since).total_seconds())
            how = BY.get(task.by, task.by)
            st.markdown(f":blue[:material/progress_activity:] **{task.title}** is running, {so_far} so far, {how}.")


def _headline(seen: AtWork) -> None:
    running = sum(item.state.state == "running" for item in seen.jobs)
    st.subheader("What is it doing?", anchor=False)
    if not seen.jobs and not seen.tasks:
        st.caption(f"Nothing runs, nothing waits. As of {words.exact(seen.at)}.")
        return
    parts = [f"{words.count(running, 'job')} running", f"{len(seen.jobs) - running} waiting"]
    if seen.tasks:
        parts.append(f"{words.count(len(seen.tasks), 'task')} of the schedule running")
    st.caption(f"{', '.join(parts)}. As of {words.exact(seen.at)}.")


def _job(item: Work, now: datetime) -> None:
    job = item.state
    title = KINDS.get(job.kind, words.capitalised(job.kind))
    about = messages.plain(_about(item.what, job.use_case))
    st.markdown(f"**{title}**{': ' + about if about else ''}")
    st.progress(job.fraction, text=_progress(item))
    face = f", by {FACES.get(item.via, item.via)}" if item.via else ""
    asked = f"Asked for by {job.actor}{face}, {words.moment(job.created_at, now)}. Job {job.id}."
    left, right = st.columns([3, 1], vertical_alignment="center")
    left.caption(messages.plain(asked))
    if not item.here:
        right.caption("Another process of this desk does it; it is cancelled there.")
    elif may(state.actor(), Action.CANCEL_JOB):
        with right.popover("Cancel", icon=":material/cancel:", width="stretch"):
            _cancel(job.id)


def _progress(item: Work) -> str:
    job = item.state
    if job.state == "queued":
        return "waiting for its turn"
    parts = [words.percent(job.fraction, 0)] if job.fraction else []
    if job.rows_done:
        parts.append(f"{words.count(job.rows_done, 'row')}, {job.rows_per_second:,.0f} rows/s")
    if job.message:
        parts.append(messages.plain(job.message))
    if job.seconds_left is not None:
        parts.append(f"{words.duration(job.seconds_left)} left")
    return ", ".join(parts) or "running"


def _cancel(job_id: str) -> None:
    st.caption("It stops before its next step. Rows that are logged stay; an upload can be voided afterwards.")
    with st.form(f"admin:cancel:{job_id}", border=False):
        reason = st.text_input("Why?", key=f"admin:why:{job_id}", help="Kept with who cancelled it and when.")
        if st.form_submit_button("Cancel this job", type="primary"):
            with messages.told():
                service.cancel(state.desk(), state.actor(), job_id, reason)
                st.toast("Asked to stop.", icon=":material/cancel:")


def _about(what: str, key: str) -> str:
    """What a job is about, and of which use case, where that is another word."""
    known = state.desk().use_cases()
    title = known[key].title if key in known else key
    return " · ".join(part for part in dict.fromkeys((what, title)) if part)


def _ended(seen: AtWork) -> None:
    st.subheader("What ended last", anchor=False)
    if not seen.ended:
        st.caption("No job has ended yet.")
        return
    st.dataframe(
        [_row(record) for record in seen.ended],
        hide_index=True,
        width="stretch",
        column_config={
            "Ended": st.column_config.DatetimeColumn("Ended (UTC)", format="D MMM YYYY, HH:mm", timezone="UTC"),
            "Result": st.column_config.MultiselectColumn(options=list(_HUES), color=list(_HUES.values()), width=120),
            "What came of it": st.column_config.TextColumn(width="large"),
        },
        alt="Jobs that ended, newest first: what, who asked, by which face, result",
    )
    st.caption(f"The newest {len(seen.ended)}. How long jobs are kept stands under In force.")


def _row(record: JobRecord) -> dict[str, object]:
    via = service.via_of(record)
    return {
        "Ended": record.finished_at,
        "Job": KINDS.get(record.kind, words.capitalised(record.kind)),
        "About": _about(service.what_of(record), record.use_case),
        "Asked for by": record.actor,
        "Face": FACES.get(via, via),
        "Result": [words.capitalised(record.state)],
        "What came of it": record.message or "",
    }
