"""A file on its way to being scored: chosen, looked at, mapped, submitted, followed."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from core.domain.likeness import Finding, Level
from core.domain.usecase import UseCase
from core.services import batches
from core.services.access import Action, may, require
from core.services.jobs import JobState
from core.services.pipeline import KIND
from core.ui import audit_taken, messages, state, tables, words

TYPES = ["csv", "tsv", "txt", "parquet", "xlsx"]
NOT_IN_FILE = "Not in the file"

LEVELS: dict[Level, tuple[str, str, str]] = {
    Level.BLOCKER: ("red", "block", "Stops scoring"),
    Level.WARNING: ("orange", "warning", "Look again"),
    Level.INFO: ("blue", "info", "Good to know"),
    Level.OK: ("green", "check_circle", "As in training"),
}


def choose(use_case: UseCase, shelf: dict[str, Any]) -> None:
    """The drop zone, the template and the sample; what is chosen lies on disk afterwards."""
    if shelf.pop("take_sample", False):
        _take_sample(use_case, shelf)
    if "path" in shelf:
        _chosen(shelf)
        return
    uploaded = st.file_uploader(
        f"A file with one {use_case.noun} per row: CSV, Parquet or Excel",
        TYPES,
        key=f"upload:{use_case.key}:{shelf.get('turn', 0)}",
    )
    if uploaded is not None:
        path = batches.keep_upload(state.desk(), state.actor(), uploaded.name, uploaded)
        _take(shelf, path, uploaded.name)
    with st.container(horizontal=True):
        st.download_button(
            "Template",
            audit_taken.taken(partial(batches.template_csv, use_case), use_case.key, "template, CSV", 0),
            file_name=f"{use_case.key}_template.csv",
            mime="text/csv",
            icon=":material/download:",
            help="A CSV with the right header and no rows.",
            on_click="ignore",
        )
        if use_case.synthesize is not None and st.button("Use the sample file", icon=":material/science:"):
            _take_sample(use_case, shelf)


def _take_sample(use_case: UseCase, shelf: dict[str, Any]) -> None:
    content = batches.sample_csv(state.desk(), use_case.key)
    if content is not None:
        name = f"{use_case.key}_sample.csv"
        _take(shelf, batches.keep_upload(state.desk(), state.actor(), name, io.BytesIO(content)), name)


def _take(shelf: dict[str, Any], path: Path, filename: str) -> None:
    """Keep the path and let go of the uploaded bytes: a new key gives a new, empty drop zone."""
    turn = shelf.get("turn", 0) + 1
    shelf.clear()
    shelf.update(path=path, filename=filename, turn=turn)
    st.rerun()


def let_go(shelf: dict[str, Any]) -> None:
    """Back to the drop zone."""
    turn = shelf.get("turn", 0) + 1
    shelf.clear()
    shelf["turn"] = turn


def _chosen(shelf: dict[str, Any]) -> None:
    size = words.size(shelf["path"].stat().st_size)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/description: **{messages.plain(shelf['filename'])}**, {size}")
        st.button("Use another file", icon=":material/swap_horiz:", on_click=let_go, args=(shelf,), type="tertiary")


@st.cache_resource(show_spinner=False, max_entries=16)
def _look(key: str, version: str, path: Path, mapping: tuple[tuple[str, str | None], ...] | None) -> batches.FileLook:
    return batches.look(state.desk(), state.actor(), key, path, dict(mapping) if mapping is not None else None)


def look(use_case: UseCase, shelf: Mapping[str, Any]) -> batches.FileLook:
    """What can be said of the file before it is scored; kept per file, mapping and version."""
    require(state.actor(), Action.SCORE_FILE)
    mapping = shelf.get("mapping")
    version = state.desk().scorer(use_case.key).card.version
    with st.spinner("Looking at the file"):
        return _look(use_case.key, version, shelf["path"], tuple(mapping.items()) if mapping is not None else None)


def show_look(use_case: UseCase, seen: batches.FileLook) -> None:
    """Does this look like the training data?  One line, then a table of what was found."""
    st.subheader("Does this look like the training data?", anchor=False)
    worst = next((level for level in LEVELS if any(item.level is level for item in seen.findings)), Level.OK)
    hue, icon, _ = LEVELS[worst]
    st.markdown(f":{hue}[:material/{icon}: **{words.capitalised(messages.plain(seen.verdict))}**]")
    rows = words.count(seen.n_rows_read, "row")
    part = f"all {rows}" if seen.whole_file else f"the first {rows}"
    share = words.percent(seen.rejected_share)
    st.caption(f"Judged on {part}; {share} of them would be rejected, with the reason in a file of their own.")
    if seen.findings:
        tables.findings([_finding_row(use_case, finding) for finding in seen.findings])


def _finding_row(use_case: UseCase, finding: Finding) -> dict[str, Any]:
    title = use_case.schema[finding.column].title if finding.column in use_case.schema else finding.column
    return {
        "Level": [LEVELS[finding.level][2]],
        "Field": title or "File",
        "Finding": words.capitalised(finding.what),
        "Detail": finding.detail,
    }


def mapping_form(use_case: UseCase, seen: batches.FileLook, shelf: dict[str, Any]) -> None:
    """Which of the file's columns is which field; proposed by name, remembered for files with this header."""
    matched = sum(target is not None for target in seen.mapping.values())
    title = f"Columns: {matched} of {len(use_case.schema.names)} fields found in the file"
    panel = st.expander(title, icon=":material/conversion_path:", key=f"mapping:{use_case.key}", on_change="rerun")
    if not panel.open:
        return
    came = {target: source for source, target in seen.mapping.items() if target is not None}
    options = [NOT_IN_FILE, *seen.header]
    with panel.form(f"mapping-form:{use_case.key}", border=False):
        chosen = {}
        with st.grid("auto", min_column_width=220):
            for column in use_case.schema:
                place = options.index(came[column.name]) if column.name in came else 0
                chosen[column.name] = st.selectbox(
                    column.title,
                    options,
                    place,
                    help=f"Field `{column.name}`",
                    key=f"map:{shelf['path']}:{column.name}",
                )
        if st.form_submit_button("Use this mapping", icon=":material/check:"):
            given = {source: name for name, source in chosen.items() if source != NOT_IN_FILE}
            shelf["mapping"] = {source: given.get(source) for source in seen.header}
            st.rerun()


