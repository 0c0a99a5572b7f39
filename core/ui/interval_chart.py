"""Intervals around points; figures of several arms with theirs, the ceiling as a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from core.ui import charts


def whiskers(
    value: Sequence[float],
    low: Sequence[float | None],
    high: Sequence[float | None],
    colour: str,
    thickness: float = 2,
    cap: float = 5,
) -> dict[str, Any]:
    """Intervals around points, for `error_x` or `error_y`: lines of this thickness with caps this wide, in pixels.

    An end that is not known, or lies on the wrong side of its point, draws nothing.

    Examples
    --------
    >>> drawn = whiskers([0.5, 0.2], [0.25, None], [0.75, float("nan")], "#000000")
    >>> drawn["array"], drawn["arrayminus"]
    ([0.25, 0.0], [0.25, 0.0])
    """

    def reach(near: float, far: float | None, sign: int) -> float:
        gap = float("nan") if far is None else sign * (far - near)
        return max(0.0, gap) if isfinite(gap) else 0.0

    return {
        "type": "data",
        "symmetric": False,
        "array": [reach(at, end, 1) for at, end in zip(value, high, strict=True)],
        "arrayminus": [reach(at, end, -1) for at, end in zip(value, low, strict=True)],
        "color": colour,
        "thickness": thickness,
        "width": cap,
    }


def interval_plot(
    arms: Mapping[str, Mapping[str, Any]], champion: str, models: Sequence[str], x_title: str, ceiling: float | None
) -> Any:
    """One row per arm: its point and its 95 % interval, in the colour and shape it has everywhere."""
    drawn = charts.figure(height=96 + 34 * len(arms), x_title=x_title)
    for name, figure in arms.items():
        colour, _, symbol = _style(name, champion, models)
        value = figure["value"]
        drawn.add_scatter(
            x=[value],
            y=[name],
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 11, "line": {"color": colour, "width": 2}},
            error_x=whiskers([value], [figure["low"]], [figure["high"]], colour),
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
