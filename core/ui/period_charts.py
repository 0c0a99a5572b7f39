"""Charts over time: figures with their intervals, what was expected beneath them, how ripe the rows are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.domain.metrics.measured import Measured
from core.ui import charts

Style = tuple[str, str, str]  # colour, dash, marker


@dataclass(frozen=True)
class Series:
    """One line: its name, look, and a figure or nothing per period."""

    name: str
    style: Style
    points: Sequence[Measured | None]
    strong: bool = False


def over_time(
    starts: Sequence[date], series: Sequence[Series], form: str, expected: Sequence[Measured | None] = ()
) -> Any:
    """Lines with their intervals drawn; a figure from too few rows is a hollow grey point.

    Parameters
    ----------
    starts : sequence of date
        First day of each period.
    series : sequence of Series
    form : str
        How values are written, as in `format`.
    expected : sequence of Measured or None
        The band that lies beneath, as long as `starts`.
    """
    drawn = charts.figure(height=340)
    if any(expected):
        _band(drawn, starts, expected, form)
    for item in series:
        _line(drawn, starts, item, form)
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "reversed"}
    drawn.update_layout(showlegend=len(series) > 1, legend=legend)
    drawn.update_yaxes(tickformat=form)
    drawn.update_xaxes(type="date", hoverformat="%-d %b %Y")
    return drawn


def _band(drawn: Any, starts: Sequence[date], expected: Sequence[Measured | None], form: str) -> None:
    told = [(start, found) for start, found in zip(starts, expected, strict=True) if found and found.low == found.low]
    if not told:
        return
    days, found = [start for start, _ in told], [figure for _, figure in told]
    accent = charts.ink().accent
    edge = {"x": days, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    drawn.add_scatter(y=[figure.high for figure in found], showlegend=False, **edge)
    drawn.add_scatter(
        y=[figure.low for figure in found],
        fill="tonexty",
        fillcolor=_faded(accent, 0.16),
        name="expected",
        **edge,
    )
    drawn.add_scatter(
        x=days,
        y=[figure.value for figure in found],
        mode="lines",
        line={"color": _faded(accent, 0.7), "width": 1, "dash": "dot"},
        showlegend=False,
        hovertemplate=f"expected: %{{y:{form}}}<extra></extra>",
    )


def _line(drawn: Any, starts: Sequence[date], item: Series, form: str) -> None:
    told = [(start, found) for start, found in zip(starts, item.points, strict=True) if found and _known(found)]
    if not told:
        return
    colour, dash, symbol = item.style
    found = [figure for _, figure in told]
    muted = charts.ink().muted
    drawn.add_scatter(
        x=[start for start, _ in told],
        y=[figure.value for figure in found],
        name=item.name,
        mode="lines+markers",
        line={"color": colour, "dash": dash, "width": 2.5 if item.strong else 1.5},
        marker={
            "color": [colour if figure.enough else muted for figure in found],
            "symbol": [symbol if figure.enough else "circle-open" for figure in found],
            "size": 8 if item.strong else 6,
        },
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [figure.high - figure.value for figure in found],
            "arrayminus": [figure.value - figure.low for figure in found],
            "color": _faded(colour, 1.0 if item.strong else 0.4),
            "thickness": 1.6 if item.strong else 1,
            "width": 3 if item.strong else 0,
        },
        customdata=[[figure.low, figure.high, figure.n] for figure in found],
        hovertemplate=(
            f"{item.name}: %{{y:{form}}} [%{{customdata[0]:{form}}}, %{{customdata[1]:{form}}}], "
            "n = %{customdata[2]:,}<extra></extra>"
        ),
    )


def _known(figure: Measured) -> bool:
    return figure.value == figure.value


def _faded(colour: str, opacity: float) -> str:
    """A hex colour with an opacity.

    >>> _faded("#0072B2", 0.5)
    'rgba(0, 114, 178, 0.5)'
    """
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity})"


def ripeness(starts: Sequence[date], parts: Mapping[str, Sequence[int]], height: int = 190) -> Any:
    """Rows per period: judged, mature without an outcome, not mature yet, stacked."""
    colours = charts.ink()
    tones = (colours.accent, colours.rules, _faded(colours.rules, 0.35))
    drawn = charts.figure(height=height, y_title="rows")
    for (name, counts), colour in zip(parts.items(), tones, strict=True):
        drawn.add_bar(
            x=list(starts),
            y=list(counts),
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"{name}: %{{y:,}}<extra></extra>",
        )
    drawn.update_layout(barmode="stack", showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    drawn.update_xaxes(type="date", showgrid=False, hoverformat="%-d %b %Y")
    drawn.update_yaxes(tickformat=",d")
    return drawn


def reliability(steps: Sequence[tuple[float, float, float, float]], reach: float) -> Any:
    """The isotonic rate against the probability that was given, and the diagonal where both are equal."""
    colours = charts.ink()
    drawn = charts.figure(height=340, x_title="probability given", y_title="share that happened")
    diagonal = {"color": colours.muted, "width": 1, "dash": "dot"}
    drawn.add_scatter(x=[0, reach], y=[0, reach], mode="lines", line=diagonal, hoverinfo="skip")
    drawn.add_scatter(
        x=[edge for low, high, _, _ in steps for edge in (low, high)],
        y=[rate for _, _, rate, _ in steps for _ in range(2)],
        mode="lines+markers",
        marker={"size": 5},
        line={"color": colours.accent, "width": 2.5},
        customdata=[rows for _, _, _, rows in steps for _ in range(2)],
        hovertemplate="given %{x:.1%}, happened %{y:.1%}, n = %{customdata:,}<extra></extra>",
    )
    form = ".0%" if reach > 0.2 else ".1%"
    drawn.update_xaxes(tickformat=form, range=[0, reach])
    drawn.update_yaxes(tickformat=form, range=[0, reach])
    return drawn
