"""Latency over time with its limits; the days of the promise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import streamlit as st

from core.domain.policy import Tone
from core.domain.service_level import ERROR, FAR_TOO_SLOW_MS, PROMISED, SLOW_MS, Availability
from core.services.health_report import DAY, Health, Slot
from core.ui import charts, service_words, words
from core.ui.interval_chart import whiskers

_LOOKS = {"p50": ("dot", 1.5), "p95": ("solid", 2.5), "p99": ("dash", 1.5)}


def latency(seen: Health, span: str) -> None:
    """p50, p95 and p99 of single scores per hour or day, with both limits."""
    found = seen.window.latency.get("p95")
    if found is None:
        return
    told = [slot for slot in seen.slots if slot.latency]
    finding = f"p95 of single scores: {service_words.ms(found.value)}, {service_words.between(found)}"
    step = "hour" if span == DAY else "day"
    caption = (
        f"Per {step} (UTC), n = {words.count(found.n)} answered single scores in {span}. From the call to the answer, "
        f"the log's write included; percentiles are exact to {words.percent(ERROR, 0)}. Bars: 95 % intervals of p95. "
        "The latency in the log is another: scoring alone, and of a file the time of a chunk divided by its rows."
    )
    charts.show(_latency_figure(told), finding, caption, _behind(told), f"latency:{span}")


def _latency_figure(slots: Sequence[Slot]) -> Any:
    colours, times = charts.ink(), [slot.begins for slot in slots]
    drawn = charts.figure(height=320, y_title="ms")
    for name, (dash, width) in _LOOKS.items():
        values = [slot.latency[name].value for slot in slots]
        colour = colours.accent if name == "p95" else colours.muted
        found = [slot.latency[name] for slot in slots]
        drawn.add_scatter(
            x=times,
            y=values,
            name=name,
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": width},
            marker={"size": 7 if name == "p95" else 4},
            error_y=whiskers(values, [part.low for part in found], [part.high for part in found], colour, 1.4, 3)
            if name == "p95"
            else None,
            customdata=[part.n for part in found],
            hovertemplate=f"{name}: %{{y:,.3~g}} ms, n = %{{customdata:,}}<extra></extra>",
        )
    for limit, word, tone in ((SLOW_MS, "slow", Tone.POOR), (FAR_TOO_SLOW_MS, "far too slow", Tone.BAD)):
        drawn.add_hline(y=limit, line={"color": colours.tones[tone], "width": 1.5, "dash": "dot"})
        drawn.add_annotation(
            x=0,
            y=math.log10(limit),
            xref="x domain",
            xanchor="left",
            yanchor="bottom",
            text=f"{limit:.0f} ms: {word}",
            showarrow=False,
            font={"size": 11, "color": colours.muted},
        )
    highest = max([FAR_TOO_SLOW_MS, *(slot.latency["p99"].value for slot in slots)])
    lowest = min(slot.latency["p50"].value for slot in slots)
    reach = [math.floor(math.log10(lowest) * 2) / 2, math.log10(highest) + 0.25]
    drawn.update_yaxes(type="log", tickformat=",~g", dtick=1, range=reach)
    drawn.update_xaxes(type="date", hoverformat="%-d %b %Y, %H:%M")
    drawn.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})
    return drawn


def _behind(slots: Sequence[Slot]) -> list[dict[str, Any]]:
    return [
        {
            "From": slot.begins,
            "Requests": slot.n,
            "Input refused": slot.refused,
            "Errors": slot.errors,
            "Error rate, low": slot.error_rate.low,
            "Error rate, high": slot.error_rate.high,
            **{f"{name} (ms)": found.value for name, found in slot.latency.items()},
            "p95, low": slot.latency["p95"].low,
            "p95, high": slot.latency["p95"].high if math.isfinite(slot.latency["p95"].high) else None,
            "Single scores": slot.latency["p95"].n,
        }
        for slot in slots
    ]


def days(seen: Health) -> None:
    """Each day: there, away, not known."""
    st.subheader("Was it there?", anchor=False)
    promise = seen.promise
    mark, said = service_words.KEPT[promise.kept()]
    st.markdown(service_words.state(mark, said))
    down = words.duration(promise.down_s) if promise.down_s else "never"
    finding = f"There {service_words.here(promise)} of the known time, away {down}"
    if promise.share is None:
        finding = "No beat was heard yet, so nothing is known"
    first = seen.at - timedelta(seconds=promise.known_s)
    caption = (
        f"{words.percent(promise.known_share)} of the 30 days until {words.exact(seen.at)} is known"
        + (f", since {words.exact(first)}. " if promise.known_s else ". ")
        + "The desk beats each minute; a silence longer than 3 beats is time away, whoever stopped it; before the "
        f"first beat nothing is known. {words.percent(PROMISED)} is promised: 3 h 36 min away in 30 days at most."
    )
    behind = [_day_row(day, found) for day, found in seen.days.items()]
    charts.show(_days_figure(seen.days), finding, caption, behind, "availability")


def _day_row(day: date, found: Availability) -> dict[str, Any]:
    return {
        "Day": day,
        "There": found.share,
        "Known (h)": round(found.known_s / 3_600, 2),
        "Away (min)": round(found.down_s / 60, 1),
    }


def _days_figure(days: Mapping[date, Availability]) -> Any:
    colours = charts.ink()
    hours = {
        "there": [(found.known_s - found.down_s) / 3_600 for found in days.values()],
        "away": [found.down_s / 3_600 for found in days.values()],
        "not known": [((found.until - found.since).total_seconds() - found.known_s) / 3_600 for found in days.values()],
    }
    fills = {"there": colours.accent, "away": colours.tones[Tone.BAD], "not known": colours.grid}
    drawn = charts.figure(height=190, y_title="hours")
    for name, values in hours.items():
        drawn.add_bar(
            x=list(days),
            y=values,
            name=name,
            marker={"color": fills[name], "line": {"width": 0}, "pattern": {"shape": "/" if name == "away" else ""}},
            hovertemplate=f"{name}: %{{y:.2f}} h<extra></extra>",
        )
    drawn.update_layout(barmode="stack", showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    drawn.update_xaxes(type="date", showgrid=False, hoverformat="%-d %b %Y")
    drawn.update_yaxes(range=[0, 24], dtick=6)
    return drawn
