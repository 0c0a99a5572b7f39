"""The home page's parts: what needs the person now, and one card per use case."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import streamlit as st

from core.domain.metrics.catalogue import metric_of
from core.services.access import Action, may
from core.services.waiting.need import Need, Urgency
from core.ui import figures as figures_in_words
from core.ui import frame, messages, state, words

if TYPE_CHECKING:
    from core.services.drift_word import Drifted
    from core.services.label_counts import Compared
    from core.services.overview import CaseOverview, Overview
    from core.services.realised import Realised


def needs_you_now(seen: Overview) -> None:
    """What waits for a person, the most urgent first, each with its next step; one calm line when nothing does."""
    st.subheader("Needs you now", anchor=False)
    interrupted = [job for job in seen.interrupted if may(state.actor(), Action.SCORE_FILE)]
    for job in interrupted:
        _interrupted(job)
    for need in seen.needs[:MOST]:
        st.markdown(_sentence(need))
    if rest := seen.needs[MOST:]:
        with st.expander(f"{len(rest)} more"):
            for need in rest:
                st.markdown(_sentence(need))
    waiting = list(_waiting(seen))
    for icon, sentence in waiting:
        st.markdown(f":material/{icon}: {sentence}")
    if not interrupted and not waiting and not seen.needs:
        st.markdown(":green[:material/check_circle:] Nothing. Every use case has a model in service.")


MOST = 10
URGENCY = {
    Urgency.NOW: ("red", "Now"),
    Urgency.TODAY: ("orange", "Today"),
    Urgency.SOON: ("gray", "Soon"),
    Urgency.NEWS: ("gray", "To know"),
}
ICONS = {
    "alert": "notifications_active",
    "stand-in": "switch_access_shortcut",
    "clock": "support_agent",
    "answered": "mark_chat_read",
    "approval": "how_to_reg",
    "verdict": "gavel",
    "labels": "hourglass_bottom",
    "run": "event_busy",
    "delivery": "unsubscribe",
    "rolled back": "undo",
    "backup": "backup",
}


def _sentence(need: Need) -> str:
    """One item in Markdown: how soon, of what, what, and where one does something about it."""
    hue, word = URGENCY[need.urgency]
    colon = "" if need.sentence.startswith("has ") else ":"
    said = f"**{messages.plain(need.subject)}**{colon} {messages.plain(need.sentence)}"
    return f":{hue}-badge[:material/{ICONS[need.kind]}: {word}] {said}{_link(need)}"


def _link(need: Need) -> str:
    place = frame.place(need.url)
    if place is None or not frame.allowed(need.url):
        return ""
    query = urlencode(need.query)
    return f" [{place.title}](/{need.url}{'?' if query else ''}{query})"


def _interrupted(job: Any) -> None:
    what = messages.plain(str(job.spec.get("filename") or f"{job.kind} {job.spec.get('title', '')}"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":orange[:material/warning:] **{what}** was interrupted; what was logged is kept.")
        if st.button("Resume", key=f"resume:{job.id}", icon=":material/resume:"):
            with messages.told():
                from core.services import batches

                batches.resume(state.desk(), state.actor(), job.id)
                st.rerun()


def _waiting(seen: Overview) -> Iterator[tuple[str, str]]:
    for key, problem in seen.broken.items():
        yield "description", f"The definition of **{messages.plain(key)}** cannot be read: {messages.plain(problem)}"
    training = {job.use_case for job in seen.running if job.kind == "train"}
    for case in seen.cases:
        if case.version is None and case.key not in training:
            yield "model_training", f"**{case.title}** has no trained model yet, so it cannot score."
    loading = [f"**{case.title}**" for case in seen.cases if case.version is not None and not case.loaded]
    if loading:
        yield "hourglass_top", f"Loading models: {', '.join(loading)}. A first score may take a few seconds."
    for job in seen.running:
        if job.kind == "score file":
            name = messages.plain(str(job.spec.get("filename", job.kind)))
            yield "progress_activity", f"**{name}** is being scored, {words.percent(job.fraction, 0)} done."


def headline(case: CaseOverview) -> None:
    """The use case, its champion, and the ways into it."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(width="content", gap=None):
            st.markdown(f"#### {case.title}")
            st.caption(case.question)
        if case.version is not None:
            _ways_in(case)
    if case.version is None:
        return
    badges = [f":blue-badge[:material/trophy: Champion {case.champion}]", f":gray-badge[Version {case.version}]"]
    if case.mode == "shadow":
        badges.append(":gray-badge[:material/visibility: Shadow: the rules decide]")
    if case.drift is not None:
        badges.append(_drifted(case.drift))
    if case.comparison is not None:
        badges.append(_compared(case.comparison))
    if not case.loaded:
        badges.append(":gray-badge[:material/hourglass_top: Loading]")
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