def submit_bar(use_case: UseCase, seen: batches.FileLook, shelf: dict[str, Any]) -> None:
    """The version to score with, and the button."""
    desk = state.desk()
    acting = desk.acting_version(use_case.key)
    versions = sorted(desk.versions(use_case.key), reverse=True)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        version = acting
        if len(versions) > 1 and may(state.actor(), Action.CHOOSE_VERSION):
            version = st.selectbox(
                "Version",
                versions,
                versions.index(acting) if acting in versions else 0,
                format_func=lambda name: f"{name} (acting)" if name == acting else name,
                key=f"version:{use_case.key}",
                width=280,
            )
        reasons = st.toggle(
            "Add reasons",
            key=f"reasons:{use_case.key}",
            help="Columns with the three strongest reasons up and down, as texts and as points. Takes longer.",
        )
        pressed = st.button(
            f"Score this file with {version}",
            type="primary",
            icon=":material/play_arrow:",
            disabled=not seen.can_be_scored,
            help=None if seen.can_be_scored else "What stops scoring is listed above.",
        )
    if pressed:
        shelf["job"] = batches.submit(
            desk,
            state.actor(),
            use_case.key,
            shelf["path"],
            filename=shelf["filename"],
            mapping=shelf.get("mapping"),
            version=None if version == acting else version,  # another one takes the right to choose
            reasons=reasons,
        )
        st.rerun()


def current_job(use_case: UseCase, shelf: dict[str, Any]) -> JobState | None:
    """The job of this page's file, or one that still runs for the use case, whoever left the page."""
    if "job" in shelf:
        return batches.job(state.desk(), shelf["job"])
    for job in state.desk().jobs.active(use_case.key):
        if job.kind == KIND:
            shelf["job"] = job.id
            return job
    return None


@st.fragment(run_every=0.5)
def follow(job_id: str) -> None:
    """How far a job is, twice a second; the page starts over when it has finished."""
    with messages.told():
        job = batches.job(state.desk(), job_id)
        if job.finished:
            st.rerun()
        filename = messages.plain(str(job.spec.get("filename", "the file")))
        st.markdown(f"Scoring **{filename}**. You may leave this page; the work goes on.")
        pace = f"{words.count(job.rows_done, 'row')}, {job.rows_per_second:,.0f} rows/s"
        left = words.duration(job.seconds_left)
        text = "Waiting for the job before it" if job.state == "queued" else f"{pace}, time left: {left}"
        st.progress(job.fraction, text=text)
        if st.button("Cancel", icon=":material/cancel:", key=f"cancel:{job_id}"):
            batches.cancel(state.desk(), state.actor(), job_id)


def stopped(job: JobState, shelf: dict[str, Any]) -> None:
    """A job that ended without being done: why, and the ways on."""
    titles = {"cancelled": "Scoring stopped", "failed": "Not scored", "interrupted": "Interrupted"}
    say = st.info if job.state == "cancelled" else st.error
    say(messages.plain(job.message or "What was logged stays logged."), title=titles[job.state])
    with st.container(horizontal=True):
        if st.button("Resume", icon=":material/resume:", help="Rows that were logged are not logged twice."):
            batches.resume(state.desk(), state.actor(), job.id)
            st.rerun()
        st.button("Use another file", icon=":material/swap_horiz:", on_click=let_go, args=(shelf,))
