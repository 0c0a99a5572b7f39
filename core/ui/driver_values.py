"""How scores depend on one column, on pairs of columns, and where one band ends and the next begins."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core.domain.axes import Axis
from core.domain.usecase import UseCase
from core.services.reasons import dependence as service
from core.services.reasons.dependence import Boundary, Dependence, Pairs
from core.ui import charts, driver_charts, messages, state, words
from core.ui.driver_words import points, scale, score_title, shortened, source, tick, title, unit

NOTHING = 1e-9  # of a score: rounding


def by_value(use_case: UseCase, model: str) -> None:
    """What one column adds by value, and the score were every row at each value."""
    axes = service.axes(state.desk(), state.actor(), use_case.key)
    titles = {axis.name: axis.title for axis in axes}
    name = st.selectbox(
        "Column", list(titles), format_func=lambda name: titles.get(name, name), key=f"axis:{use_case.key}"
    )
    found = service.dependence(state.desk(), state.actor(), use_case.key, model, str(name))
    factor, style = scale(use_case), driver_charts.style_of(use_case, model)
    value, low, high = ([getattr(item, part) * factor for item in found.means] for part in ("mean", "low", "high"))
    dots = driver_charts.Dots(model, style, value, low, high, [not item.enough for item in found.means])
    labels = [f"{_plain_label(item.label)}<br>n = {item.n:,}" for item in found.means]
    drawn = driver_charts.by_value(labels, dots, f"Mean points, {unit(use_case)}")
    charts.show(
        drawn,
        _finding(use_case, found),
        f"What {messages.plain(found.axis.column.title)} adds to {model}'s score, on average; bars: 95 % intervals of "
        f"the mean, hollow grey: fewer than 30 rows. {source(found.source)}",
        _mean_rows(use_case, found),
        f"means:{use_case.key}",
    )
    if len(found.grid):
        _partial(use_case, model, found, style)


def _plain_label(label: str) -> str:
    return shortened(label.replace("<", "(").replace(">", ")"), 20)


def _finding(use_case: UseCase, found: Dependence) -> str:
    told = [item for item in found.means if item.enough]
    named = messages.plain(found.axis.title)
    if len(told) < 2:
        return f"{named}: too few rows to compare its values"
    low, high = min(told, key=lambda item: item.mean), max(told, key=lambda item: item.mean)
    return (
        f"{named}: from {points(use_case, low.mean, True)} at {messages.plain(low.label)} "
        f"to {points(use_case, high.mean, True)} at {messages.plain(high.label)}"
    )


def _mean_rows(use_case: UseCase, found: Dependence) -> list[dict[str, Any]]:
    factor = scale(use_case)
    return [
        {
            found.axis.title: item.label,
            "Mean points": item.mean * factor,
            "Low": item.low * factor,
            "High": item.high * factor,
            "n": item.n,
        }
        for item in found.means
    ]


def _partial(use_case: UseCase, model: str, found: Dependence, style: driver_charts.Style) -> None:
    factor, axis = scale(use_case), found.axis
    scores = (found.scores * factor).tolist()
    drawn = driver_charts.curve(
        plotted(axis, found.grid), scores, style, (axis.title, score_title(use_case)), not axis.is_number
    )
    least, most = float(found.scores.min()), float(found.scores.max())
    said = [axis.say(float(value)) for value in found.grid]
    lowest, highest = said[int(found.scores.argmin())], said[int(found.scores.argmax())]
    charts.show(
        drawn,
        f"Were every {use_case.noun} the same here, the mean score would go from {words.score(use_case, least)} at "
        f"{messages.plain(lowest)} to {words.score(use_case, most)} at {messages.plain(highest)}",
        f"Mean score of {words.count(found.n_averaged)} rows with this one value replaced, everything else as it is "
        f"(partial dependence; it also tries values that do not occur together). {source(found.source)}",
        [{axis.title: text, "Mean score": score} for text, score in zip(said, scores, strict=True)],
        f"partial:{use_case.key}",
    )


def plotted(axis: Axis, values: Any) -> list[Any]:
    """Values of an axis as a chart takes them: numbers, dates, or the names of levels."""
    if axis.is_number and axis.part != "date":
        return [float(value) for value in values]
    return [_plain_label(axis.say(float(value))) for value in values]


def pairs(use_case: UseCase, model: str) -> None:
    """Which columns work together, and the score over two of them."""
    with st.spinner("Comparing pairs"):
        found = service.pairs(state.desk(), state.actor(), use_case.key, model)
    if found.pairs:
        _strengths(use_case, model, found)
    _ground(use_case, model)


def _strengths(use_case: UseCase, model: str, found: Pairs) -> None:
    factor, names = scale(use_case), found.columns
    cells = np.full((len(names), len(names)), np.nan)
    for item in found.pairs:
        first, second = sorted((names.index(item.first), names.index(item.second)))
        cells[second, first] = item.strength * factor if item.strength > NOTHING else 0.0
    texts = [["" if np.isnan(cell) else points(use_case, cell / factor) for cell in row] for row in cells.tolist()]
    labels = [tick(use_case, name, 18) for name in names]
    drawn = driver_charts.matrix(labels[:-1], labels[1:], cells[1:, :-1].tolist(), texts_of(texts))
    best = found.pairs[0]
    charts.show(
        drawn,
        _together(use_case, found),
        f"Root mean square of what a pair does beyond its two columns ({unit(use_case)}), after Friedman's H, which is "
        f"in the table (0: the sum of both; 1 and more: nothing but the pair). {model}, the {len(names)} most "
        f"important columns, {best.n} of the rows against each other. {source(found.source)}",
        [
            {
                "First": use_case.schema[item.first].title,
                "Second": use_case.schema[item.second].title,
                "Strength": item.strength * factor,
                "H": item.h,
                "n": item.n,
            }
            for item in found.pairs
        ],
        f"pairs:{use_case.key}",
    )


def _together(use_case: UseCase, found: Pairs) -> str:
    best = found.pairs[0]
    if best.strength <= NOTHING:
        return "No pair does anything beyond the sum of its two columns"
    named = f"{title(use_case, best.first)} and {title(use_case, best.second)}"
    return f"{named} work together most: {points(use_case, best.strength)} {unit(use_case)} beyond the sum of both"


def texts_of(cells: list[list[str]]) -> list[list[str]]:
    """The texts below the diagonal: without the first row and the last column."""
    return [row[:-1] for row in cells[1:]]


def _ground(use_case: UseCase, model: str) -> None:
    st.subheader("Where one band ends and the next begins", anchor=False)
    axes = service.axes(state.desk(), state.actor(), use_case.key)
    titles = {axis.name: axis.title for axis in axes}
    left, right, far = st.columns(3)
    chosen = [
        place.selectbox(
            label,
            list(titles),
            index=index,
            format_func=lambda name: titles.get(name, name),
            key=f"{label}:{use_case.key}",
        )
        for place, label, index in ((left, "Across", 0), (right, "Upwards", min(1, len(axes) - 1)))
    ]
    record = far.text_input(
        f"Everything else as in this {use_case.noun}",
        key=f"record:{use_case.key}",
        placeholder="the typical one",
        help="The id of a prediction or of a record in the log; empty: the typical reference row.",
    )
    if chosen[0] == chosen[1]:
        st.info("Choose two different columns.")
        return
    found = service.boundary(
        state.desk(), state.actor(), use_case.key, model, (str(chosen[0]), str(chosen[1])), record.strip()
    )
    _drawn(use_case, model, found)


def _drawn(use_case: UseCase, model: str, found: Boundary) -> None:
    factor, policy = scale(use_case), use_case.policy
    ground = driver_charts.Ground(
        xs=plotted(found.x, found.xs),
        ys=plotted(found.y, found.ys),
        scores=(found.scores * factor).tolist(),
        bands=found.bands.tolist(),
        named=[(band.name, band.tone) for band in policy.bands],
        cutoffs=[cutoff * factor for cutoff in found.cutoffs],
        titles=(shortened(found.x.title, 40), shortened(found.y.title, 40)),
        numbers=(found.x.is_number, found.y.is_number),
    )
    whose = messages.plain(found.row)
    met = [policy.bands[place].name for place in np.unique(found.bands).tolist()]
    lines = "Lines: the cutoffs. " if found.cutoffs and all(ground.numbers) else ""
    if not found.cutoffs:
        lines = "A band is the likeliest class. "
    charts.show(
        driver_charts.boundary(ground),
        f"{words.capitalised(whose)} is {met[0]} at every value of both columns"
        if len(met) == 1
        else f"{words.capitalised(whose)} passes through {words.count(len(met), 'band')}: {', '.join(met)}",
        f"{model}'s band over {found.scores.size:,} pairs of values, everything else as in {whose}. "
        f"{lines}Version {found.source.version}.",
        _cells(use_case, found),
        f"boundary:{use_case.key}",
    )


def _cells(use_case: UseCase, found: Boundary) -> list[dict[str, Any]]:
    factor, bands = scale(use_case), use_case.policy.band_names
    across, up = (
        [axis.say(float(value)) for value in grid] for axis, grid in ((found.x, found.xs), (found.y, found.ys))
    )
    return [
        {
            found.x.title: across[j],
            found.y.title: up[i],
            "Score": float(found.scores[i, j]) * factor,
            "Band": bands[int(found.bands[i, j])],
        }
        for i in range(len(up))
        for j in range(len(across))
    ]
