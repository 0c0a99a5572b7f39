"""Figures of several arms with their intervals, the ceiling as a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.ui import charts


def interval_plot(
    arms: Mapping[str, Mapping[str, Any]], champion: str, models: Sequence[str], x_title: str, ceiling: float | None
) -> Any:
    """One row per arm: its point and its 95 % interval, in the colour and shape it has everywhere."""
    drawn = charts.figure(height=96 + 34 * len(arms), x_title=x_title)
    for name, figure in arms.items():
        colour, _, symbol = _style(name, champion, models)
        value, low, high = figure["value"], figure["low"], figure["high"]
        known = low is not None and high is not None
        drawn.add_scatter(
            x=[value],
            y=[name],
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 11, "line": {"color": colour, "width": 2}},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [high - value if known else 0],
                "arrayminus": [value - low if known else 0],
                "color": colour,
                "thickness": 2,
                "width": 5,
            },
            hovertemplate=f"{name}: {value:.3f}<extra></extra>",
        )
    if ceiling is not None:
        drawn.add_vline(
            x=ceiling,
            line={"color": charts.ink().text, "width": 1.5, "dash": "dot"},
            annotation={"text": "ceiling", "font": {"size": 11, "color": charts.ink().muted}, "yanchor": "bottom"},
            annotation_position="top",
        )
    drawn.update_yaxes(autorange="reversed", showgrid=False, type="category")
    return drawn


def _style(name: str, champion: str, models: Sequence[str]) -> tuple[str, str, str]:
    if name == "baseline":
        return charts.ink().muted, "dot", "line-ns-open"
    return charts.arm_style(name, champion, models)
