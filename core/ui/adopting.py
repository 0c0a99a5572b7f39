"""The adopt wizard: a labelled file is uploaded, understood, screened for leaks, and trained on."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.domain.inference import ROW_ORDER
from core.errors import InputError
from core.services import adopt_job, batches
from core.services.access import Action, may
from core.services.adoption import inspect
from core.services.adoption_report import AdoptOptions
from core.services.jobs import JobState
from core.ui import frame, messages, state, uploads, words

FIND_OUT = "Find out"
IN_ORDER = "The rows stand in order of time"


def shelf() -> dict[str, Any]:
    """What the wizard keeps while the session lasts."""
    return state.shelf("adopt", "")


def allowed() -> bool:
    """Whether the acting role may adopt; says who may where it may not."""
    if may(state.actor(), Action.ADOPT):
        return True
    st.info("An analyst, a risk manager or an administrator can.", title="Your role cannot adopt a data set.")
    return False


def choose(kept: dict[str, Any]) -> None:
    """The drop zone; the file lies on disk afterwards."""
    if "path" in kept:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/description: **{messages.plain(kept['filename'])}**")
            st.button("Use another file", icon=":material/swap_horiz:", on_click=uploads.let_go, args=(kept,),
                      type="tertiary")  # fmt: skip
        return
    st.markdown("Any table with one row per case and a column that says how it came out becomes a use case of its own.")
    uploaded = st.file_uploader(
        "A labelled file: CSV, Parquet or Excel", uploads.TYPES, key=f"adopt-upload:{kept.get('turn', 0)}"
    )
    if uploaded is not None:
        path = batches.keep_upload(state.desk(), state.actor(), uploaded.name, uploaded)
        turn = kept.get("turn", 0) + 1
        kept.clear()
        kept.update(path=path, filename=uploaded.name, turn=turn)
        kept["preview"] = adopt_job.preview(state.actor(), path, uploaded.name)
        st.rerun()


def options(kept: dict[str, Any]) -> None:
    """What a person may decide beforehand; everything else is found out. Pressing the button looks at the file."""
    preview, turn = kept["preview"], kept["turn"]
    with st.form(f"adopt-form:{turn}"):
        with st.grid(3, min_column_width=220):
            answers = _outcome(preview, turn) | _roles(list(preview.columns), turn)
        nulls = st.multiselect(
            "Texts that mean missing", [], key=f"adopt:{turn}:nulls", accept_new_options=True,
            help="Such as Select or unknown. Empty cells, NA and null are missing anyway.",
        )  # fmt: skip
        label = "Look again" if "seen" in kept else "Look at the file"
        pressed = st.form_submit_button(label, icon=":material/search:")
    if not pressed:
        return
    kept.pop("seen", None)
    if answers["target"] is None:
        raise InputError("No outcome is chosen.", "Choose the column that says how a row came out.")
    _look(kept, AdoptOptions(**answers, null_texts=tuple(nulls), filename=kept["filename"]))


def _outcome(preview: adopt_job.Preview, turn: int) -> dict[str, Any]:
    """What is predicted, and what the use case is called."""
    target = st.selectbox(
        "Outcome", list(preview.columns), index=None, key=f"adopt:{turn}:target",
        placeholder="Which column is predicted?", format_func=lambda name: _with_examples(preview, name),
    )  # fmt: skip
    key = st.text_input("Name of the use case", preview.key, key=f"adopt:{turn}:key")
    positive = st.text_input(
        "Positive value", key=f"adopt:{turn}:positive", help="Which of two outcomes is the event; else found out."
    )
    return {"target": target, "key": key.strip() or None, "positive": positive.strip() or None}


def _roles(columns: list[str], turn: int) -> dict[str, Any]:
    """What the other columns are for, and how rows are held out."""
    entity = _column("Names a row", columns, f"adopt:{turn}:id")
    time = st.selectbox(
        "When a row happened", [FIND_OUT, IN_ORDER, *columns], key=f"adopt:{turn}:time",
        help="A column of times, or of numbers that order the rows. Then the last rows are held out.",
    )  # fmt: skip
    group = _column("Belongs together", columns, f"adopt:{turn}:group", "Rows of one value are never split.")
    split = st.selectbox("Hold out", [FIND_OUT, "time", "group", "random"], key=f"adopt:{turn}:split")
    after = _columns("Known only afterwards", columns, f"adopt:{turn}:after", "Leaks: filled in after the fact.")
    exclude = _columns("Leave out", columns, f"adopt:{turn}:exclude", "Columns no model reads.")
    return {
        "id": entity,
        "time": {FIND_OUT: None, IN_ORDER: ROW_ORDER}.get(time, time),
        "group": group,
        "split": None if split == FIND_OUT else split,
        "after": tuple(after),
        "exclude": tuple(exclude),
    }


def _with_examples(preview: adopt_job.Preview, name: str) -> str:
    examples = preview.examples.get(name, "")
    return f"{name} ({examples})" if examples else name


def _column(label: str, columns: list[str], key: str, help_text: str | None = None) -> str | None:
    chosen: str | None = st.selectbox(label, columns, index=None, key=key, placeholder=FIND_OUT, help=help_text)
    return chosen


def _columns(label: str, columns: list[str], key: str, help_text: str) -> list[str]:
    return list(st.multiselect(label, columns, key=key, placeholder="None", help=help_text))


def _look(kept: dict[str, Any], asked: AdoptOptions) -> None:
    """Understand and screen the file while the person watches; nothing is written."""
    bar = st.progress(0.0, text="Reading the file")

    def progress(what: str, done: float) -> None:
        bar.progress(min(1.0, done), text=words.capitalised(messages.plain(what)))

    kept["seen"] = inspect(state.desk(), state.actor(), kept["path"], asked, progress=progress)
    bar.empty()
    st.rerun()


def train_bar(kept: dict[str, Any]) -> None:
    """The button that makes a use case of what was seen."""
    seen = kept["seen"]
    known = seen.key in state.desk().use_cases()
    if known:
        st.warning(
            "Its former definition is kept beside the new one, and the new version acts.",
            title=f"'{seen.key}' exists already and will be replaced",
        )
    if st.button(f"Train {seen.key} on these columns", type="primary", icon=":material/model_training:"):
        kept["job"] = adopt_job.submit(state.desk(), state.actor(), seen)
        st.rerun()


def current_job(kept: dict[str, Any]) -> JobState | None:
    """The wizard's job, or one that still runs, whoever left the page."""
    desk = state.desk()
    if "job" not in kept:
        running = [job.id for job in desk.jobs.active() if job.kind == adopt_job.KIND]
        if running:
            kept["job"] = running[0]
    return desk.jobs.state(kept["job"]) if "job" in kept else None


