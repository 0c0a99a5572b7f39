"""One item: how its values fell in the reference and fall now, its measures, and how it came here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import streamlit as st

from core.domain.drift.bins import Bins, Counted
from core.domain.drift.judgement import Finding, Level
from core.domain.usecase import UseCase
from core.services.watching import drift_history
from core.services.watching.drift import Drift
from core.ui import charts, drift_choice, drift_moved, state, words
from core.ui import drift_words as say

MOST_LEVELS = 16
MISSING, OTHERS, NEW = "missing", "other levels", "new levels"


def show(use_case: UseCase, seen: Drift) -> None:
    """The item that is chosen."""
    item = drift_choice.item(use_case, seen)
    place = seen.against_reference.index(item)
    _found(use_case, seen, item)
    _overlaid(use_case, seen, item, place)
    _history(use_case, seen, item)


def _found(use_case: UseCase, seen: Drift, item: Finding) -> None:
    earlier = seen.beside(item)
    st.markdown(
        f"{say.LEVEL_ICON[item.level]} **{words.capitalised(item.level.value)}** against the reference; "
        f"{say.LEVEL_ICON[earlier.level]} {earlier.level.value} against {say.span(seen.earlier.window)}."
    )
    for sentence in (*item.why, *item.aside):
        st.markdown(f"- {say.safe(sentence)}")
    st.dataframe(
        [
            {"Against": name} | {key: value for key, value in drift_moved.row(use_case, side).items() if key != "Item"}
            for name, side in (("reference", item), (say.span(seen.earlier.window), earlier))
        ],
        hide_index=True,
        width="stretch",
        column_config=drift_moved.columns(),
        alt="Every measure of the item against the reference and against the window before",
    )


def _overlaid(use_case: UseCase, seen: Drift, item: Finding, place: int) -> None:
    bins = seen.reference.bins[place]
    labels, sides = sides_of(bins, seen.now.items[place], seen.earlier.items[place])
    title = say.shown(use_case, item.of, item.name)
    if not any(sides["now"]):
        st.info(f"No row of the window has {title}.", title="Nothing to draw.", icon=":material/hourglass_empty:")
        return
    shares = {name: _shares(rows) for name, rows in sides.items()}
    drawn = _drawn(labels, shares, (say.span(seen.window), say.span(seen.earlier.window)))
    reference, current = shares["reference"], shares["now"]
    most = int(np.argmax(np.abs(np.array(current) - np.array(reference))))
    now, then = words.percent(current[most]), words.percent(reference[most])
    finding = f"{title}: {now} at {say.safe(labels[most])}, {then} in the reference"
    behind = [
        {"Bin": label, "Reference": a, "Window": b, "Window before": c, "n reference": n, "n window": m}
        for label, a, b, c, n, m in zip(
            labels,
            *(shares[name] for name in ("reference", "now", "before")),
            sides["reference"],
            sides["now"],
            strict=True,
        )
    ]
    what = "tenths of the reference" if bins.is_number else "levels"
    caption = (
        f"Shares of rows in {what}; bars: reference, line: the window, dotted: the window before. {say.caption(seen)}"
    )
    charts.show(drawn, finding, caption, behind, f"drift-item:{use_case.key}")


def _drawn(labels: Sequence[str], shares: Mapping[str, Sequence[float]], spans: tuple[str, str]) -> Any:
    """The reference as bars, the window as a line, the window before dotted."""
    colours = charts.ink()
    drawn = charts.figure(height=360, y_title="Share of rows")
    drawn.add_bar(
        x=labels, y=shares["reference"], name="reference", marker={"color": colours.grid},
        hovertemplate="%{x}: %{y:.1%}",
    )  # fmt: skip
    drawn.add_scatter(
        x=labels, y=shares["before"], name=spans[1], mode="lines+markers",
        line={"color": colours.muted, "dash": "dot", "width": 1.5}, marker={"symbol": "circle-open", "size": 6},
        hovertemplate="%{x}: %{y:.1%}",
    )  # fmt: skip
    drawn.add_scatter(
        x=labels, y=shares["now"], name=spans[0], mode="lines+markers",
        line={"color": colours.accent, "width": 2}, marker={"symbol": "circle", "size": 8},
        hovertemplate="%{x}: %{y:.1%}",
    )  # fmt: skip
    drawn.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0}, bargap=0.2)
    drawn.update_yaxes(tickformat=".0%", rangemode="tozero")
    drawn.update_xaxes(type="category", showgrid=False)
    return drawn


def sides_of(bins: Bins, now: Counted, earlier: Counted) -> tuple[list[str], dict[str, list[int]]]:
    """Labels of what is drawn, and rows of the reference, the window and the window before in each."""
    counted = {"reference": bins.in_coarse(bins.counts), "now": _coarse(bins, now), "before": _coarse(bins, earlier)}
    labels = _ranges(bins) if bins.is_number else list(bins.levels)
    sides = {name: counts.tolist() for name, counts in counted.items()}
    if len(labels) > MOST_LEVELS:
        order = np.argsort(-(counted["reference"] + counted["now"]), kind="stable").tolist()
        kept, rest = order[: MOST_LEVELS - 1], order[MOST_LEVELS - 1 :]
        labels = [labels[k] for k in kept] + [OTHERS]
        sides = {name: [row[k] for k in kept] + [sum(row[k] for k in rest)] for name, row in sides.items()}
    absent = {"reference": bins.missing, "now": now.missing, "before": earlier.missing}
    unknown = {"reference": bins.other, "now": sum(now.unseen.values()), "before": sum(earlier.unseen.values())}
    for label, extra in ((MISSING, absent), (NEW, unknown)):
        if any(extra.values()):
            labels = [*labels, label]
            sides = {name: [*row, extra[name]] for name, row in sides.items()}
    return labels, sides


def _coarse(bins: Bins, counted: Counted) -> Any:
    return bins.in_coarse(counted.counts) if counted.fine else counted.counts


def _ranges(bins: Bins) -> list[str]:
    """Coarse bins in words; a bin of one value is that value."""
    edges = bins.coarse_edges
    if not edges:
        return ["any value"]
    if bins.points and len(edges) < 10 and int((bins.counts > 0).sum()) == len(edges) + 1:
        return [_number(edge) for edge in edges] + [_number(bins.high)]
    inner = [f"{_number(low)} – {_number(high)}" for low, high in pairwise(edges)]
    return [f"≤ {_number(edges[0])}", *inner, f"> {_number(edges[-1])}"]


def _number(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 1e6 else f"{value:.3g}"


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [n / total if total else 0.0 for n in counts]


def _history(use_case: UseCase, seen: Drift, item: Finding) -> None:
    """PSI of the item in every measured window, and the noise limit."""
    found = drift_history.history(state.desk(), state.actor(), use_case.key)
    rows = sorted(found.items.get((item.of, item.name), {}).items())
    if len(rows) < 2:
        return
    starts, results = [start for start, _ in rows], [row for _, row in rows]
    limits = [row["psi_limit"] if math.isfinite(row["psi_limit"]) else None for row in results]
    levels = [Level(row["level"]) for row in results]
    colours = charts.ink()
    drawn = charts.figure(height=240, y_title="PSI")
    drawn.add_scatter(
        x=starts, y=limits, mode="lines", line={"color": colours.muted, "dash": "dot", "shape": "hvh", "width": 1.5},
        hovertemplate="limit %{y:.3f}<extra></extra>",
    )  # fmt: skip
    drawn.add_scatter(
        x=starts, y=[row["psi"] for row in results], mode="lines+markers", line={"color": colours.accent, "width": 1.5},
        marker={"symbol": [say.LEVEL_SYMBOL[level] for level in levels], "size": 9,
                "color": [drift_moved.colour(level) for level in levels]},
        customdata=[[row["n"], row["level"]] for row in results],
        hovertemplate="%{x|%d %b %Y}: PSI %{y:.3f}, n = %{customdata[0]:,}, %{customdata[1]}<extra></extra>",
    )  # fmt: skip
    drawn.update_yaxes(rangemode="tozero")
    moved = sum(level.raised for level in levels)
    title = f"Moved in {moved} of {words.count(len(rows), 'measured window')}"
    days = say.between(starts[0].date(), found.windows[-1].last)
    caption = (
        "Dotted: the limit of each window, the policy's .10 or what chance makes of PSI. "
        f"n = {words.count(sum(row['n'] for row in results))}, {days}, "
        f"versions {', '.join(dict.fromkeys(row['version'] for row in results))}."
    )
    behind = [
        {"From": start.date(), "PSI": row["psi"], "Limit": limit, "Found": row["level"], "n": row["n"]}
        for (start, row), limit in zip(rows, limits, strict=True)
    ]
    charts.show(drawn, title, caption, behind, f"drift-item-history:{use_case.key}")
