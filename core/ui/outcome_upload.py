"""A file of outcomes on its way in: chosen, looked at, its columns named, taken in, what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from core.domain.usecase import UseCase
from core.services import batches, outcomes
from core.services.access import Action, may
from core.ui import audit_taken, messages, state, uploads, words

ROLES = {
    "entity": "Names the {noun}",
    "outcome": "What happened",
    "time": "When the {noun} happened",
    "observed_at": "When the outcome was seen",
}
NONE = "Not in the file"


def panel(use_case: UseCase, asked_for: bool) -> None:
    """The drop zone and what follows; open from the start where no outcome is known yet."""
    if not may(state.actor(), Action.OUTCOMES):
        return
    shelf = state.shelf("outcomes", use_case.key)
    if use_case.entity is None:
        st.info(
            f"{use_case.title} has no column that names a {use_case.noun}. Adopt it again with an id column.",
            title="Outcomes cannot be joined here",
            icon=":material/link_off:",
        )
        return
    if "taken" in shelf:
        _became(use_case, shelf)
    open_now = asked_for or "path" in shelf
    with st.expander("Bring outcomes", icon=":material/add_task:", expanded=open_now), messages.told():
        if "path" in shelf:
            _preview(use_case, shelf)
        else:
            _choose(use_case, shelf)


def _choose(use_case: UseCase, shelf: dict[str, Any]) -> None:
    st.markdown(
        f"One row per {use_case.noun}: `{use_case.entity}`, `{use_case.target.name}`, and `observed_at` where it is "
        "known. A changed outcome becomes a new revision; nothing is overwritten."
    )
    key = f"outcomes:{use_case.key}:{shelf.get('turn', 0)}"
    uploaded = st.file_uploader("Outcomes: CSV, Parquet or Excel", uploads.TYPES, key=key)
    if uploaded is not None:
        path = batches.keep_upload(state.desk(), state.actor(), uploaded.name, uploaded)
        uploads.let_go(shelf)
        shelf.update(path=path, filename=uploaded.name)
        st.rerun()


def _preview(use_case: UseCase, shelf: dict[str, Any]) -> None:
    named = outcomes.Named(**shelf.get("named", {}))
    seen = outcomes.look(state.desk(), state.actor(), use_case.key, shelf["path"], named)
    st.markdown(f":material/description: **{messages.plain(shelf['filename'])}**")
    st.dataframe(seen.first, hide_index=True, width="stretch", alt="The first rows of the file")
    if seen.would is None:
        st.warning(messages.plain(seen.problem), title="Which column is it?", icon=":material/help:")
    else:
        _say(use_case, seen.would, "" if seen.whole_file else f"of the first {words.count(outcomes.LOOK_ROWS)} rows")
    _columns(use_case, seen, shelf)
    with st.container(horizontal=True):
        ready = seen.would is not None and (seen.would.matched > 0 or not seen.whole_file)
        label = f"Take in {words.count(seen.would.matched, 'outcome')}" if seen.would and seen.whole_file else "Take in"
        if st.button(label, type="primary", icon=":material/check:", disabled=not ready):
            _take(use_case, shelf, named)
        st.button("Use another file", icon=":material/swap_horiz:", on_click=uploads.let_go, args=(shelf,))


def _columns(use_case: UseCase, seen: outcomes.OutcomeLook, shelf: dict[str, Any]) -> None:
    options = [NONE, *seen.header]
    with st.form(f"outcome-columns:{use_case.key}", border=False):
        chosen = {}
        with st.grid("auto", min_column_width=200):
            for role, column in seen.columns.items():
                label = ROLES[role].format(noun=use_case.noun)
                place = options.index(column) if column in options else 0
                chosen[role] = st.selectbox(label, options, place, key=f"role:{shelf['path']}:{role}")
        if st.form_submit_button("Use these columns", icon=":material/conversion_path:"):
            shelf["named"] = {role: None if column == NONE else column for role, column in chosen.items()}
            st.rerun()


def _take(use_case: UseCase, shelf: dict[str, Any], named: outcomes.Named) -> None:
    folder = state.desk().settings.data_dir / "results" / "outcomes"
    rejects = folder / f"{shelf['path'].stem}.rejects.csv"
    with st.spinner("Joining outcomes to what was scored"):
        taken = outcomes.take_in(state.desk(), state.actor(), use_case.key, shelf["path"], named, rejects=rejects)
    uploads.let_go(shelf)
    shelf["taken"] = taken
    st.rerun()


def _say(use_case: UseCase, taken: outcomes.Taken, which: str) -> None:
    left = {
        "unreadable": taken.unreadable,
        f"of a {use_case.noun} never scored": taken.unknown,
        "of another time": taken.other_time,
        "repeated": taken.repeated,
        "contradicting each other": taken.contradicting,
    }
    reasons = ", ".join(f"{words.count(n)} {what}" for what, n in left.items() if n)
    line = f"**{words.count(taken.matched)} of {words.count(taken.rows, 'row')}** {which} can be joined"
    st.markdown(f"{line}; left out: {reasons}." if reasons else f"{line}.")
    if taken.ambiguous:
        st.warning(
            f"{words.count(taken.ambiguous, 'outcome')} will count for every time at which the {use_case.noun} was "
            "scored. Name the column that says when it happened to tell them apart.",
            title=f"Some {use_case.noun}s were scored at several times",
        )


def _became(use_case: UseCase, shelf: dict[str, Any]) -> None:
    taken: outcomes.Taken = shelf["taken"]
    st.success(
        f"{words.count(taken.matched)} of {words.count(taken.rows, 'row')} joined, "
        f"{words.count(taken.revisions)} new to the desk.",
        title="Outcomes taken in",
        icon=":material/task_alt:",
    )
    if taken.rejects and Path(taken.rejects).is_file():
        n_left = taken.rows - taken.matched
        st.download_button(
            f"{words.count(n_left, 'row')} left out, and why",
            audit_taken.taken(Path(taken.rejects).read_bytes, use_case.key, "outcomes left out, CSV", n_left),
            file_name=f"{use_case.key}_outcomes_left_out.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
