"""Gaps over time: each with its interval, above what equal groups would show, below the limit or not."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.domain.fairness.judgement import GAP_LIMIT, breaks, standing
from core.domain.usecase import UseCase
from core.services.comparison import fairness_time as service
from core.services.comparison.fairness import Fairness
from core.services.comparison.fairness_rows import Choice
from core.services.comparison.fairness_time import GapsOverTime
from core.ui import charts, messages, state, words
from core.ui import fairness_charts as draw
from core.ui import fairness_words as say
from core.ui.fairness_groups import pick, style


def over_time(use_case: UseCase, seen: Fairness, choice: Choice) -> None:
    """The gap of the arm that decides, period by period."""
    column = pick(seen, "time")
    kind = "parity"
    if seen.selection.outcome is not None:
        kind = st.segmented_control(
            "Gap", list(say.kinds(seen)), default="parity", required=True, format_func=say.KINDS.__getitem__,
            key=f"time:kind:{seen.use_case}",
        )  # fmt: skip
    found = service.over_time(state.desk(), state.actor(), seen, choice, column, kind, seen.acting)
    told = [period for period in found.periods if period.gap is not None]
    if not told:
        st.info(f"In no {found.step} do two groups have enough rows for this gap. Choose a coarser grouping.")
        return
    drawn = draw.over_time(
        [period.start for period in told], [period.gap for period in told if period.gap is not None], GAP_LIMIT,
        say.arm(seen, seen.acting), style(use_case, seen, seen.acting),
    )  # fmt: skip
    above = [period for period in told if breaks(standing(period.gap))]
    few = len(found.periods) - len(told)
    title = (
        f"{say.KINDS[kind]} by {column.title.lower()}: above the limit in {len(above)} of "
        f"{words.count(len(told), found.step)}"
    )
    caption = (
        f"Bars are 95 % intervals; grey: what equal groups stay below in 95 of 100 deals; dotted: the limit "
        f"{say.LIMIT}. "
        + (f"{words.count(few, found.step)} with not enough rows left out. " if few else "")
        + say.source(seen)
    )
    charts.show(drawn, messages.plain(title), messages.plain(caption), _table(found, column.groups), f"time:{kind}")


def _table(found: GapsOverTime, groups: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {
            "From": period.start,
            "Gap": period.gap.value if period.gap else None,
            "Low": period.gap.low if period.gap else None,
            "High": period.gap.high if period.gap else None,
            "By chance up to": period.gap.noise if period.gap else None,
            "Highest": groups[period.gap.highest] if period.gap else "",
            "Lowest": groups[period.gap.lowest] if period.gap else "",
            "n": period.n,
            "Finding": standing(period.gap).value,
        }
        for period in found.periods
    ]
