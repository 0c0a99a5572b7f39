"""The charts of the Why page: the scores an entity had, the way from the base to the score, reasons beside reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.domain.explained import Explanation, Reason, TrendPoint
from core.domain.policy import Tone
from core.domain.usecase import UseCase
from core.ui import charts, words
from core.ui.why_words import base_name, brief, of_value, points, scale, short

ROW_PIXELS = 30
SHOWN = 7  # columns of the waterfall; the others are summed into one bar
LARGEST = 8  # columns of the models side by side
REST = " other columns"


def hue(helps: bool) -> str:
    """The colour of what helps and of what hurts; words and signs stand beside it everywhere."""
    return charts.ink().tones[Tone.GOOD if helps else Tone.BAD]


def helping(use_case: UseCase, value: float) -> bool:
    """Whether points move a score to its better end."""
    return (value >= 0) == use_case.higher_is_better


def steps(reasons: Sequence[Reason], shown: int = SHOWN) -> list[tuple[str, float]]:
    """The largest columns and what they add, the others summed up last; zero columns are left out."""
    moving = [reason for reason in reasons if reason.points]
    head, rest = moving[:shown], moving[shown:]
    if len(rest) == 1:  # one column takes no more room than the line that would stand for it
        head, rest = moving, []
    listed = [(of_value(reason), reason.points) for reason in head]
    return listed + ([(f"{len(rest)}{REST}", sum(reason.points for reason in rest))] if rest else [])


def waterfall(use_case: UseCase, said: Explanation) -> Any:
    """Bars that float from the base, the largest first, to the score."""
    bars = steps(said.reasons)
    names = [base_name(use_case), *_numbered(bars), "This score"]
    drawn = charts.figure(height=60 + ROW_PIXELS * len(names))
    at, edges = said.base, [said.base]
    for (title, value), name in zip(bars, names[1:], strict=False):
        _bar(drawn, name, at, value, hue(helping(use_case, value)), f"{title}: {points(use_case, value)}")
        at += value
        edges.append(at)
    edges.append(said.score)
    for name, value, symbol in ((names[0], said.base, "circle-open"), (names[-1], said.score, "diamond")):
        drawn.add_scatter(
            x=[value], y=[name], mode="markers",
            marker={"color": charts.ink().text, "symbol": symbol, "size": 11, "line": {"width": 2}},
            hovertemplate=f"{name}: {words.score(use_case, value)}<extra></extra>", cliponaxis=False,
        )  # fmt: skip
    _ends(drawn, use_case, names, bars, edges)
    drawn.add_vline(x=said.base, line={"color": charts.ink().muted, "width": 1, "dash": "dot"})
    drawn.update_yaxes(categoryorder="array", categoryarray=names[::-1], showgrid=False, type="category")
    _scale(drawn, use_case, edges)
    return drawn


def _numbered(bars: Sequence[tuple[str, float]]) -> list[str]:
    """The names beside the bars, told apart by their place: two columns may be shortened to the same name."""
    return [name if name.endswith(REST) else f"{place}. {short(name)}" for place, (name, _) in enumerate(bars, 1)]


def _bar(drawn: Any, name: str, base: float, value: float, colour: str, says: str) -> None:
    drawn.add_bar(
        y=[name], x=[value], base=[base], orientation="h", width=0.62,
        marker={"color": colour, "line": {"width": 0}}, hovertemplate=f"{says}<extra></extra>",
    )  # fmt: skip


def _ends(
    drawn: Any, use_case: UseCase, names: Sequence[str], bars: Sequence[tuple[str, float]], edges: Sequence[float]
) -> None:
    """What each bar adds, right of it; base and score with their value."""
    colours = charts.ink()
    ends = [(edges[0], words.score(use_case, edges[0]))]
    ends += [(max(edges[place], edges[place + 1]), brief(use_case, value)) for place, (_, value) in enumerate(bars)]
    ends += [(edges[-1], f"<b>{words.score(use_case, edges[-1])}</b>")]
    for name, (x, text) in zip(names, ends, strict=True):
        font = {"color": colours.text, "size": 12}
        drawn.add_annotation(x=x, y=name, text=text, xanchor="left", xshift=8, showarrow=False, font=font)


def _scale(drawn: Any, use_case: UseCase, edges: Sequence[float]) -> None:
    """From the lowest to the highest edge, with room for the figures on the right."""
    low, high = min(edges), max(edges)
    room = (high - low) or abs(high) or 1.0
    drawn.update_xaxes(range=[low - 0.06 * room, high + 0.28 * room], nticks=5, zeroline=False)
    drawn.update_xaxes(tickformat=tick(use_case, room))


def tick(use_case: UseCase, room: float) -> str:
    """The axis format of scores, with a decimal where the axis is short."""
    if use_case.policy.score_format != "percent":
        return ",.4~g"
    return ".0%" if room > 0.06 else ".1%"


def waterfall_table(use_case: UseCase, said: Explanation) -> list[dict[str, Any]]:
    """Every column, what it is and adds, and where the sum stands after it."""
    at, rows = said.base, [{"Step": base_name(use_case), "Adds": "", "Score": words.score(use_case, said.base)}]
    for reason in said.reasons:
        at += reason.points
        rows.append(
            {"Step": of_value(reason), "Adds": points(use_case, reason.points), "Score": words.score(use_case, at)}
        )
    return rows


def trend(use_case: UseCase, said: Explanation) -> Any:
    """The scores of an entity over time: the band in the marker's colour, this one larger."""
    colours = charts.ink()
    tones = {band.name: band.tone for band in use_case.policy.bands}
    shown = list(said.trend)
    drawn = charts.figure(height=170)
    mine = [point.prediction_id == said.prediction_id for point in shown]
    drawn.add_scatter(
        x=[point.as_of for point in shown],
        y=[point.score for point in shown],
        mode="lines+markers",
        line={"color": colours.accent, "width": 2},
        marker={
            "color": [colours.tones[tones[point.band]] if point.band in tones else colours.accent for point in shown],
            "size": [14 if this else 9 for this in mine],
            "line": {"color": [colours.text if this else colours.page for this in mine], "width": 1.5},
        },
        customdata=[[point.band, point.version, words.score(use_case, point.score)] for point in shown],
        hovertemplate="%{x|%d %b %Y}: %{customdata[2]}, %{customdata[0]}, version %{customdata[1]}<extra></extra>",
        cliponaxis=False,
    )
    values = [point.score for point in shown]
    drawn.update_yaxes(tickformat=tick(use_case, max(values) - min(values)), nticks=4, rangemode="tozero")
    drawn.update_xaxes(tickformat="%d %b %Y", nticks=4, showgrid=False)
    return drawn