@st.fragment(run_every=1.0)
def follow(job_id: str) -> None:
    """How far the training is, once a second; the page starts over when it has finished."""
    with messages.told():
        job = state.desk().jobs.state(job_id)
        if job.finished:
            st.rerun()
        st.markdown(f"Adopting **{messages.plain(str(job.spec['filename']))}**. You may leave this page; it goes on.")
        doing = "Waiting for the job before it" if job.state == "queued" else messages.plain(job.message or "reading")
        st.progress(job.fraction, text=f"{words.capitalised(doing)}, {words.duration(job.seconds)} so far")
        if st.button("Cancel", icon=":material/cancel:", key=f"cancel:{job_id}"):
            state.desk().jobs.cancel(job_id)


def ended(job: JobState, kept: dict[str, Any]) -> None:
    """What came of it, and the ways on; the first time the sidebar's picker goes to the new use case."""
    if job.state != "done":
        say = st.info if job.state == "cancelled" else st.error
        say(messages.plain(job.message or "Nothing was written."), title="No use case was made")
        st.button("Back to the columns", icon=":material/undo:", on_click=kept.pop, args=("job", None))
        return
    result = job.result
    key = result["use_case"]
    if kept.get("landed") != job.id:
        kept["landed"] = job.id
        frame.land_on(key)
        st.rerun()
    st.success(
        f"{words.count(result['rows'], 'row')} read. Version {result['version']}: {messages.plain(result['verdict'])}.",
        title=f"{state.desk().use_case(key).title} is ready",
        icon=":material/task_alt:",
    )
    with st.container(horizontal=True):
        st.button("Score one", icon=":material/ads_click:", type="primary", on_click=frame.go, args=("score-one", key))
        st.button("See its card", icon=":material/badge:", on_click=frame.go, args=("models", key))
        st.button("Adopt another file", icon=":material/upload_file:", on_click=uploads.let_go, args=(kept,))
