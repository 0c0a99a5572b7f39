"""Drift over time: every item in every measured window, beside what chance makes of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.domain.drift.bins import Of
from core.domain.drift.judgement import Level
from core.domain.policy import Tone
from core.domain.usecase import UseCase
from core.services.watching import drift_history, drift_outcomes
from core.services.watching.drift_history import DriftHistory
from core.ui import audit_taken, charts, drift_choice, drift_said, state, words
from core.ui import drift_words as say
from core.ui.driver_words import shortened

ROW, TOP = 22, 90  # height of a row and of what stands above it, pixels
MOST_ROWS = 40
SCALE = 2.5  # limits at which the colour is full


def show(use_case: UseCase) -> None:
    """Squares of item x window, from what was measured by itself."""
    found = drift_history.history(state.desk(), state.actor(), use_case.key)
    drift_said.measure_button(use_case)
    if not found.windows:
        st.info(
            "Whole weeks (months, where rows come once a month) are measured every night, each once.",
            title="No window was measured yet.",
            icon=":material/hourglass_empty:",
        )
        return
    every = st.toggle("All items", key=f"drift-all:{use_case.key}", help="Also those that never moved.")
    _squares(use_case, found, _chosen(found, every))
    _episodes(use_case, found)


def _chosen(found: DriftHistory, every: bool) -> list[tuple[Of, str]]:
    """Items from the top down: the champion's score, raw columns, features that ever moved."""
    scores = [item for item in found.items if item[0] is Of.SCORE]
    raised = {item for item in found.items if any(Level(row["level"]).raised for row in found.items[item].values())}
    plain = [item for item in found.items if item in raised or (item[0] is Of.RAW and not item[1].count(": "))]
    kept = [item for item in found.items if every or item in scores[:1] or (item in plain and item[0] is not Of.SCORE)]
    return kept[: MOST_ROWS if not every else None]


def _squares(use_case: UseCase, found: DriftHistory, items: Sequence[tuple[Of, str]]) -> None:
    titles = [say.title(use_case, *item) for item in items]
    places = {window.since: place for place, window in enumerate(found.windows)}
    cells = [
        (places[since], place, row)
        for place, item in enumerate(items)
        for since, row in found.items[item].items()
    ]  # fmt: skip
    levels = [Level(row["level"]) for _, _, row in cells]
    drawn = charts.figure(height=TOP + ROW * len(items))
    drawn.add_scatter(
        x=[column for column, _, _ in cells],
        y=[place for _, place, _ in cells],
        mode="markers",
        marker={
            "size": 10,
            "symbol": [say.LEVEL_SYMBOL[level] for level in levels],
            "color": [_colour(level, row) for level, (_, _, row) in zip(levels, cells, strict=True)],
            "line": {"width": 0},
            "opacity": 1,
        },
        customdata=[[place, column, _said(titles[place], found, column, row)] for column, place, row in cells],
        hovertemplate="%{customdata[2]}<extra></extra>",
    )
    _axes(drawn, found, titles)
    key, spans = f"drift-squares:{use_case.key}", [say.span(window) for window in found.windows]
    st.markdown(f"**{_finding(use_case, found)}**")
    st.plotly_chart(
        drawn, theme=None, width="stretch", key=key, config={"displayModeBar": False}, selection_mode="points",
        on_select=drift_choice.opener(key, titles, spans), alt=f"{_finding(use_case, found)}. {_caption(found)}",
    )  # fmt: skip
    st.caption(_caption(found))
    behind = st.expander("The table behind the chart", key=f"{key}:table", on_change="rerun")
    if behind.open:
        rows = [_row(titles[place], found, column, row) for column, place, row in cells]
        behind.dataframe(rows, hide_index=True, width="stretch", alt="Every item of every measured window")
        with behind:
            audit_taken.csv_button(rows, f"{use_case.key}_drift_by_window", "drift:windows:csv")


def _axes(drawn: Any, found: DriftHistory, titles: Sequence[str]) -> None:
    n = len(found.windows)
    step = max(1, math.ceil(n / 8))
    ticks = list(range(n - 1, -1, -step))
    texts = [f"{found.windows[place].since:%-d %b}" for place in ticks]
    drawn.update_xaxes(tickvals=ticks, ticktext=texts, range=[-0.7, n - 0.3], showgrid=False, side="top")
    drawn.update_yaxes(
        tickvals=list(range(len(titles))),
        ticktext=[shortened(title, 20).replace("<", "(") for title in titles],
        range=[len(titles) + (0.4 if found.switches else -0.4), -0.6],
        showgrid=False,
        zeroline=False,
    )
    for place, version in found.switches:
        drawn.add_vline(
            x=place - 0.5,
            line={"color": charts.ink().muted, "width": 1, "dash": "dot"},
            annotation={"text": version, "font": {"size": 11, "color": charts.ink().muted}, "yanchor": "bottom"},
            annotation_position="bottom right",
        )


