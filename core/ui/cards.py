"""One use case at a glance, on the home page: what acts, rows and scores of late, how good it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.domain.metrics.catalogue import metric_of
from core.services.access import Action, may
from core.ui import figures, frame, messages, state, words

if TYPE_CHECKING:
    from core.services.drift_word import Drifted
    from core.services.label_counts import Compared
    from core.services.overview import CaseOverview
    from core.services.realised import Realised


def line(case: CaseOverview) -> None:
    """One use case: what acts and how it is doing, rows and scores of late; or the next step before there are any."""
    left, right = st.columns([4, 7], gap="medium")
    with left:
        _headline(case)
        if case.version is not None:
            _ways_in(case)
    with right:
        if case.version is None:
            _untrained(case)
        elif case.rows_total == 0:
            _unused(case)
        else:
            _figures(case)
            _bands(case)
            _latest(case)


def _headline(case: CaseOverview) -> None:
    """The use case, its champion, drift and comparison in a word each."""
    with st.container(gap=None):
        st.markdown(f"#### {case.title}")
        st.caption(case.question)
    if case.version is None:
        return
    badges = []
    if may(state.actor(), Action.SEE_MODELS):
        badges += [f":blue-badge[:material/trophy: Champion {case.champion}]", f":gray-badge[Version {case.version}]"]
    if case.mode == "shadow":
        badges.append(":gray-badge[:material/visibility: Shadow: the rules decide]")
    if case.drift is not None:
        badges.append(_drifted(case.drift))
    if case.comparison is not None:
        badges.append(_compared(case.comparison))
    if not case.loaded:
        badges.append(":gray-badge[:material/hourglass_top: Loading]")
    if badges:
        st.markdown(" ".join(badges))


def _drifted(found: Drifted) -> str:
    """Drift in a word: the score first, for where it stands still moved columns are information."""
    last = found.until - timedelta(days=1)
    rows = f"n = {found.n:,}, to {last.day} {last:%b}"
    if found.score_raised:
        hue, word = ("red", "Score drifts") if found.persistent else ("orange", "Score moved")
        return f":{hue}-badge[:material/trending_up: {word}: {found.score}, {rows}]"
    if found.stuck:
        return f":orange-badge[:material/pause_circle: {messages.plain(found.stuck)} stands still, {rows}]"
    if found.n_raised:
        moved = f"{found.n_raised} of {words.count(found.n_items, 'input')} moved"
        return f":blue-badge[:material/info: Score quiet, {moved}, {rows}]"
    return f":green-badge[:material/check_circle: No drift, {rows}]"


def _compared(found: Compared) -> str:
    """The latest open comparison in a word."""
    if found.reached:
        return ":orange-badge[:material/gavel: Verdict due]"
    done, window = (found.first, 1) if found.first < found.plan.planned_n else (found.second, 2)
    rows = f"{done:,} of {words.count(found.plan.planned_n, 'row')} in window {window}"
    return f":gray-badge[:material/balance: Keep testing: {rows}]"


def _ways_in(case: CaseOverview) -> None:
    with st.container(horizontal=True, width="content"):
        if frame.allowed("score-one"):
            st.button(
                "Score one", key=f"one:{case.key}", icon=":material/ads_click:", on_click=frame.go,
                args=("score-one", case.key),
            )  # fmt: skip
        if frame.allowed("score-file"):
            st.button(
                "Score a file", key=f"file:{case.key}", icon=":material/upload_file:", on_click=frame.go,
                args=("score-file", case.key),
            )  # fmt: skip


def _untrained(case: CaseOverview) -> None:
    """The next step before the first training."""
    use_case = state.desk().use_case(case.key)
    running = [job for job in state.desk().jobs.active(case.key) if job.kind == "train"]
    if running:
        follow_training(running[0].id)
        return
    st.markdown("No version is trained yet. Train it from labelled rows on the command line:")
    st.code(f"python -m core train {case.key} --data FILE.csv", language="bash")
    if use_case.synthesize is None or not may(state.actor(), Action.TRAIN):
        return
    if st.button(
        "Train on generated rows",
        key=f"train:{case.key}",
        icon=":material/model_training:",
        type="primary",
        help=f"{use_case.title} brings a generator whose truth is known.",
    ):
        _train(case.key)


def _train(key: str) -> None:
    from core.services import train_job

    with messages.told():
        train_job.submit(state.desk(), state.actor(), key)
        st.rerun()


@st.fragment(run_every=1.0)
def follow_training(job_id: str) -> None:
    """How far a training is; the page starts over when it has finished."""
    job = state.desk().jobs.state(job_id)
    if job.finished:
        st.rerun()
    st.progress(job.fraction, text=f"Training: {job.message or job.state}, {words.duration(job.seconds)} so far")


def _unused(case: CaseOverview) -> None:
    """The next step before the first score."""
    has_sample = state.desk().use_case(case.key).synthesize is not None
    way = "try the sample file to see what comes out" if has_sample else "upload a file of them"
    st.markdown(f"Nothing scored yet. Score one {case.noun} by hand, or {way}.")
    if has_sample and frame.allowed("score-file"):
        st.button(
            "Score a sample file", key=f"sample:{case.key}", icon=":material/science:", type="primary",
            on_click=frame.go, args=("score-file", case.key, True),
        )  # fmt: skip


def _figures(case: CaseOverview) -> None:
    """Rows scored, the last days, the mean score by day, and what was realised."""
    use_case = state.desk().use_case(case.key)
    with st.grid(4, min_column_width=100, gap="small"):
        st.metric("Rows scored", words.count(case.rows_total))
        st.metric("Last 7 days", words.count(case.rows_recent))
        if case.mean_scores:
            days = words.count(len(case.mean_scores), "day")
            st.metric(
                "Mean score",
                words.score(use_case, case.mean_scores[-1]),
                chart_data=case.mean_scores if len(case.mean_scores) > 1 else None,
                help=f"Of the latest day; {days} with scores in the last 30.",
            )
        if case.realised is not None:
            _realised(case.realised)


def _bands(case: CaseOverview) -> None:
    """Rows by band."""
    with st.container(horizontal=True, gap="small"):
        for name, rows in case.bands.items():
            band = words.chip(words.band_named(state.desk().use_case(case.key), name))
            st.markdown(f"{band} {rows:,} ({words.percent(rows / case.rows_total)})", width="content")


def _realised(found: Realised) -> None:
    """The acting model's figure on rows whose outcome is known, as somebody read it last."""
    low, high = figures.number(found.metric, found.low), figures.number(found.metric, found.high)
    st.metric(
        metric_of(found.metric).label,
        figures.number(found.metric, found.value),
        f"{low} to {high}" if found.enough else "too few rows",
        delta_color="off",
        delta_arrow="off",
        help=f"Of {found.champion}, as the performance page read it last; 95 % interval.",
    )


def _ripeness(found: Realised) -> str:
    """On how many rows that figure stands."""
    ripe = words.percent(found.n / found.n_mature if found.n_mature else 0.0, 0)
    return (
        f"{metric_of(found.metric).label} on {words.count(found.n, 'row')} with an outcome, {ripe} of those old enough "
        f"(of {words.count(found.n_rows)} in all), known on {found.known_on.day} {found.known_on:%b %Y}."
    )


def _latest(case: CaseOverview) -> None:
    """On what the realised figure stands; the latest uploads, newest first."""
    lines = [_batch_line(batch) for batch in case.latest[:3]]
    said = "Latest: " + "; ".join(lines) + "." if lines else f"Last scored {words.moment(case.last_scored_at)}."
    st.caption(f"{_ripeness(case.realised)} {said}" if case.realised is not None else said)


def _batch_line(batch: dict[str, Any]) -> str:
    name = messages.plain(str(batch["filename"] or "single rows"))
    voided = ", voided" if batch["voided"] else ""
    rows = words.count(batch["n_logged"], "row") if batch["n_logged"] else "nothing new"
    return f"{name}, {rows}, {words.moment(batch['created_at'])}{voided}"
