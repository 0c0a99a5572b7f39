"""Charts of groups: a rate with its interval per group and arm, gaps over time beside their limit and chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.domain.fairness.gaps import Gap
from core.ui import charts
from core.ui.interval_chart import whiskers

Style = tuple[str, str, str]  # colour, dash, marker


@dataclass(frozen=True)
class Points:
    """One arm: a value per group with its interval, and whether enough rows stand behind it."""

    name: str
    style: Style
    value: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    enough: Sequence[bool]


def tick(name: str) -> str:
    """A group's name as it is: a chart reads < as the start of a tag.

    >>> tick("<25k & more")
    '&lt;25k &amp; more'
    """
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def by_group(
    groups: Sequence[str], arms: Sequence[Points], x_title: str, form: str, centre: float | None = None
) -> Any:
    """One row per group from the top down, one point per arm; hollow and grey where rows are few."""
    drawn = charts.figure(height=110 + len(groups) * max(34, 13 * len(arms)), x_title=x_title)
    muted = charts.ink().muted
    for place, arm in enumerate(arms):
        colour, _, symbol = arm.style
        shift = 0.62 * ((place + 0.5) / len(arms) - 0.5)
        hues = [colour if enough else muted for enough in arm.enough]
        drawn.add_scatter(
            x=list(arm.value),
            y=[row + shift for row in range(len(groups))],
            mode="markers",
            name=arm.name,
            marker={
                "color": hues,
                "symbol": [symbol if enough else "circle-open" for enough in arm.enough],
                "size": 9 if place == 0 else 7,
                "line": {"color": hues, "width": 1.5},
            },
            error_x=whiskers(arm.value, arm.low, arm.high, colour, 2 if place == 0 else 1, 3),
            customdata=[[tick(group), low, high] for group, low, high in zip(groups, arm.low, arm.high, strict=True)],
            hovertemplate=(
                f"{arm.name}, %{{customdata[0]}}: %{{x:{form}}} [%{{customdata[1]:{form}}}, %{{customdata[2]:{form}}}]"
                "<extra></extra>"
            ),
            cliponaxis=False,
        )
    if centre is not None:
        drawn.add_vline(x=centre, line={"color": charts.ink().text, "width": 1})
    drawn.update_yaxes(
        tickvals=list(range(len(groups))), ticktext=[tick(group) for group in groups],
        range=[len(groups) - 0.5, -0.5], showgrid=False, zeroline=False,
    )  # fmt: skip
    drawn.update_xaxes(tickformat=form)
    legend = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0}
    drawn.update_layout(showlegend=len(arms) > 1, legend=legend)
    return drawn


def over_time(starts: Sequence[date], gaps: Sequence[Gap], limit: float, name: str, style: Style) -> Any:
    """A gap per period with its interval, above the gap that equal groups would show, beside the limit."""
    drawn = charts.figure(height=320, y_title="gap")
    colours = charts.ink()
    drawn.add_scatter(
        x=list(starts), y=[gap.noise for gap in gaps], mode="lines", fill="tozeroy", name="equal groups, up to",
        line={"color": colours.grid, "width": 1}, fillcolor=colours.grid,
        hovertemplate="equal groups up to %{y:.3f}<extra></extra>",
    )  # fmt: skip
    values = [gap.value for gap in gaps]
    colour, dash, symbol = style
    drawn.add_scatter(
        x=list(starts), y=values, mode="lines+markers", name=name, line={"color": colour, "dash": dash, "width": 2},
        marker={"color": colour, "symbol": symbol, "size": 8, "line": {"color": colour, "width": 1.5}},
        error_y=whiskers(values, [gap.low for gap in gaps], [gap.high for gap in gaps], colour, 1.5, 3),
        hovertemplate=f"{name}: %{{y:.3f}}<extra></extra>",
    )  # fmt: skip
    drawn.add_hline(y=limit, line={"color": colours.text, "width": 1.5, "dash": "dot"})
    drawn.update_yaxes(tickformat=".2f", rangemode="tozero")
    drawn.update_xaxes(type="date", hoverformat="%-d %b %Y")
    drawn.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})
    return drawn
