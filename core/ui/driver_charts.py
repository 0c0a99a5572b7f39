"""Charts about columns: points with intervals by arm, by value, by pair; the score over two columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.domain.policy import Tone
from core.domain.usecase import UseCase
from core.services.governing.acting import acting_model
from core.ui import charts, state
from core.ui.interval_chart import whiskers

Style = tuple[str, str, str]  # colour, dash, marker


@dataclass(frozen=True)
class Dots:
    """One arm's value and interval per row of the chart."""

    name: str
    style: Style
    value: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    hollow: Sequence[bool] = ()  # too few rows, or nothing to say: drawn hollow and grey


def style_of(use_case: UseCase, model: str) -> Style:
    """Colour, dash and marker of a model beside the one that acts."""
    return charts.arm_style(model, acting_model(state.desk(), use_case), use_case.recipe.model_names)


def dot_rows(rows: Sequence[str], arms: Sequence[Dots], x_title: str) -> Any:
    """Rows from the top down, one dot with its interval per arm, side by side within a row."""
    step = 0.62 / max(len(arms), 1)
    drawn = charts.figure(height=96 + len(rows) * max(26, 13 * len(arms)), x_title=x_title)
    grey = charts.ink().muted
    for place, arm in enumerate(arms):
        colour, _, symbol = arm.style
        hollow = arm.hollow or [False] * len(rows)
        colours = [grey if empty else colour for empty in hollow]
        drawn.add_scatter(
            x=list(arm.value),
            y=[row + (place - (len(arms) - 1) / 2) * step for row in range(len(rows))],
            mode="markers",
            name=arm.name,
            marker={
                "color": colours,
                "symbol": [f"{symbol.removesuffix('-open')}-open" if empty else symbol for empty in hollow],
                "size": 9,
                "line": {"color": colours, "width": 1.5},
            },
            error_x=whiskers(arm.value, arm.low, arm.high, colour, 1.5, 3),
            text=list(rows),
            hovertemplate=f"%{{text}}, {arm.name}: %{{x:.3g}}<extra></extra>",
            cliponaxis=False,
        )
    _down(drawn, rows)
    _legend(drawn, len(arms))
    return drawn


def _down(drawn: Any, rows: Sequence[str]) -> None:
    """Rows from the top down."""
    ticks = {"tickvals": list(range(len(rows))), "ticktext": list(rows)}
    drawn.update_yaxes(range=[len(rows) - 0.4, -0.6], showgrid=False, zeroline=False, **ticks)


def _legend(drawn: Any, n: int) -> None:
    drawn.update_layout(showlegend=n > 1, legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0})


def by_value(labels: Sequence[str], dots: Dots, y_title: str) -> Any:
    """A dot with its interval per level or range, from left to right; 0 is marked."""
    colour = dots.style[0]
    hollow = dots.hollow or [False] * len(labels)
    colours = [charts.ink().muted if empty else colour for empty in hollow]
    drawn = charts.figure(height=320, y_title=y_title)
    drawn.add_scatter(
        x=list(range(len(labels))),
        y=list(dots.value),
        mode="markers",
        marker={
            "color": colours,
            "symbol": ["circle-open" if empty else "circle" for empty in hollow],
            "size": 10,
            "line": {"color": colours, "width": 2},
        },
        error_y=whiskers(dots.value, dots.low, dots.high, colour, 1.5, 4),
        text=list(labels),
        hovertemplate="%{text}: %{y:.3g}<extra></extra>",
    )
    drawn.add_hline(y=0, line={"color": charts.ink().muted, "width": 1, "dash": "dot"})
    drawn.update_xaxes(
        tickvals=list(range(len(labels))), ticktext=list(labels), range=[-0.6, len(labels) - 0.4], showgrid=False
    )
    return drawn


def curve(xs: Sequence[Any], ys: Sequence[float], style: Style, titles: tuple[str, str], levels: bool) -> Any:
    """The score at each value: a line over numbers and dates, dots over levels."""
    colour, dash, symbol = style
    drawn = charts.figure(height=320, x_title=titles[0], y_title=titles[1])
    drawn.add_scatter(
        x=list(xs),
        y=list(ys),
        mode="markers" if levels else "lines+markers",
        line={"color": colour, "dash": dash, "width": 2},
        marker={"color": colour, "symbol": symbol, "size": 9 if levels else 5},
        hovertemplate="%{x}: %{y:.4g}<extra></extra>",
    )
    if levels:
        drawn.update_xaxes(type="category", showgrid=False)
    return drawn


