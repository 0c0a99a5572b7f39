"""Two records side by side: their grades, and which columns make the difference."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.domain.explained import Explanation, Reason
from core.domain.usecase import UseCase
from core.ui import charts, messages, why_charts, why_words, words

SHOWN = 8


def compare(use_case: UseCase, first: Explanation, second: Explanation) -> None:
    """Differences by column first, then both grades."""
    gap = first.score - second.score
    gaps = by_column(first, second)
    with st.container(border=True):
        for column, said in zip(st.columns(2), (first, second), strict=True):
            with column:
                _grade(use_case, said)
        if first.version != second.version:
            st.warning(
                f"Scored by version {first.version} and by version {second.version}: part of the difference is theirs.",
                icon=":material/difference:",
            )
        shown = [(name, value) for name, value, _, _ in gaps if value][:SHOWN]
        if not shown:
            st.markdown("Both have the same values in every column that counts.")
            return
        finding = f"{why_words.points(use_case, gap)} between them, most of it {shown[0][0]}"
        caption = (
            f"What the columns of {first.entity} add, less what those of {second.entity} add; largest first. "
            f"{why_words.facts(use_case, first)}."
        )
        drawn = why_charts.differences(use_case, shown)
        table = _table(use_case, first, second)
        charts.show(drawn, messages.plain(finding), messages.plain(caption), table, key="why:compare")


def _grade(use_case: UseCase, said: Explanation) -> None:
    chip = f":{words.TONE_HUE[said.tone]}-badge[{words.TONE_ICON[said.tone]} {messages.plain(said.band)}]"
    st.markdown(f"{chip} **{messages.plain(said.entity)}**")
    st.metric(words.score_name(use_case), words.score(use_case, said.score))
    st.caption(messages.plain(words.capitalised(said.decision)))


def by_column(first: Explanation, second: Explanation) -> list[tuple[str, float, Reason | None, Reason | None]]:
    """Title, difference in points and both reasons of every column, the largest difference first."""
    mine = {reason.column: reason for reason in first.reasons}
    other = {reason.column: reason for reason in second.reasons}
    gaps = []
    for column in dict.fromkeys((*mine, *other)):
        one, two = mine.get(column), other.get(column)
        value = (one.points if one else 0.0) - (two.points if two else 0.0)
        title = one.title if one else two.title if two else column
        gaps.append((title, value, one, two))
    return sorted(gaps, key=lambda gap: -abs(gap[1]))


def _table(use_case: UseCase, first: Explanation, second: Explanation) -> list[dict[str, Any]]:
    """One row per column: both values, both points, their difference."""
    names = (first.entity, second.entity) if first.entity != second.entity else ("this", "the other")
    rows = []
    for title, value, *both in by_column(first, second):
        row = {"Column": title, "Difference": why_words.points(use_case, value)}
        for name, reason in zip(names, both, strict=True):
            row[f"Value of {name}"] = reason.value if reason else ""
            row[f"Points of {name}"] = why_words.points(use_case, reason.points) if reason else ""
        rows.append(row)
    return rows
