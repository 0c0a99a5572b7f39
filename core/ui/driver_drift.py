"""Do columns push the scores as they did on the reference rows?"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.domain.usecase import UseCase
from core.services.reasons import drivers as service
from core.services.reasons.drivers import Drift
from core.ui import charts, driver_charts, state, words
from core.ui.driver_words import listed, points, scale, source, tick, title, unit

SHOWN = 14  # columns in a chart; the table has all


def lately(use_case: UseCase, model: str) -> None:
    """Do columns push the scores as they did on the reference rows?"""
    days = st.segmented_control(
        "Rows",
        service.WINDOWS,
        default=30,
        required=True,
        format_func=lambda days: f"Latest {days} days",
        key=f"lately:{use_case.key}",
    )
    found = service.drift(state.desk(), state.actor(), use_case.key, model, int(days or 30))
    if found.shifts is None:
        st.info(
            f"{words.count(found.now.n, 'row')} in the latest {found.now.days} days; {found.minimum} are the least "
            "that can be compared. Choose a longer period, or score more.",
            title="Not enough rows.",
            icon=":material/hourglass_empty:",
        )
        return
    _shifted(use_case, model, found)


def _shifted(use_case: UseCase, model: str, found: Drift) -> None:
    assert found.shifts is not None
    shown, factor = found.shifts[:SHOWN], scale(use_case)
    rows = [tick(use_case, item.column) for item in shown]
    style = driver_charts.style_of(use_case, model)
    value, low, high = ([getattr(item, part) * factor for item in shown] for part in ("shift", "low", "high"))
    dots = driver_charts.Dots(model, style, value, low, high, [not item.raised for item in shown])
    drawn = driver_charts.dot_rows(rows, [dots], f"Change of the mean size, {unit(use_case)}")
    raised = tuple(item.column for item in found.shifts if item.raised)
    said = f"{listed(use_case, raised)} {'pushes' if len(raised) == 1 else 'push'} scores otherwise than before"
    caption = (
        "Filled: raised at 5 %, corrected for the number of columns (Benjamini-Hochberg), so that quiet data raise "
        "anything in at most 1 of 20 looks; hollow grey: not raised. Dates change by themselves and are not judged. "
        f"Now: {source(found.now)} Before: {source(found.before)}"
    )
    finding = words.capitalised(said) if raised else "No column pushes scores otherwise than on the reference rows"
    charts.show(drawn, finding, caption, _shift_rows(use_case, found), f"shifts:{use_case.key}")
    sides = {
        "reference": ((charts.ink().muted, "dot", "circle-open"), [_span(item.before, factor) for item in shown]),
        f"latest {found.now.days} days": (style, [_span(item.now, factor) for item in shown]),
    }
    spread = driver_charts.ranges(rows, sides, f"Points, {unit(use_case)}")
    largest = title(use_case, shown[0].column)
    charts.show(
        spread,
        f"{largest}: {points(use_case, shown[0].before.mean, True)} before, "
        f"{points(use_case, shown[0].now.mean, True)} now on average",
        f"Points from the 10th to the 90th per cent of rows, the median as a mark. Now: {source(found.now)}",
        _shift_rows(use_case, found),
        f"spread:{use_case.key}",
    )


def _span(side: Any, factor: float) -> tuple[float, ...]:
    return tuple(value * factor for value in side.quantiles)


def _shift_rows(use_case: UseCase, found: Drift) -> list[dict[str, Any]]:
    factor = scale(use_case)
    return [
        {
            "Column": use_case.schema[item.column].title,
            "Mean size before": item.before.size * factor,
            "Mean size now": item.now.size * factor,
            "Change": item.shift * factor,
            "Low": item.low * factor,
            "High": item.high * factor,
            "Mean before": item.before.mean * factor,
            "Mean now": item.now.mean * factor,
            "p, corrected": item.adjusted,
            "Raised": item.raised,
            "n before": item.before.n,
            "n now": item.now.n,
        }
        for item in found.shifts or ()
    ]
