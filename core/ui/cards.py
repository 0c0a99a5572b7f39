"""The home page's parts: what needs the person now, and one card per use case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.services.access import Action, may
from core.ui import frame, messages, standing_in, state, words

if TYPE_CHECKING:
    from core.services.overview import CaseOverview, Overview


def needs_you_now(seen: Overview) -> None:
    """What waits for a person, each with its next step; one calm line when nothing does."""
    st.subheader("Needs you now", anchor=False)
    interrupted = [job for job in seen.interrupted if may(state.actor(), Action.SCORE_FILE)]
    for job in interrupted:
        _interrupted(job)
    waiting = [*standing_in.lines(seen), *_approvals(seen), *_turned_back(seen)]
    waiting += [*_complaints(seen), *_waiting(seen)]
    for icon, sentence in waiting:
        st.markdown(f":material/{icon}: {sentence}")
    if not interrupted and not waiting:
        st.markdown(":green[:material/check_circle:] Nothing. Every use case has a model in service.")


def _interrupted(job: Any) -> None:
    what = messages.plain(str(job.spec.get("filename") or f"{job.kind} {job.spec.get('title', '')}"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":orange[:material/warning:] **{what}** was interrupted; what was logged is kept.")
        if st.button("Resume", key=f"resume:{job.id}", icon=":material/resume:"):
            with messages.told():
                from core.services import batches

                batches.resume(state.desk(), state.actor(), job.id)
                st.rerun()


def _approvals(seen: Overview) -> Iterator[tuple[str, str]]:
    """Promotions that wait for the approval of the person who looks."""
    titles = {case.key: case.title for case in seen.cases}
    for key, n_open in seen.approvals.items():
        what = f"{words.count(n_open, 'promotion')} to approve or refuse"
        link = f"[Models](/models?use_case={key}&view=Promotions)"
        yield "how_to_reg", f"**{messages.plain(titles[key])}** has {what}: see {link}."


def _turned_back(seen: Overview) -> Iterator[tuple[str, str]]:
    """Experiments that were rolled back lately, for those who see the models."""
    titles = {case.key: case.title for case in seen.cases}
    for key, name in seen.turned_back.items() if may(state.actor(), Action.SEE_MODELS) else ():
        link = f"[Experiments](/experiments?use_case={key})"
        yield "undo", f"**{messages.plain(titles[key])}**: {messages.plain(name)} was rolled back, see {link}."


def _complaints(seen: Overview) -> Iterator[tuple[str, str]]:
    """Open complaints of each use case, for those who work on them."""
    titles = {case.key: case.title for case in seen.cases}
    for key, (n_open, n_late) in seen.complaints.items() if may(state.actor(), Action.WORK_CASE) else ():
        late = f", {n_late} past the clock" if n_late else ", clocks running"
        case = words.count(n_open, "open complaint")
        yield (
            "support_agent",
            f"**{messages.plain(titles[key])}** has {case}{late}: see [Cases](/cases?use_case={key}).",
        )


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
    if not case.loaded:
        badges.append(":gray-badge[:material/hourglass_top: Loading]")
    st.markdown(" ".join(badges))


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
    with st.grid(3, min_column_width=140, gap="small"):
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
    with st.container(horizontal=True, gap="small"):
        for name, rows in case.bands.items():
            band = words.chip(words.band_named(use_case, name))
            st.markdown(f"{band} {rows:,} ({words.percent(rows / case.rows_total)})", width="content")


def latest(case: CaseOverview) -> None:
    """The latest uploads, newest first."""
    lines = [_batch_line(batch) for batch in case.latest[:3]]
    st.caption("Latest: " + "; ".join(lines) if lines else f"Last scored {words.moment(case.last_scored_at)}.")


def _batch_line(batch: dict[str, Any]) -> str:
    name = messages.plain(str(batch["filename"] or "single rows"))
    voided = ", voided" if batch["voided"] else ""
    rows = words.count(batch["n_logged"], "row") if batch["n_logged"] else "nothing new"
    return f"{name}, {rows}, {words.moment(batch['created_at'])}{voided}"
