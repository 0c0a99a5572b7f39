"""Evidently's report of the same window: made on request, shown in a frame, kept as a file."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import streamlit as st

from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.watching import evidently_report as service
from core.services.watching.evidently_report import Report
from core.ui import audit_taken, messages, state, words
from core.ui.period_words import day

HEIGHT = 900


def show(use_case: UseCase, since: datetime, until: datetime) -> None:
    """The button that makes a report of the rows with since <= time < until, and the reports that are kept."""
    key = use_case.key
    making = service.running(state.desk(), state.actor(), key)
    if making is not None:
        _follow(making.id)
    elif may(state.actor(), Action.WATCH):
        span = _span(since, until)
        st.button(
            f"Make Evidently's report of {span}",
            key=f"evidently:{key}",
            icon=":material/lab_profile:",
            on_click=_make,
            args=(key, since, until),
        )
    _last_failure(key)
    kept = service.reports(state.desk(), state.actor(), key)
    if kept:
        _kept(use_case, kept)
    elif making is None:
        st.caption(
            f"No report has been made yet. It compares up to {words.count(service.MOST_ROWS)} rows of either side."
        )
    _differences()


def _make(key: str, since: datetime, until: datetime) -> None:
    with messages.told():
        state.shelf("evidently", key)["job"] = service.submit(state.desk(), state.actor(), key, since, until)


@st.fragment(run_every=1.0)
def _follow(job_id: str) -> None:
    with messages.told():
        job = state.desk().jobs.state(job_id)
        if job.finished:
            st.rerun()
        said = "waiting for the report before it" if job.state == "queued" else job.message or job.state
        st.progress(job.fraction, text=messages.plain(f"Evidently: {said}, {words.duration(job.seconds)} so far"))
        if may(state.actor(), Action.WATCH) and st.button(
            "Cancel", icon=":material/cancel:", key=f"evidently:cancel:{job_id}", help="Nothing of it stays."
        ):
            service.cancel(state.desk(), state.actor(), job_id)


def _last_failure(key: str) -> None:
    """What became of the report that this person asked for, where it is not there."""
    shelf = state.shelf("evidently", key)
    if "job" not in shelf:
        return
    job = state.desk().jobs.state(shelf["job"])
    if job.finished and job.state != "done":
        shelf.pop("job")
        said = "A person stopped it." if job.state == "cancelled" else messages.plain(job.message)
        st.info(said, title="No report was made", icon=":material/info:")


def _kept(use_case: UseCase, kept: list[Report]) -> None:
    picked = kept[0]
    if len(kept) > 1:
        picked = st.selectbox("Report", kept, format_func=_named, key=f"evidently:which:{use_case.key}")
    st.caption(_facts(picked))
    st.download_button(
        f"Download ({words.size(picked.bytes)})",
        audit_taken.taken(
            partial(service.page, state.desk(), state.actor(), use_case.key, picked.name),
            f"{use_case.key} {picked.name}",
            "Evidently's report",
        ),
        f"evidently-{use_case.key}-{picked.since:%Y-%m-%d}.html",
        "text/html",
        key=f"evidently:download:{use_case.key}",
        icon=":material/download:",
        on_click="ignore",
    )
    if st.toggle("Show it here", key=f"evidently:shown:{use_case.key}"):
        st.iframe(picked.address, height=HEIGHT, alt=f"Evidently's drift report, {_named(picked)}")


def _named(report: Report) -> str:
    return f"{_span(report.since, report.until)}, made {report.made_at:%-d %b %Y %H:%M} UTC"


def _span(since: datetime, until: datetime) -> str:
    return f"{day(since.date())} to {day((until - timedelta(microseconds=1)).date())}"


def _facts(report: Report) -> str:
    n_drifted = sum(item.drifted for item in report.columns)
    left = f" Left out: {', '.join(report.left_out)}." if report.left_out else ""
    sampled = ""
    if report.rows < report.rows_all:
        sampled = f", a random sample of the window's {words.count(report.rows_all)}: more would take minutes"
    return messages.plain(
        f"{_span(report.since, report.until)}: {words.count(report.rows, 'row')}{sampled}, against "
        f"{words.count(report.reference_rows)} held-out rows of {report.version}. By its tests "
        f"{n_drifted} of {words.count(len(report.columns), 'column')} drifted.{left}"
    )


def _differences() -> None:
    st.markdown("**Where its tests differ from this page's**")
    st.markdown("\n".join(f"- {item}" for item in service.DIFFERENCES))
