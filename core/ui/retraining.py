"""When a use case is rebuilt: what is due, the rows there are, the order, and how far a run is."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.domain.usecase import UseCase
from core.services import batches
from core.services.access import Action, may
from core.services.rebuilding import retraining
from core.services.rebuilding.retraining_data import Supply, supplies
from core.services.rebuilding.retraining_due import WEEK, Due, due, set_schedule
from core.services.rebuilding.retraining_order import MINUTES, MOST_TRIALS, POLICY, TRIALS, Limits, Order, Rows
from core.services.rebuilding.retraining_report import last_run
from core.ui import messages, state, uploads, words
from core.ui.period_words import day

NAMES = {Rows.LOGGED: "Logged rows", Rows.SIMULATED: "Simulated history", Rows.FILE: "A labelled file"}
ICONS = {"schedule": "event", "drop": "trending_down", "case": "support_agent", "drift": "moving"}


def what_is_due(use_case: UseCase) -> Due:
    """What speaks for a retraining today, and everything that was looked at."""
    found = due(state.desk(), state.actor(), use_case.key)
    lines = [f"- :material/{ICONS[reason.kind]}: {messages.plain(reason.text)}" for reason in found.reasons]
    if found.is_due:
        st.warning("\n".join(lines), title=f"A retraining is due, as of {day(found.on)}", icon=":material/update:")
    else:
        st.success(
            "The schedule, the champion's figures, complaints and the scores were looked at.",
            title=f"Nothing asks for a retraining, as of {day(found.on)}",
            icon=":material/check_circle:",
        )
    with st.expander("What was looked at, and why it does not ask", icon=":material/fact_check:"):
        st.markdown("\n".join(f"- {messages.plain(said)}" for said in found.quiet))
    _schedule(use_case, found)
    return found


def _schedule(use_case: UseCase, found: Due) -> None:
    plan = found.schedule
    how = "weekly in the first three months" if plan.every_days == WEEK else "monthly"
    said = f"Schedule: {how}, next on {day(plan.next)}." if plan.next else "Schedule: paused."
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/calendar_month: {said}", width="content")
        if not may(state.actor(), Action.TRAIN):
            return
        with st.popover("Pause" if plan.on else "Take up again", icon=":material/edit_calendar:"):
            reason = st.text_input("Why?", key=f"schedule:why:{use_case.key}")
            if st.button("Change the schedule", key=f"schedule:{use_case.key}"):
                with messages.told():
                    set_schedule(state.desk(), state.actor(), use_case.key, not plan.on, reason)
                    st.rerun()


def order(use_case: UseCase, found: Due) -> None:
    """The run that is under way, or what to ask of the next one; roles that train nothing see neither button."""
    job = retraining.running(state.desk(), use_case.key)
    if job is not None:
        _follow(job.id)
        return
    _ended(use_case)
    if not may(state.actor(), Action.TRAIN):
        st.caption("Analysts, risk managers and administrators start a retraining.")
        return
    st.subheader("Retrain now", anchor=False)
    limits = _limits(use_case)
    kind, lacks = _rows(use_case, limits)
    with st.container(horizontal=True):
        trials = st.number_input("Trials at most", 1, MOST_TRIALS, TRIALS, 10, key=f"retrain:trials:{use_case.key}")
        minutes = st.number_input("Minutes at most", 0.5, 240.0, MINUTES, 5.0, key=f"retrain:minutes:{use_case.key}")
    reason = st.text_input("Why now?", key=f"retrain:why:{use_case.key}", help="Kept with the version.")
    shelf = state.shelf("retrain", use_case.key)
    missing = bool(lacks) or (kind is Rows.FILE and "path" not in shelf)
    if st.button("Retrain", type="primary", icon=":material/model_training:", disabled=missing):
        file = {"path": str(shelf["path"]), "filename": shelf["filename"]} if kind is Rows.FILE else {}
        asked = Order(
            kind, trials=int(trials), minutes=float(minutes), limits=limits, reason=reason,
            because=tuple(reason.text for reason in found.reasons), **file,
        )  # fmt: skip
        with messages.told():
            retraining.submit(state.desk(), state.actor(), use_case.key, asked)
            st.rerun()


def _limits(use_case: UseCase) -> Limits:
    with st.expander("How much data it takes", icon=":material/tune:"):
        st.caption(
            f"The policy asks for {POLICY.rows:,} mature outcomes of the last {POLICY.months} months, over at least "
            f"{POLICY.days} days. You may go below it if you say why."
        )
        with st.container(horizontal=True):
            rows = st.number_input("Rows at least", 200, 10_000_000, POLICY.rows, 500, key=f"least:{use_case.key}")
            days = st.number_input("Days at least", 1, 3_650, POLICY.days, 10, key=f"span:{use_case.key}")
            months = st.number_input("Months back", 1, 60, POLICY.months, key=f"months:{use_case.key}")
    return Limits(int(rows), int(days), int(months))


def _rows(use_case: UseCase, limits: Limits) -> tuple[Rows, str]:
    """Which rows, and what they lack; never two kinds at once."""
    found = supplies(state.desk(), state.actor(), use_case.key, limits)
    kinds = [rows for rows, supply in found.items() if supply.n_rows or rows is Rows.LOGGED] + [Rows.FILE]
    counts = {rows: f" ({words.count(supply.n_rows)})" for rows, supply in found.items()}
    asked = st.segmented_control(
        "Rows to learn from", kinds, default=kinds[0], required=True, key=f"retrain:rows:{use_case.key}",
        format_func=lambda rows: NAMES[rows] + counts.get(rows, ""),
        help="Simulated rows never mix with logged ones: a version learns from one kind.",
    )  # fmt: skip
    kind = Rows(str(asked))
    if kind is Rows.FILE:
        _file(use_case)
        return kind, ""
    supply = found[kind]
    st.markdown(_supply_words(use_case, supply))
    if supply.lacks:
        st.info(
            "Bring outcomes, wait, or lower what it takes and say why.",
            title=f"Too little to retrain on: {supply.lacks}",
            icon=":material/hourglass_empty:",
        )
    return kind, supply.lacks


def _supply_words(use_case: UseCase, supply: Supply) -> str:
    if supply.first is None or supply.last is None:
        return f"No {use_case.noun} of this kind has a mature outcome."
    rarest = f", {supply.n_rarest:,} of the rarest class" if supply.n_rarest is not None else ""
    drawn = " They are **simulated**: good for a rehearsal." if supply.rows is Rows.SIMULATED else ""
    return (
        f"{words.count(supply.n_rows, use_case.noun)} with a mature outcome{rarest}, from {day(supply.first)} to "
        f"{day(supply.last)} ({supply.days} days).{drawn}"
    )


def _file(use_case: UseCase) -> None:
    shelf = state.shelf("retrain", use_case.key)
    if "path" in shelf:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/description: **{messages.plain(shelf['filename'])}**", width="content")
            st.button("Use another file", icon=":material/swap_horiz:", on_click=uploads.let_go, args=(shelf,))
        return
    uploaded = st.file_uploader(
        f"Labelled {use_case.noun}s, with {use_case.target.name}: CSV, Parquet or Excel",
        uploads.TYPES,
        key=f"retrain:file:{use_case.key}:{shelf.get('turn', 0)}",
    )
    if uploaded is not None:
        with messages.told():
            path = batches.keep_upload(state.desk(), state.actor(), uploaded.name, uploaded)
            shelf.update(path=path, filename=uploaded.name)
            st.rerun()


def _ended(use_case: UseCase) -> None:
    """What became of the last run, where it left no version."""
    job = last_run(state.desk(), state.actor(), use_case.key)
    if job is None or job.state == "done":
        return
    st.info(
        "A person stopped it." if job.state == "cancelled" else messages.plain(job.message or "The desk was stopped."),
        title=f"The last retraining was {job.state}; nothing of it stays",
        icon=":material/info:",
    )


@st.fragment(run_every=1.0)
def _follow(job_id: str) -> None:
    """How far a run is; the page starts over when it has ended."""
    with messages.told():
        job: Any = state.desk().jobs.state(job_id)
        if job.finished:
            st.rerun()
        said = "waiting for the job before it" if job.state == "queued" else job.message or job.state
        st.progress(job.fraction, text=messages.plain(f"Retraining: {said}; {words.duration(job.seconds)} so far"))
        if may(state.actor(), Action.TRAIN) and st.button(
            "Cancel", icon=":material/cancel:", key=f"retrain:cancel:{job_id}", help="Nothing of the run stays."
        ):
            retraining.cancel(state.desk(), state.actor(), job_id)