def matrix(
    across: Sequence[str], down: Sequence[str], cells: Sequence[Sequence[float]], texts: Sequence[Sequence[str]]
) -> Any:
    """A heat map of sizes from the page's colour to the accent, each cell with its number; NaN stays empty."""
    colours = charts.ink()
    drawn = charts.figure(height=110 + 34 * len(down))
    drawn.add_heatmap(
        x=list(range(len(across))),
        y=list(range(len(down))),
        z=[list(row) for row in cells],
        text=[list(row) for row in texts],
        texttemplate="%{text}",
        colorscale=[[0, colours.page], [1, colours.accent]],
        zmin=0,
        zmax=max([cell for row in cells for cell in row if cell == cell], default=1.0) or 1.0,
        showscale=False,
        hoverongaps=False,
        hovertemplate="%{text}<extra></extra>",
        xgap=2,
        ygap=2,
    )
    drawn.update_xaxes(tickvals=list(range(len(across))), ticktext=list(across), tickangle=-35)
    drawn.update_yaxes(tickvals=list(range(len(down))), ticktext=list(down), autorange="reversed")
    for update in (drawn.update_xaxes, drawn.update_yaxes):
        update(showgrid=False, zeroline=False)
    return drawn


@dataclass(frozen=True)
class Ground:
    """Scores and bands over two axes, as they are to be drawn."""

    xs: Sequence[Any]
    ys: Sequence[Any]
    scores: Sequence[Sequence[float]]  # as shown: per cent where the score is one
    bands: Sequence[Sequence[int]]
    named: Sequence[tuple[str, Tone]]  # the policy's bands, from the highest down
    cutoffs: Sequence[float]  # as shown
    titles: tuple[str, str]
    numbers: tuple[bool, bool]


def boundary(ground: Ground) -> Any:
    """Bands as tinted ground, the cutoffs between them as lines where both axes are numbers."""
    colours = charts.ink()
    drawn = charts.figure(height=460, x_title=ground.titles[0], y_title=ground.titles[1])
    top = max(len(ground.named) - 1, 1)
    tints = [colours.tones[tone] for _, tone in ground.named]
    steps = [[(place + end) / len(tints), tint] for place, tint in enumerate(tints) for end in (0, 1)]
    drawn.add_heatmap(
        x=list(ground.xs),
        y=list(ground.ys),
        z=[list(row) for row in ground.bands],
        zmin=-0.5,
        zmax=top + 0.5 if len(tints) > 1 else 0.5,
        colorscale=steps,
        opacity=0.55,
        showscale=False,
        customdata=[
            [[score, ground.named[band][0]] for score, band in zip(scores, bands, strict=True)]
            for scores, bands in zip(ground.scores, ground.bands, strict=True)
        ],
        hovertemplate="%{x}, %{y}: %{customdata[0]:.3g}, %{customdata[1]}<extra></extra>",
    )
    if all(ground.numbers) and len(ground.xs) > 1 and len(ground.ys) > 1:
        for cutoff in ground.cutoffs:
            drawn.add_contour(
                x=list(ground.xs),
                y=list(ground.ys),
                z=[list(row) for row in ground.scores],
                contours={"coloring": "none", "start": cutoff, "end": cutoff, "size": 1, "showlabels": True},
                line={"color": colours.text, "width": 1.5},
                showscale=False,
                showlegend=False,
                hoverinfo="skip",
            )
    _name_bands(drawn, ground)
    return drawn


def _name_bands(drawn: Any, ground: Ground) -> None:
    for name, tone in ground.named:
        marker = {"symbol": "square", "color": charts.ink().tones[tone]}
        drawn.add_scatter(x=[None], y=[None], mode="markers", name=name, marker=marker)
    for update, number in ((drawn.update_xaxes, ground.numbers[0]), (drawn.update_yaxes, ground.numbers[1])):
        update(showgrid=False, **({} if number else {"type": "category"}))
    _legend(drawn, 2)


def ranges(rows: Sequence[str], sides: Mapping[str, tuple[Style, Sequence[tuple[float, ...]]]], x_title: str) -> Any:
    """From the 10th to the 90th per cent of each row's points, the median as a dot; one line per side."""
    step = 0.5 / max(len(sides), 1)
    drawn = charts.figure(height=96 + 34 * len(rows), x_title=x_title)
    for place, (name, (style, spans)) in enumerate(sides.items()):
        colour, _, symbol = style
        low, median, high = ([span[end] for span in spans] for end in range(3))
        drawn.add_scatter(
            x=median,
            y=[row + (place - (len(sides) - 1) / 2) * step for row in range(len(rows))],
            mode="markers",
            name=name,
            marker={"color": colour, "symbol": symbol, "size": 8},
            error_x=whiskers(median, low, high, colour, 3, 0),
            text=list(rows),
            hovertemplate=f"%{{text}}, {name}: %{{x:.3g}}<extra></extra>",
        )
    _down(drawn, rows)
    _legend(drawn, len(sides))
    return drawn


def counted(rows: Sequence[str], counts: Sequence[int], whole: int) -> Any:
    """A bar per row with its count and its share of the whole."""
    drawn = charts.figure(height=80 + 34 * len(rows))
    drawn.add_bar(
        y=list(range(len(rows))),
        x=list(counts),
        orientation="h",
        marker={"color": charts.ink().accent},
        text=[f"{count:,} · {count / max(whole, 1):.0%}" for count in counts],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{x:,}<extra></extra>",
    )
    drawn.update_xaxes(range=[0, max([*counts, 1]) * 1.4], showgrid=False, showticklabels=False)
    drawn.update_yaxes(tickvals=list(range(len(rows))), ticktext=list(rows), showgrid=False, autorange="reversed")
    return drawn
