"""Every chart of the desk: one template, one meaning per colour and dash, drawn from bins and never from rows.

The champion is the accent, solid; challengers are three fixed hues, dashed; the rules are grey, dotted.
Hues are Okabe-Ito's. plotly is imported when the first chart is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import streamlit as st

from core.domain.policy import Tone
from core.ui import audit_taken


@dataclass(frozen=True)
class Ink:
    """The colours of one theme."""

    page: str
    text: str
    muted: str
    grid: str
    accent: str
    challengers: tuple[str, str, str]
    rules: str
    tones: Mapping[Tone, str]


LIGHT = Ink(
    page="#FFFFFF",
    text="#101820",
    muted="#53606D",
    grid="#E3E8ED",
    accent="#0072B2",
    challengers=("#D55E00", "#009E73", "#B65B8D"),
    rules="#6B7785",
    tones={Tone.GOOD: "#009E73", Tone.FAIR: "#56B4E9", Tone.POOR: "#E69F00", Tone.BAD: "#D55E00"},
)
DARK = Ink(
    page="#10161D",
    text="#E6EBF0",
    muted="#B0BCC8",
    grid="#2A3541",
    accent="#56B4E9",
    challengers=("#EC7A2A", "#2DBE93", "#DE93BD"),
    rules="#93A1AF",
    tones={Tone.GOOD: "#2DBE93", Tone.FAIR: "#56B4E9", Tone.POOR: "#E69F00", Tone.BAD: "#EC7A2A"},
)


def ink() -> Ink:
    """The colours of the theme the person looks at."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def arm_style(name: str, champion: str, models: Sequence[str]) -> tuple[str, str, str]:
    """Colour, dash and marker of a model, the consensus or the rules: the same on every page."""
    colours = ink()
    if name == champion:
        return colours.accent, "solid", "circle"
    if name == "rules":
        return colours.rules, "dot", "x-thin-open"
    if name == "consensus":
        return colours.text, "solid", "diamond-open"
    place = [model for model in models if model != champion].index(name)
    return colours.challengers[place % 3], "dash", ("square", "triangle-up", "pentagon")[place % 3]


def figure(height: int, x_title: str = "", y_title: str = "") -> Any:
    """An empty figure in the desk's template."""
    import plotly.graph_objects as go

    colours = ink()
    axis = {
        "gridcolor": colours.grid,
        "linecolor": colours.grid,
        "zerolinecolor": colours.grid,
        "tickfont": {"color": colours.muted, "size": 12},
        "title": {"font": {"color": colours.muted, "size": 12}, "standoff": 8},
        "automargin": True,
    }
    template = go.layout.Template(
        layout={
            "font": {"family": "Source Sans, sans-serif", "color": colours.text, "size": 13},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "margin": {"l": 8, "r": 12, "t": 24, "b": 8},
            "xaxis": axis,
            "yaxis": axis,
            "showlegend": False,
            "bargap": 0.04,
            "hoverlabel": {"font": {"family": "Source Sans, sans-serif"}},
        }
    )
    layout = {"template": template, "height": height, "xaxis": {"title": {"text": x_title}}}
    return go.Figure(layout=layout | {"yaxis": {"title": {"text": y_title}}})


def show(drawn: Any, finding: str, caption: str, table: Any, key: str) -> None:
    """A figure under its finding, with n, version and period below and its table one click away."""
    st.markdown(f"**{finding}**")
    st.plotly_chart(
        drawn, theme=None, width="stretch", key=key, alt=f"{finding}. {caption}", config={"displayModeBar": False}
    )
    st.caption(caption)
    behind = st.expander("The table behind the chart", key=f"{key}:table", on_change="rerun")
    if behind.open:
        behind.dataframe(table, hide_index=True, width="stretch", alt=f"The table behind: {finding}")
        with behind:
            audit_taken.csv_button(table, key.replace(":", "_"), f"{key}:csv")


def dot_plot(
    scores: Mapping[str, float],
    champion: str,
    cutoffs: Sequence[float],
    bands: Sequence[str],
    percent: bool,
    rules: str = "",
) -> Any:
    """One dot per model, the consensus below them, the champion's cutoffs as lines between its bands.

    `rules` is what the rules say, in words: their score has a scale of its own, so they get no dot.
    """
    models = [name for name in scores if name != "consensus"]
    drawn = figure(height=64 + 34 * (len(scores) + bool(rules)))
    form = ".1%" if percent else ",.4g"
    for name, value in scores.items():
        colour, dash, symbol = arm_style(name, champion, models)
        drawn.add_scatter(
            x=[0, value],
            y=[name, name],
            mode="lines+markers+text",
            line={"color": colour, "dash": dash, "width": 2 if name == champion else 1.5},
            marker={
                "color": colour,
                "symbol": symbol,
                "size": [0, 12],
                "opacity": 1,
                "line": {"color": colour, "width": 2},
            },
            text=["", f"  {value:{form}}"],
            textposition="middle right",
            hovertemplate=f"{name}: %{{x:{form}}}<extra></extra>",
            cliponaxis=False,
        )
    _mark_cutoffs(drawn, list(cutoffs), bands, max(scores.values()))
    if rules:
        _say_rules(drawn, rules)
    drawn.update_yaxes(autorange="reversed", showgrid=False, type="category")
    drawn.update_yaxes(ticks="outside", ticklen=6, tickcolor="rgba(0,0,0,0)")
    reach = max([*scores.values(), *cutoffs])
    drawn.update_xaxes(tickformat=_tick_format(percent, reach))
    return drawn


