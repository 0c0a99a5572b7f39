"""What stands behind one row's score: its classes' probabilities, its gauges, its place beside reference means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from core.domain.advice import ZONE_TONES, ZONES, Gauge, ReferenceMean
from core.domain.usecase import UseCase
from core.ui import charts, words

if TYPE_CHECKING:
    from core.services.scored_row import ScoredRow

GAUGE_PIXELS = 74
REACH = 200.0  # per cent of a reference mean, where the radar ends


def classes(use_case: UseCase, said: ScoredRow) -> None:
    """The champion's probability of every class."""
    likeliest = max(said.classes, key=lambda name: said.classes[name])
    finding = f"Most probable: {likeliest}, {words.percent(said.classes[likeliest])}"
    caption = f"Probabilities by the champion, version {said.version}; 1 {use_case.noun}."
    behind = [{"Class": name, "Probability": words.percent(p)} for name, p in reversed(list(said.classes.items()))]
    charts.show(class_bars(said.classes), finding, caption, behind, key="classes")


def class_bars(probabilities: Mapping[str, float]) -> Any:
    """One bar per class, the highest class on top, the most probable one in full colour."""
    drawn = charts.figure(height=40 + 34 * len(probabilities))
    likeliest = max(probabilities.values())
    drawn.add_bar(
        y=list(probabilities),
        x=list(probabilities.values()),
        orientation="h",
        marker={
            "color": charts.ink().accent,
            "opacity": [1.0 if p == likeliest else 0.45 for p in probabilities.values()],
        },
        text=[words.percent(p) for p in probabilities.values()],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    drawn.update_xaxes(range=[0, 1.18], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
    drawn.update_yaxes(showgrid=False, type="category", ticks="outside", ticklen=6, tickcolor="rgba(0,0,0,0)")
    return drawn


def gauges(use_case: UseCase, said: ScoredRow) -> None:
    """The row's gauges: in which zone each lies."""
    zones = [ZONES[gauge.reading(said.features[gauge.feature])] for gauge in use_case.gauges]
    names = [gauge.label.split(":")[0] for gauge in use_case.gauges]
    finding = ", ".join(f"{name} {zone}" for name, zone in zip(names, zones, strict=True))
    means = {item.feature: item.mean for item in use_case.reference_means}
    caption = f"Zones low, middle and high; the thin dotted line is the reference mean. 1 {use_case.noun}."
    behind = [
        {
            "Gauge": gauge.label,
            "Value": measured(said.features[gauge.feature], gauge.unit),
            "Zone": zone,
            "Low below": measured(gauge.low, gauge.unit),
            "High above": measured(gauge.high, gauge.unit),
        }
        for gauge, zone in zip(use_case.gauges, zones, strict=True)
    ]
    charts.show(gauge_rows(use_case.gauges, said.features, means), finding, caption, behind, key="gauges")


def gauge_rows(shown: Sequence[Gauge], features: Mapping[str, float], means: Mapping[str, float]) -> Any:
    """One scale per gauge, each from its own minimum to its own maximum."""
    drawn = charts.figure(height=GAUGE_PIXELS * len(shown))
    for place, gauge in enumerate(shown):
        _scale(drawn, gauge, -place)
        _needle(drawn, gauge, -place, features[gauge.feature], means.get(gauge.feature))
    drawn.update_xaxes(range=[0, 1], visible=False)
    drawn.update_yaxes(range=[0.25 - len(shown), 0.7], visible=False)
    drawn.update_layout(barmode="overlay", margin={"l": 8, "r": 8, "t": 0, "b": 0})
    return drawn


def _scale(drawn: Any, gauge: Gauge, y: float) -> None:
    """The three zones as one bar, the ends of the zones in small figures below."""
    ends = (gauge.minimum, gauge.low, gauge.high, gauge.maximum)
    tones = charts.ink().tones
    for zone, (low, high) in enumerate(pairwise(ends)):
        drawn.add_bar(
            y=[y],
            base=[_place(gauge, low)],
            x=[_place(gauge, high) - _place(gauge, low)],
            width=0.26,
            orientation="h",
            marker={"color": tones[ZONE_TONES[zone]], "opacity": 0.55, "line": {"width": 0}},
            hovertemplate=f"{ZONES[zone]}: {measured(low)} to {measured(high, gauge.unit)}<extra></extra>",
        )
    for end, side in zip(ends, ("left", "center", "center", "right"), strict=True):
        _text(drawn, _place(gauge, end), y - 0.31, measured(end, gauge.unit), side, charts.ink().muted)


def _needle(drawn: Any, gauge: Gauge, y: float, value: float, mean: float | None) -> None:
    """Where the row stands, and where the reference mean does."""
    zone = ZONES[gauge.reading(value)]
    if mean is not None:
        line = {"color": charts.ink().muted, "width": 1.5, "dash": "dot"}
        drawn.add_shape(type="line", x0=_place(gauge, mean), x1=_place(gauge, mean), y0=y - 0.2, y1=y + 0.2, line=line)
    drawn.add_scatter(
        x=[_place(gauge, value)],
        y=[y],
        mode="markers",
        marker={"symbol": "line-ns", "size": 20, "line": {"width": 4, "color": charts.ink().text}},
        cliponaxis=False,
        hovertemplate=f"{gauge.label}: {measured(value, gauge.unit)}, {zone}<extra></extra>",
    )
    _text(drawn, 0, y + 0.36, gauge.label, "left", charts.ink().text)
    _text(drawn, 1, y + 0.36, f"<b>{measured(value, gauge.unit)}</b> · {zone}", "right", charts.ink().text)


def _text(drawn: Any, x: float, y: float, text: str, side: str, colour: str) -> None:
    size = 11 if colour == charts.ink().muted else 13
    drawn.add_annotation(x=x, y=y, text=text, xanchor=side, showarrow=False, font={"color": colour, "size": size})


def _place(gauge: Gauge, value: float) -> float:
    """Where on its scale a value lies, in [0, 1]; beyond an end, at that end."""
    return min(max((value - gauge.minimum) / (gauge.maximum - gauge.minimum), 0.0), 1.0)


def radar(use_case: UseCase, said: ScoredRow) -> None:
    """The row beside the documented reference means."""
    means = use_case.reference_means
    above = [item.label for item in means if said.features[item.feature] > item.mean]
    finding = f"Above the reference mean in {len(above)} of {len(means)}" + (f": {', '.join(above)}" if above else "")
    caption = (
        f"The {use_case.noun} as a line, the documented reference means as the light area at 100%; beyond "
        f"{REACH:.0f}% of a mean the line is cut off."
    )
    behind = [
        {
            "Figure": item.label,
            "Value": measured(said.features[item.feature], item.unit),
            "Reference mean": measured(item.mean, item.unit),
            "Of the mean": words.percent(said.features[item.feature] / item.mean, 0),
        }
        for item in means
    ]
    charts.show(radar_chart(means, said.features), finding, caption, behind, key="radar")


def radar_chart(means: Sequence[ReferenceMean], features: Mapping[str, float]) -> Any:
    """Each axis one figure, as a per cent of its reference mean."""
    colours = charts.ink()
    names = [f"{item.label}<br>{measured(features[item.feature], item.unit)}" for item in means]
    reached = [min(max(100 * features[item.feature] / item.mean, 0.0), REACH) for item in means]
    drawn = charts.figure(height=320)
    around = [*names, names[0]]
    drawn.add_scatterpolar(
        r=[100.0] * len(around), theta=around, fill="toself", mode="lines", hoverinfo="skip",
        line={"color": colours.rules, "width": 1}, fillcolor=colours.grid, opacity=0.8,
    )  # fmt: skip
    drawn.add_scatterpolar(
        r=[*reached, reached[0]], theta=around, mode="lines+markers",
        line={"color": colours.accent, "width": 2.5}, marker={"size": 7, "color": colours.accent},
        hovertemplate="%{theta}: %{r:.0f}% of the mean<extra></extra>",
    )  # fmt: skip
    ticks = {"color": colours.muted, "size": 11}
    drawn.update_layout(
        margin={"l": 64, "r": 64, "t": 44, "b": 40},
        polar={
            "bgcolor": "rgba(0,0,0,0)",
            "radialaxis": {
                "range": [0, REACH], "tickvals": [50, 100, 150, 200], "ticksuffix": "%", "gridcolor": colours.grid,
                "tickfont": ticks, "linecolor": colours.grid, "angle": 90, "tickangle": 90,
            },
            "angularaxis": {
                "gridcolor": colours.grid, "linecolor": colours.grid, "direction": "clockwise",
                "tickfont": {"color": colours.text, "size": 12},
            },
        },
    )  # fmt: skip
    return drawn


def measured(value: float, unit: str = "") -> str:
    """A value with its unit, to three digits.

    >>> measured(53.6912, "%"), measured(18, ""), measured(100.0, "%")
    ('53.7%', '18', '100%')
    """
    return f"{value:,.3g}{unit}"