def untrained(case: CaseOverview) -> None:
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


def unused(case: CaseOverview) -> None:
    """The next step before the first score."""
    has_sample = state.desk().use_case(case.key).synthesize is not None
    way = "try the sample file to see what comes out" if has_sample else "upload a file of them"
    st.markdown(f"Nothing scored yet. Score one {case.noun} by hand, or {way}.")
    if has_sample and frame.allowed("score-file"):
        st.button(
            "Score a sample file", key=f"sample:{case.key}", icon=":material/science:", type="primary",
            on_click=frame.go, args=("score-file", case.key, True),
        )  # fmt: skip


def figures(case: CaseOverview) -> None:
    """Rows scored, the last days, the mean score by day, and rows by band."""
    use_case = state.desk().use_case(case.key)
    with st.grid(4, min_column_width=140, gap="small"):
        st.metric(
            f"{words.capitalised(case.noun)}s scored", words.count(case.rows_total), border=True, height="stretch"
        )
        st.metric("Last 7 days", words.count(case.rows_recent), border=True, height="stretch")
        if case.mean_scores:
            days = words.count(len(case.mean_scores), "day")
            st.metric(
                "Mean score",
                words.score(use_case, case.mean_scores[-1]),
                chart_data=case.mean_scores if len(case.mean_scores) > 1 else None,
                border=True,
                height="stretch",
                help=f"Of the latest day, champion {case.champion}; {days} with scores in the last 30.",
            )
        if case.realised is not None:
            _realised(case.realised)
    with st.container(horizontal=True, gap="small"):
        for name, rows in case.bands.items():
            band = words.chip(words.band_named(use_case, name))
            st.markdown(f"{band} {rows:,} ({words.percent(rows / case.rows_total)})", width="content")


def _realised(found: Realised) -> None:
    """The acting model's figure on rows whose outcome is known, as somebody read it last."""
    low, high = figures_in_words.number(found.metric, found.low), figures_in_words.number(found.metric, found.high)
    ripe = words.percent(found.n / found.n_mature if found.n_mature else 0.0, 0)
    st.metric(
        f"{metric_of(found.metric).label}, known {found.known_on.day} {found.known_on:%b}",
        figures_in_words.number(found.metric, found.value),
        f"{low} to {high}" if found.enough else "too few rows",
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
        help=f"Of {found.champion} on {words.count(found.n, 'row')} with an outcome: {ripe} of the "
        f"{words.count(found.n_mature)} old enough, of {words.count(found.n_rows)} in all. 95 % interval. As the "
        f"performance page read it, known on {found.known_on.day} {found.known_on:%b %Y}.",
    )


def latest(case: CaseOverview) -> None:
    """The latest uploads, newest first."""
    lines = [_batch_line(batch) for batch in case.latest[:3]]
    st.caption("Latest: " + "; ".join(lines) if lines else f"Last scored {words.moment(case.last_scored_at)}.")


def _batch_line(batch: dict[str, Any]) -> str:
    name = messages.plain(str(batch["filename"] or "single rows"))
    voided = ", voided" if batch["voided"] else ""
    rows = words.count(batch["n_logged"], "row") if batch["n_logged"] else "nothing new"
    return f"{name}, {rows}, {words.moment(batch['created_at'])}{voided}"
