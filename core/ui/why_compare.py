"""Two records side by side: their grades, and which columns make the difference."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.domain.explained import Comparison, Explanation
from core.domain.usecase import UseCase
from core.ui import charts, messages, why_charts, why_words, words

SHOWN = 8


def compare(use_case: UseCase, both: Comparison) -> None:
    """Differences by column first, then both grades."""
    first, second = both.first, both.second
    with st.container(border=True):
        for column, said in zip(st.columns(2), (first, second), strict=True):
            with column:
                _grade(use_case, said)
        if not both.same_version:
            st.warning(
                f"Scored by version {first.version} and by version {second.version}: part of the difference is theirs.",
                icon=":material/difference:",
            )
        shown = [(gap.title, gap.points) for gap in both.gaps if gap.points][:SHOWN]
        if not shown:
            st.markdown("Both have the same values in every column that counts.")
            return
        apart = why_words.points(use_case, first.score - second.score)
        caption = (
            f"What the columns of {first.entity} add, less what those of {second.entity} add; largest first. "
            f"{why_words.facts(use_case, first)}."
        )
        drawn = why_charts.differences(use_case, shown)
        finding = messages.plain(f"{apart} between them, most of it {shown[0][0]}")
        charts.show(drawn, finding, messages.plain(caption), table(use_case, both), key="why:compare")


def _grade(use_case: UseCase, said: Explanation) -> None:
    chip = f":{words.TONE_HUE[said.tone]}-badge[{words.TONE_ICON[said.tone]} {messages.plain(said.band)}]"
    st.markdown(f"{chip} **{messages.plain(said.entity)}**")
    st.metric(words.score_name(use_case), words.score(use_case, said.score))
    st.caption(messages.plain(words.capitalised(said.decision)))


def table(use_case: UseCase, both: Comparison) -> list[dict[str, Any]]:
    """One row per column: both values, both points, their difference."""
    one, two = both.first.entity, both.second.entity
    if one == two:
        one, two = "this", "the other"
    return [
        {
            "Column": gap.title,
            "Difference": why_words.points(use_case, gap.points),
            f"Value of {one}": gap.first,
            f"Value of {two}": gap.second,
            f"Points of {one}": why_words.points(use_case, gap.first_points),
            f"Points of {two}": why_words.points(use_case, gap.second_points),
        }
        for gap in both.gaps
    ]
