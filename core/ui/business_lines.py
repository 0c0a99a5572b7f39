"""What the decisions came to, over time: outcome rate and money per row, with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.domain.metrics.measured import Measured
from core.domain.usecase import Task, UseCase
from core.services.business import ALL, MONEY, OUTCOME, BusinessLine
from core.services.performance import Performance
from core.ui import charts, period_charts, words
from core.ui.period_words import caption, row


def lines(use_case: UseCase, seen: Performance) -> None:
    """What it came to, over time: in all, by band, by who decided."""
    if not seen.business:
        return
    st.subheader("What it came to", anchor=False)
    splits = list(dict.fromkeys(line.split for line in seen.business))
    split = ALL
    if len(splits) > 1:
        labels = {ALL: "In all", **{name: f"By {name}" for name in splits if name != ALL}}
        asked = st.segmented_control(
            "Split", splits, default=ALL, format_func=labels.__getitem__, key=f"split:{use_case.key}"
        )
        split = asked or ALL
    for quantity in (OUTCOME, MONEY):
        shown = [line for line in seen.business if line.split == split and line.quantity == quantity]
        if shown:
            _chart(use_case, seen, shown)


def _chart(use_case: UseCase, seen: Performance, lines: Sequence[BusinessLine]) -> None:
    first = lines[0]
    form = ".1%" if first.quantity == OUTCOME and use_case.task is not Task.REGRESSION else ",.4~g"
    series = [
        period_charts.Series(line.group, _look(use_case, place, line), line.points, line.split == ALL)
        for place, line in enumerate(lines)
    ]
    drawn = period_charts.over_time(list(first.starts), series, form)
    behind = [
        row(start, line.group, found)
        for line in lines
        for start, found in zip(line.starts, line.points, strict=True)
        if found is not None
    ]
    shown = ", ".join(
        f"{'' if line.split == ALL else line.group} {_amount(use_case, line.overall, line)}".strip() for line in lines
    )
    what = _what(use_case, first)
    key = f"business:{use_case.key}:{first.split}:{first.quantity}"
    charts.show(
        drawn,
        f"{words.capitalised(what)}: {shown}",
        f"{_note(use_case, first)}Bars: 95 % intervals. {caption(seen)}",
        behind,
        key,
    )


def _what(use_case: UseCase, line: BusinessLine) -> str:
    if line.quantity == MONEY:
        return f"gain per {use_case.noun} in {line.unit}, by what was decided"
    if use_case.task is Task.REGRESSION:
        return f"mean {use_case.target.name.replace('_', ' ')}"
    if use_case.task is Task.MULTICLASS and use_case.target.class_values:
        return f"mean worth of the outcome ({use_case.target.name.replace('_', ' ')})"
    if use_case.task is Task.MULTICLASS:
        return f"share in the class {use_case.target.classes[-1]}"
    return f"share of {use_case.noun}s where {use_case.target.meaning or use_case.target.name}"


def _note(use_case: UseCase, line: BusinessLine) -> str:
    money = use_case.policy.money
    return f"{money.note} " if line.quantity == MONEY and money is not None and money.note else ""


def _amount(use_case: UseCase, found: Measured, line: BusinessLine) -> str:
    share = line.quantity == OUTCOME and use_case.task is not Task.REGRESSION
    numbers = [words.percent(part) if share else f"{part:,.4g}" for part in (found.value, found.low, found.high)]
    return f"{numbers[0]} [{numbers[1]}, {numbers[2]}]"


def _look(use_case: UseCase, place: int, line: BusinessLine) -> tuple[str, str, str]:
    colours = charts.ink()
    bands = {band.name: band.tone for band in use_case.policy.bands}
    if line.split == ALL:
        return colours.accent, "solid", "circle"
    symbol = ("circle", "square", "triangle-up", "pentagon")[place % 4]
    if line.group in bands:
        return colours.tones[bands[line.group]], "solid", symbol
    if line.group == "rules":
        return colours.rules, "dot", symbol
    return (colours.accent, *colours.challengers)[place % 4], "solid", symbol
