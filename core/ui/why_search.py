"""Which prediction the Why page explains: a search kept in the URL, an entity's other scores, a way to begin."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.domain.explained import Comparison, Explanation, TrendPoint
from core.domain.usecase import UseCase
from core.services.reasons import explanation as service
from core.services.reasons import recent
from core.ui import audit_taken, frame, messages, state, tables, words

BESIDE = "beside"


def bar(use_case: UseCase) -> str:
    """The search field: a record id or a prediction id."""
    return _field(f"{words.capitalised(use_case.noun)} or prediction id", frame.ASKED, _example(use_case))


def _field(label: str, key: str, hint: str) -> str:
    text = st.text_input(
        label, key=key, type="search", icon=":material/search:", placeholder=hint, bind="query-params", width=420
    )
    return str(text or "").strip()


def _example(use_case: UseCase) -> str:
    entity = use_case.schema[use_case.entity].title if use_case.entity else "row"
    return f"{entity}, or the first digits of a prediction id"


def beside(use_case: UseCase) -> str:
    """The second record, to compare with."""
    return _field(f"Compare with another {use_case.noun}", BESIDE, _example(use_case))


def found(use_case: UseCase, text: str) -> TrendPoint | None:
    """The newest prediction of what was asked for; says so where there is none."""
    points: list[TrendPoint] = []
    with messages.told():
        points = service.find_predictions(state.desk(), state.actor(), use_case.key, text)
    return points[0] if points else None


def explained(use_case: UseCase, prediction_id: str) -> Explanation:
    """Why this prediction's score is what it is, as far as the person may see it."""
    audit_taken.opened(use_case, prediction_id)
    return service.explain(state.desk(), state.actor(), use_case.key, prediction_id)


def compared(use_case: UseCase, prediction_id: str, other: str) -> Comparison:
    """Two predictions side by side."""
    audit_taken.opened(use_case, other)
    return service.compare(state.desk(), state.actor(), use_case.key, prediction_id, other)


def choose(use_case: UseCase, said: Explanation) -> None:
    """The other scores of the same entity, newest first."""
    points = list(reversed(said.trend))
    if len(points) < 2:
        return
    ids = [point.prediction_id for point in points]
    named = {
        point.prediction_id: f"{words.exact(point.as_of)}: {words.score(use_case, point.score)}, {point.band}, "
        f"version {point.version}{', voided' if point.voided else ''}"
        for point in points
    }
    key = f"why:of:{said.prediction_id}"
    st.selectbox(
        f"Which score of this {use_case.noun}", ids, index=ids.index(said.prediction_id) if said.prediction_id in ids
        else 0, format_func=named.__getitem__, key=key, on_change=_take, args=(key,), width=420,
    )  # fmt: skip


def _take(key: str) -> None:
    st.session_state[frame.ASKED] = st.session_state[key]


def latest(use_case: UseCase) -> None:
    """What stands there before anything was asked: the rows scored last, each with its button."""
    rows = recent.latest(state.desk(), state.actor(), use_case.key)
    if rows.num_rows == 0:
        _nothing_yet(use_case)
        return
    st.subheader("Scored last", anchor=False)
    tables.scored(rows, use_case, highest=max(rows["score"].to_pylist()), key=f"why:latest:{use_case.key}")
    st.caption(f"The newest {words.count(rows.num_rows, use_case.noun)} of the log. Why? opens the reasons.")


def _nothing_yet(use_case: UseCase) -> None:
    st.info(
        f"Score one {use_case.noun} or a file of them; the reasons then stand here.",
        title="Nothing is scored yet, so there is nothing to explain",
        icon=":material/hourglass_empty:",
    )
    ways: Sequence[tuple[str, str, str]] = (
        ("score-one", "Score one", "ads_click"),
        ("score-file", "Score a file", "upload_file"),
    )
    with st.container(horizontal=True):
        for url, label, icon in ways:
            if frame.allowed(url) and st.button(label, icon=f":material/{icon}:"):
                frame.go(url, use_case.key)
