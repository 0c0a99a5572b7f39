"""Charts of arms beside each other: gains, curves, bins, cells and bars, each arm in the style it has everywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.ui import charts

Style = tuple[str, str, str]  # colour, dash, marker


@dataclass(frozen=True)
class Span:
    """A figure with its interval on a row of a chart; hollow and grey where it rests on too few rows."""

    name: str
    style: Style
    value: float
    low: float
    high: float
    enough: bool = True


def spans(rows: Sequence[Span], x_title: str, least: float | None = None) -> Any:
    """One row per arm from the top down, its point and interval; 0 is marked, and what is worth having."""
    drawn = charts.figure(height=110 + 36 * len(rows), x_title=x_title)
    for place, row in enumerate(rows):
        colour, _, symbol = row.style
        colour = colour if row.enough else charts.ink().muted
        drawn.add_scatter(
            x=[row.value],
            y=[place],
            mode="markers",
            marker={
                "color": colour,
                "symbol": symbol if row.enough else f"{symbol.removesuffix('-open')}-open",
                "size": 10,
                "line": {"color": colour, "width": 2},
            },
            error_x=_bar(row.value, row.low, row.high, colour),
            hovertemplate=f"{row.name}: %{{x:.4g}}<extra></extra>",
            cliponaxis=False,
        )
    drawn.add_vline(x=0, line={"color": charts.ink().text, "width": 1})
    if least is not None:
        note = {"text": "worth having", "font": {"size": 11, "color": charts.ink().muted}, "yanchor": "bottom"}
        line = {"color": charts.ink().muted, "width": 1, "dash": "dot"}
        drawn.add_vline(x=least, line=line, annotation=note, annotation_position="top")
    names = [row.name for row in rows]
    drawn.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=names, range=[len(rows) - 0.5, -0.5], showgrid=False, zeroline=False
    )
    return drawn


def _bar(value: float, low: float, high: float, colour: str) -> dict[str, Any]:
    known = math.isfinite(low) and math.isfinite(high)
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value if known else 0],
        "arrayminus": [value - low if known else 0],
        "color": colour,
        "thickness": 2,
        "width": 5,
    }


def lines(arms: Mapping[str, tuple[Style, Any, Any]], titles: tuple[str, str]) -> Any:
    """A line per arm in its colour and dash."""
    drawn = charts.figure(height=380, x_title=titles[0], y_title=titles[1])
    for name, ((colour, dash, _), xs, ys) in arms.items():
        drawn.add_scatter(
            x=list(xs),
            y=list(ys),
            mode="lines",
            name=name,
            line={"color": colour, "dash": dash, "width": 2.5 if dash == "solid" else 1.8},
            hovertemplate=f"{name}: %{{x:.3g}}, %{{y:.3g}}<extra></extra>",
        )
    _legend(drawn)
    return drawn


def diagonal(drawn: Any, low: float, high: float) -> None:
    """Where both axes say the same."""
    line = {"color": charts.ink().muted, "width": 1.5, "dash": "dot"}
    drawn.add_shape(type="line", x0=low, y0=low, x1=high, y1=high, line=line)


@dataclass(frozen=True)
class Bins:
    """Points from left to right, with bars where they have any."""

    name: str
    style: Style
    xs: Sequence[float]
    ys: Sequence[float]
    half: Sequence[float] | None = None
    marks: bool = False  # no line between the points


def bins(series: Sequence[Bins], titles: tuple[str, str]) -> Any:
    """Means of bins of several arms."""
    drawn = charts.figure(height=380, x_title=titles[0], y_title=titles[1])
    for part in series:
        colour, dash, symbol = part.style
        drawn.add_scatter(
            x=list(part.xs),
            y=list(part.ys),
            mode="markers" if part.marks else "lines+markers",
            name=part.name,
            line={"color": colour, "dash": dash, "width": 1.8},
            marker={"color": colour, "symbol": symbol, "size": 8, "line": {"color": colour, "width": 1.5}},
            error_y=None
            if part.half is None
            else {"type": "data", "array": list(part.half), "color": colour, "thickness": 1.2, "width": 3},
            hovertemplate=f"{part.name}: %{{x:.3g}}, %{{y:.3g}}<extra></extra>",
        )
    _legend(drawn)
    return drawn


def density(across: Sequence[float], upwards: Sequence[float], counts: Any, titles: tuple[str, str]) -> Any:
    """Rows per cell of two arms' scores, stronger where there are more (by the logarithm, so that few are seen)."""
    colours = charts.ink()
    drawn = charts.figure(height=420, x_title=titles[0], y_title=titles[1])
    sizes = [[math.log1p(cell) if cell else None for cell in row] for row in counts.tolist()]
    drawn.add_heatmap(
        x=list(across),
        y=list(upwards),
        z=sizes,
        zmin=0,
        customdata=counts.tolist(),
        colorscale=[[0, colours.grid], [1, colours.accent]],
        showscale=False,
        hoverongaps=False,
        hovertemplate="%{x:.3g}, %{y:.3g}: %{customdata:,} rows<extra></extra>",
    )
    return drawn


def _legend(drawn: Any) -> None:
    drawn.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0})
