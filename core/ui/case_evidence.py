"""The evidence of a case: one tab per section, outcomes by band as a chart with intervals, the others as tables."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from core.domain.metrics.measured import Measured
from core.domain.usecase import UseCase
from core.services.complaints.case_sections import CaseFile
from core.ui import case_parts, case_words, charts, messages
from core.ui.card_sections import Section
from core.ui.interval_chart import whiskers
from core.ui.model_cards import draw


def tabs(use_case: UseCase, file: CaseFile, models: bool) -> None:
    """Every section that has something to say."""
    st.subheader("What the desk found", anchor=False)
    found = case_parts.evidence(use_case, file, models)
    for place, section in zip(st.tabs([section.title for section in found]), found, strict=True):
        with place:
            if section.title == case_parts.OUTCOMES:
                _outcomes(use_case, file, section)
            else:
                draw(section)


def _outcomes(use_case: UseCase, file: CaseFile, section: Section) -> None:
    finding = messages.plain(case_parts.finding(use_case, file.conversion))
    behind = [dict(zip(section.header, row, strict=True)) for row in section.rows]
    if not any(row.now.n or row.before.n for row in file.conversion.bands):
        draw(section)
        return
    drawn = bands(use_case, file)
    charts.show(drawn, finding, messages.plain(section.caption), behind, key=f"case:bands:{file.case.id}")


def bands(use_case: UseCase, file: CaseFile) -> Any:
    """Outcomes by band with their intervals: before as hollow marks in grey, now solid in the accent."""
    found, ink = file.conversion, charts.ink()
    drawn = charts.figure(height=110 + 48 * len(found.bands), x_title=case_words.outcome_name(use_case))
    names = [row.band for row in found.bands]
    looks = (("Before", ink.muted, "circle-open", "before", 0.16), ("Now", ink.accent, "circle", "now", -0.16))
    for name, colour, symbol, part, shift in looks:
        told = [(place, getattr(row, part)) for place, row in enumerate(found.bands)]
        told = [(place, figure) for place, figure in told if figure.n and not math.isnan(figure.value)]
        drawn.add_scatter(
            x=[figure.value for _, figure in told],
            y=[place + shift for place, _ in told],
            name=name,
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 11, "line": {"width": 2, "color": colour}},
            error_x=_whiskers([figure for _, figure in told], colour),
            customdata=[case_words.measured(figure, found.unit) for _, figure in told],
            hovertemplate="%{customdata}<extra>" + name + "</extra>",
        )
    drawn.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "reversed"}
    )
    drawn.update_xaxes(tickformat=".0%" if found.unit == "rate" else ",.4~g", rangemode="tozero")
    drawn.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.5, -0.5], showgrid=False, zeroline=False
    )
    return drawn


def _whiskers(figures: list[Measured], colour: str) -> dict[str, Any]:
    value, low, high = ([getattr(figure, part) for figure in figures] for part in ("value", "low", "high"))
    return whiskers(value, low, high, colour, cap=4)