def trend_table(use_case: UseCase, points_: Sequence[TrendPoint]) -> list[dict[str, Any]]:
    """The scores of an entity, newest first."""
    return [
        {
            "As of": words.exact(point.as_of),
            "Score": words.score(use_case, point.score),
            "Band": point.band,
            "Version": point.version,
            "Scored": words.exact(point.scored_at),
            "Prediction": point.prediction_id,
        }
        for point in reversed(points_)
    ]


def side_by_side(use_case: UseCase, said: Explanation, champion: str, names: Mapping[str, str]) -> Any:
    """Every model's points for the columns that matter most to any of them, one mark per model.

    `names` gives a column its title.
    """
    columns = largest(said)
    models = list(said.models)
    times, unit = scale(use_case)
    drawn = charts.figure(height=80 + 40 * len(columns), x_title=unit)
    for model in sorted(models, key=lambda name: name == champion):
        colour, dash, symbol = charts.arm_style(model, champion, models)
        drawn.add_scatter(
            x=[times * said.models[model].points[column] for column in columns],
            y=[short(names[column]) for column in columns],
            mode="lines+markers",
            name=model,
            line={"color": colour, "dash": dash, "width": 2.5 if model == champion else 1.2},
            marker={"color": colour, "symbol": symbol, "size": 11},
            text=[points(use_case, said.models[model].points[column]) for column in columns],
            hovertemplate=f"{model}: %{{y}} %{{text}}<extra></extra>",
            cliponaxis=False,
        )
    drawn.add_vline(x=0, line={"color": charts.ink().muted, "width": 1})
    drawn.update_yaxes(autorange="reversed", type="category")
    drawn.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})
    drawn.update_xaxes(tickformat="+,.3~g", nticks=6)
    return drawn


def largest(said: Explanation, n: int = LARGEST) -> list[str]:
    """The columns with the largest points in any model, the largest first."""
    peak = {
        reason.column: max(abs(part.points.get(reason.column, 0.0)) for part in said.models.values())
        for reason in said.reasons
    }
    return sorted(peak, key=lambda column: -peak[column])[:n]


def differences(use_case: UseCase, gaps: Sequence[tuple[str, float]]) -> Any:
    """What each column makes of the difference between two scores, the largest first."""
    names = _numbered(gaps)
    times, unit = scale(use_case)
    drawn = charts.figure(height=76 + ROW_PIXELS * len(gaps), x_title=unit)
    for name, (title, value) in zip(names, gaps, strict=True):
        _bar(drawn, name, 0.0, times * value, hue(helping(use_case, value)), f"{title}: {points(use_case, value)}")
        font = {"color": charts.ink().text, "size": 12}
        drawn.add_annotation(
            x=max(times * value, 0),
            y=name,
            text=brief(use_case, value),
            xanchor="left",
            xshift=6,
            showarrow=False,
            font=font,
        )
    drawn.update_yaxes(categoryorder="array", categoryarray=names[::-1], showgrid=False, type="category")
    _scale(drawn, use_case, [0.0, *(times * value for _, value in gaps)])
    drawn.update_xaxes(tickformat="+,.3~g")
    return drawn