def _say_rules(drawn: Any, rules: str) -> None:
    """A grey row of words where a dot would stand."""
    drawn.add_scatter(x=[0], y=["rules"], mode="markers", marker={"opacity": 0}, hoverinfo="skip")
    drawn.add_annotation(
        x=0,
        y="rules",
        xref="x domain",
        xanchor="left",
        text=rules,
        showarrow=False,
        font={"color": ink().rules},
        bgcolor=ink().page,
    )


def _tick_format(percent: bool, reach: float) -> str:
    if not percent:
        return ",.4~g"
    return ".0%" if reach > 0.2 else ".1%"


def _mark_cutoffs(drawn: Any, cutoffs: list[float], bands: Sequence[str], highest: float) -> None:
    """Lines at the cutoffs that lie in view, each named after the band that begins there."""
    reach = max([highest, *cutoffs]) if highest > 0 else highest
    for cutoff, band in zip(cutoffs, bands, strict=False):
        drawn.add_vline(
            x=cutoff,
            line={"color": ink().muted, "width": 1, "dash": "dot"},
            annotation={"text": band, "font": {"size": 11, "color": ink().muted}, "yanchor": "bottom", "yshift": 0},
            annotation_position="top",
        )
    if highest >= 0 and all(cutoff >= 0 for cutoff in cutoffs):
        drawn.update_xaxes(range=[0, reach * 1.28 or 1])


def histogram(
    edges: Sequence[float],
    counts: Sequence[int],
    cutoffs: Sequence[float],
    bands: Sequence[tuple[str, Tone]],
    **axis: Any,
) -> Any:
    """Scores in bins, each bar in the tone of the band its middle falls into; cutoffs as lines."""
    colours = ink()
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    drawn = figure(height=280, x_title=axis["x_title"], y_title=axis["y_title"])
    drawn.update_yaxes(tickformat=",d", rangemode="tozero")
    percent = axis["percent"]
    form = ".1%" if percent else ",.4g"
    if not cutoffs:  # bands that are not cut from the score: no bin belongs to one
        drawn.add_bar(x=middles, y=list(counts), marker={"color": colours.accent})
        return drawn
    places = [sum(middle < cutoff for cutoff in cutoffs) for middle in middles]
    for place, (band, tone) in enumerate(bands):
        mine = [index for index, of in enumerate(places) if of == place]
        drawn.add_bar(
            x=[middles[index] for index in mine],
            y=[counts[index] for index in mine],
            width=[edges[index + 1] - edges[index] for index in mine],
            marker={"color": colours.tones[tone], "line": {"width": 0}},
            customdata=[[edges[index], edges[index + 1]] for index in mine],
            hovertemplate=f"{band}: %{{customdata[0]:{form}}} to %{{customdata[1]:{form}}}, %{{y:,}}<extra></extra>",
            name=band,
        )
    _mark_in_view(drawn, cutoffs, [band for band, _ in bands], edges)
    drawn.update_xaxes(tickformat=_tick_format(percent, edges[-1]), showgrid=False)
    drawn.update_layout(barmode="overlay")
    return drawn


def _mark_in_view(drawn: Any, cutoffs: Sequence[float], names: Sequence[str], edges: Sequence[float]) -> None:
    """Lines at the cutoffs that lie in view; a name that would cover its neighbour's is left to the colours."""
    low, high = edges[0], edges[-1]
    named: list[float] = []
    for cutoff, name in sorted(zip(cutoffs, names, strict=False)):
        if not low <= cutoff <= high:
            continue
        text = name if all(abs(cutoff - other) > 0.12 * (high - low) for other in named) else ""
        named += [cutoff] if text else []
        drawn.add_vline(
            x=cutoff,
            line={"color": ink().muted, "width": 1, "dash": "dot"},
            annotation={"text": text, "font": {"size": 11, "color": ink().muted}, "yanchor": "bottom"},
            annotation_position="top",
        )


def band_bars(bands: Sequence[tuple[str, Tone, int]], n_rows: int) -> Any:
    """Rows per band, from the highest band down."""
    colours = ink()
    drawn = figure(height=280)
    drawn.add_bar(
        y=[name for name, _, _ in bands],
        x=[rows for _, _, rows in bands],
        orientation="h",
        marker={"color": [colours.tones[tone] for _, tone, _ in bands]},
        text=[f"{rows:,} · {rows / max(n_rows, 1):.1%}" for _, _, rows in bands],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:,} rows<extra></extra>",
    )
    most = max((rows for _, _, rows in bands), default=1)
    drawn.update_xaxes(range=[0, max(most, 1) * 1.8], showgrid=False, showticklabels=False)
    drawn.update_yaxes(autorange="reversed", showgrid=False, type="category")
    return drawn
