"""The audit page's past scores: one made again beside what was logged, or a random sample."""

from __future__ import annotations

import streamlit as st

from core.domain.usecase import UseCase
from core.services.auditing import recomputing as service
from core.services.auditing.recomputing import Recomputation, Sample
from core.ui import messages, state, words


def show() -> None:
    """One score by its id, then a sample."""
    use_case = state.use_case()
    st.markdown(
        "The logged row goes through the version that scored it, again. Every number must be the same to the last bit."
    )
    _one(use_case)
    _sample(use_case)


def _one(use_case: UseCase) -> None:
    shelf = state.shelf("audit", use_case.key)
    with st.form("audit:recompute", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        asked = st.text_input(
            f"Prediction of {use_case.title}", key="prediction", bind="query-params", width=420,
            placeholder="Its id, 32 hex digits",
        )  # fmt: skip
        pressed = st.form_submit_button("Recompute", icon=":material/replay:", type="primary")
    if pressed:
        shelf.pop("again", None)
        with messages.told():
            shelf["again"] = service.recompute(state.desk(), state.actor(), use_case.key, str(asked or ""))
    if "again" in shelf:
        _told(shelf["again"])


def _told(found: Recomputation) -> None:
    wrong = [value.name for value in found.values if not value.equal]
    about = (
        f"Version {found.version}, led by {found.model}; scored {words.exact(found.scored_at)}, as of "
        f"{words.exact(found.as_of)}{', its upload was voided since' if found.voided else ''}."
    )
    if found.equal:
        n = words.count(len(found.values), "number")
        st.success(messages.plain(about), title=f"Equal to the last bit: {n}", icon=":material/task_alt:")
    else:
        st.error(
            messages.plain(f"{', '.join(wrong)} differ. {about} Do not rely on this score; find out who changed what."),
            title="The score could not be reproduced",
            icon=":material/gpp_bad:",
        )
    rows = [
        {
            "Number": value.name,
            "Stored": _bits(value.stored),
            "Made again": _bits(value.again),
            "Equal": "yes" if value.equal else "NO",
        }
        for value in found.values
    ]
    st.dataframe(rows, hide_index=True, width="stretch", alt=f"Stored and recomputed numbers of {found.prediction_id}")


def _bits(value: float | None) -> str:
    """A number with every digit that it takes to tell it from its neighbours."""
    return "none" if value is None else repr(value)


def _sample(use_case: UseCase) -> None:
    shelf = state.shelf("audit", use_case.key)
    st.subheader("A random sample", anchor=False)
    with st.form("audit:sample", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        n = st.number_input("Scores", 1, service.MOST_SAMPLED, 100, step=50, width=140)
        seed = st.number_input("Seed", 0, 2**31 - 1, 0, width=140, help="The same seed draws the same scores.")
        pressed = st.form_submit_button("Draw and recompute", icon=":material/casino:")
    if pressed:
        shelf.pop("sample", None)
        with messages.told(), st.spinner("Scores are made again"):
            shelf["sample"] = service.sample(state.desk(), state.actor(), use_case.key, int(n), int(seed))
    if "sample" in shelf:
        _drawn(shelf["sample"])


def _drawn(found: Sample) -> None:
    drawn = f"{words.count(found.n)} of {words.count(found.n_logged, 'score')}, seed {found.seed}"
    if found.equal:
        st.success(f"Drawn: {drawn}.", title=f"All {words.count(found.n)} are equal to the last bit",
                   icon=":material/task_alt:")  # fmt: skip
        return
    lost = f" {words.count(len(found.lost), 'score')} could not be made again." if found.lost else ""
    st.error(
        f"{words.count(found.n_equal)} of {words.count(found.n)} are equal.{lost} Drawn: {drawn}.",
        title=f"{words.count(len(found.differing), 'score differs', 'scores differ')}"
        if found.differing
        else "Not every score could be made again",
        icon=":material/gpp_bad:",
    )
    rows = [{"Prediction": item.prediction_id, "Why": "differs"} for item in found.differing]
    rows += [{"Prediction": name, "Why": why} for name, why in found.lost.items()]
    st.dataframe(rows, hide_index=True, width="stretch", alt="Scores that are not equal")
