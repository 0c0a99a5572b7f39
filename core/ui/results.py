"""What came out of a file: how many, which bands, the rows themselves, the downloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import streamlit as st

from core.domain.usecase import UseCase
from core.services import batches, results
from core.services.access import Action, may
from core.services.jobs import JobState
from core.ui import audit_taken, charts, messages, state, tables, uploads, words

PAGE_ROWS = 100


def counted(use_case: UseCase, job: JobState) -> None:
    """Rows read, scored, rejected and known before; one sentence where nothing was added."""
    result = job.result
    new = result["scored"] - result["already_scored"]
    with st.grid(4, min_column_width=150, gap="small"):
        st.metric("Rows read", words.count(result["rows"]), border=True)
        st.metric("Scored", words.count(result["scored"]), border=True)
        st.metric("Rejected", words.count(result["rejected"]), border=True)
        st.metric("Already scored", words.count(result["already_scored"]), border=True)
    speed = f"{result['rows_per_second']:,} rows/s" if result["rows"] > 1_000 else ""
    facts = [f"version {result['version']}", words.duration(result["seconds"]), speed, f"upload `{result['batch']}`"]
    st.caption(" · ".join(fact for fact in facts if fact))
    if result["scored"] and new == 0:
        st.info(
            "The same rows with the same values and version are the same predictions; the log keeps them once.",
            title="Every row was scored before, so nothing was added",
            icon=":material/history:",
        )
    if result["scored"] == 0:
        st.warning("The rejects file says why, row by row.", title=f"No {use_case.noun} could be scored")


def distribution(use_case: UseCase, job: JobState) -> None:
    """Scores in bins and rows by band."""
    result = job.result
    seen = state.summary(job)
    if seen.n_rows == 0:
        return
    percent = use_case.policy.score_format == "percent"
    tones = [(band.name, band.tone) for band in use_case.policy.bands]
    caption = f"n = {words.count(seen.n_rows)}, version {result['version']}, scored {words.exact(job.created_at)}"
    left, right = st.columns([3, 2], gap="medium")
    with left:
        drawn = charts.histogram(
            seen.edges,
            seen.counts,
            state.cutoffs(use_case.key, result["version"]),
            tones,
            percent=percent,
            x_title=words.score_name(use_case),
            y_title=f"{use_case.noun}s",
        )
        bins = zip(seen.edges, seen.edges[1:], seen.counts, strict=False)
        behind: list[dict[str, Any]] = [{"From": low, "To": high, "Rows": n_rows} for low, high, n_rows in bins]
        charts.show(drawn, _middle(use_case, seen), caption, behind, key=f"scores:{result['batch']}")
    with right:
        counts = use_case.policy.by_band(seen.bands)
        rows = [(name, tone, counts[name]) for name, tone in tones]
        behind = [{"Band": name, "Rows": n, "Share": words.percent(n / seen.n_rows)} for name, _, n in rows]
        charts.show(
            charts.band_bars(rows, seen.n_rows),
            _fullest(rows, seen.n_rows),
            caption,
            behind,
            key=f"bands:{result['batch']}",
        )


def _middle(use_case: UseCase, seen: Any) -> str:
    low, mid, high = (words.score(use_case, value) for value in seen.quartiles)
    return f"Half of the {use_case.noun}s score between {low} and {high}, the middle one {mid}"


def _fullest(rows: list[tuple[str, Any, int]], n_rows: int) -> str:
    name, _, most = max(rows, key=lambda row: row[2])
    return f"{words.percent(most / n_rows)} fall into {name}"


def rows(use_case: UseCase, job: JobState) -> None:
    """The scored rows, a page at a time."""
    batch, total = job.result["batch"], job.result["scored"]
    if total == 0:
        return
    st.subheader("Rows", anchor=False)
    place = st.container()
    pages = -(-total // PAGE_ROWS)
    page = st.pagination(pages, key=f"page:{batch}") if pages > 1 else 1
    table = results.page_of(state.desk(), state.actor(), job, (page - 1) * PAGE_ROWS, PAGE_ROWS)
    with place:
        tables.scored(table, use_case, highest=state.summary(job).edges[-1], key=f"why:{batch}:{page}")
        first = (page - 1) * PAGE_ROWS + 1
        st.caption(f"Rows {words.count(first)} to {words.count(first + table.num_rows - 1)} of {words.count(total)}")


FILES = {
    "csv": ("Scored file, CSV", "text/csv"),
    "parquet": ("Scored file, Parquet", "application/vnd.apache.parquet"),
    "rejects": ("Rejected rows, with why", "text/csv"),
}


def downloads(job: JobState) -> None:
    """The files a job wrote; each is opened only when it is asked for."""
    if not may(state.actor(), Action.DOWNLOAD):
        return
    files: Mapping[str, str] = job.result["files"]
    with st.container(horizontal=True):
        for kind, (label, mime) in FILES.items():
            if kind not in files or (kind == "rejects" and not job.result["rejected"]):
                continue
            name = Path(files[kind]).name
            n_rows = job.result["rejected" if kind == "rejects" else "scored"]
            subject = f"{job.use_case} {job.result['batch']}"
            opener = audit_taken.taken(_opener(job, kind), subject, label.lower(), n_rows)
            st.download_button(
                label, opener, name, mime, icon=":material/download:", on_click="ignore", key=f"get:{kind}"
            )


def _opener(job: JobState, kind: str) -> Callable[[], BinaryIO]:
    desk, actor = state.desk(), state.actor()  # the download runs later, outside the session

    def open_it() -> BinaryIO:
        return results.file_of(desk, actor, job, kind).open("rb")

    return open_it


def afterwards(use_case: UseCase, job: JobState, shelf: dict[str, Any]) -> None:
    """The ways on: another file, the same one with another version, or taking the upload back."""
    with st.container(horizontal=True):
        st.button("Score another file", icon=":material/upload_file:", on_click=uploads.let_go, args=(shelf,))
        st.button("Score it again", icon=":material/replay:", on_click=_again, args=(job, shelf),
                  help="With another version, or after changing the mapping.")  # fmt: skip
        if may(state.actor(), Action.VOID):
            with st.popover("Void this upload", icon=":material/block:"), st.form("void", border=False):
                st.markdown("Its rows leave every figure; they stay in the log, marked, with your name and reason.")
                reason = st.text_input("Reason", placeholder="Last week's file by mistake")
                if st.form_submit_button("Void", type="primary"):
                    with messages.told():
                        batches.void(state.desk(), state.actor(), job.result["batch"], reason)
                        shelf["voided"] = job.result["batch"]
                        st.rerun()
    if shelf.get("voided") == job.result["batch"]:
        st.success("Its rows no longer count in any figure.", title="This upload is voided", icon=":material/block:")


def _again(job: JobState, shelf: dict[str, Any]) -> None:
    """Back to the look at the same file."""
    turn = shelf.get("turn", 0) + 1
    shelf.clear()
    shelf.update(path=Path(job.spec["path"]), filename=job.spec["filename"], mapping=job.spec["mapping"], turn=turn)


def earlier(use_case: UseCase, shelf: dict[str, Any]) -> None:
    """Files that were scored before, to open again."""
    jobs = results.recent(state.desk(), state.actor(), use_case.key)
    if not jobs:
        return
    st.subheader("Scored before", anchor=False)
    for job in jobs:
        with st.container(horizontal=True, vertical_alignment="center"):
            name = messages.plain(str(job.spec["filename"]))
            scored = words.count(job.result["scored"], "row")
            when = words.moment(job.created_at)
            st.markdown(f":material/description: **{name}**, {scored}, version {job.result['version']}, {when}")
            if st.button("Open", key=f"open:{job.id}", type="tertiary"):
                shelf["job"] = job.id
                st.rerun()