def _colour(level: Level, row: Mapping[str, Any]) -> str:
    """Grey, green growing with PSI / limit, then the tone of the level."""
    colours = charts.ink()
    if level in (Level.TOO_FEW, Level.SHOWN):
        return colours.grid if level is Level.TOO_FEW else colours.muted
    if level.raised:
        return colours.tones[say.LEVEL_TONE[level]]
    share = min(row["psi"] / row["psi_limit"], 1.0) if row["psi_limit"] else 0.0
    return _mixed(colours.grid, colours.tones[Tone.GOOD], 0.15 + 0.6 * share)


def _mixed(ground: str, ink: str, share: float) -> str:
    """A colour between two, as #rrggbb.

    >>> _mixed("#000000", "#ffffff", 0.5)
    '#808080'
    """
    pairs = [(int(ground[k : k + 2], 16), int(ink[k : k + 2], 16)) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(low + (high - low) * share):02x}" for low, high in pairs)


def _said(title: str, found: DriftHistory, column: int, row: Mapping[str, Any]) -> str:
    window = found.windows[column]
    return (
        f"{title.replace('<', '(')}<br>{say.span(window)}: {row['level']}<br>PSI {row['psi']:.3f}, limit "
        f"{row['psi_limit']:.3f}, n = {row['n']:,}"
    )


def _row(title: str, found: DriftHistory, column: int, row: Mapping[str, Any]) -> dict[str, Any]:
    window = found.windows[column]
    return {
        "Item": title,
        "From": window.since.date(),
        "To": window.last,
        "Found": row["level"],
        "PSI": row["psi"],
        "Limit": row["psi_limit"] if math.isfinite(row["psi_limit"]) else None,
        "KS": row["ks"],
        "Wasserstein, sd": row["wasserstein"],
        "Missing": row["missing_now"],
        "n": row["n"],
        "Version": row["version"],
        "Why": " ".join(row["why"]),
        "Measured": row["measured_at"],
    }


def _finding(use_case: UseCase, found: DriftHistory) -> str:
    state_now = found.latest
    if state_now is None:
        return "No window had rows enough to be judged"
    own = [item for item in state_now.items if item is state_now.score or item.of != Of.SCORE.value]
    lasting = [item for item in own if item.persistent]
    k, n = found.persistence
    if not lasting:
        return f"Nothing moved in {k} of the last {n} {state_now.step}s"
    names = say.listed([say.shown(use_case, Of(item.of), item.name) for item in lasting])
    return f"Moved in {k} or more of the last {n} {state_now.step}s: {names}"


def _caption(found: DriftHistory) -> str:
    measured = f", each measured once, the last {words.exact(found.measured_at)}" if found.measured_at else ""
    return (
        "Squares: within the limit, the fuller the nearer to it (the policy's PSI .10, or what chance makes of PSI "
        "where that is more); diamonds: moderate change; squares with a star: significant change; hollow: not enough "
        "rows; dashes: features of the date, never judged. Dotted lines: a new version. "
        f"{words.count(len(found.windows), 'window')}, n = {words.count(found.n)}, to {say.span(found.windows[-1])}"
        f"{measured}."
    )


def _episodes(use_case: UseCase, found: DriftHistory) -> None:
    """What happened, window by window, in words; what outcomes say of it among it."""
    told = [
        (window.since.date(), say.span(window), "; ".join(_kind(use_case, *item) for item in kinds.items()))
        for window, kinds in zip(found.windows, found.kinds, strict=True)
        if kinds
    ]
    with st.spinner("Reading outcomes"):
        spells = drift_outcomes.spells(state.desk(), state.actor(), use_case.key)
    told += [(spell.first, say.between(spell.first, spell.last), f"{spell.kind} (see Outcomes)") for spell in spells]
    if told:
        st.subheader("What happened when", anchor=False)
        st.markdown("\n".join(f"- **{span}**: {said}." for _, span, said in sorted(told, reverse=True)))


def _kind(use_case: UseCase, kind: str, names: Sequence[tuple[Of, str]]) -> str:
    if not names:
        return kind
    return f"{kind}: {say.listed([say.shown(use_case, *name) for name in names])}"
