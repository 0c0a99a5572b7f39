"""What moved in a window: every item with its measures, how much it weighs, and by how much it moves the mean score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.domain.drift.bins import Of
from core.domain.drift.judgement import Finding, Level
from core.domain.usecase import UseCase
from core.services.watching import drift_impact
from core.services.watching.drift import Drift
from core.services.watching.drift_impact import Weights
from core.ui import audit_taken, charts, drift_choice, driver_charts, state, words
from core.ui import drift_words as say
from core.ui.driver_words import points, scale, shortened, unit

SHOWN = 10  # rows of the impact chart
NAMED = 6  # points of the quadrant that carry their name
MOST_HIDDEN = 0.25
LEAST = 0.02  # of a limit: what is drawn at the foot of the quadrant


def show(use_case: UseCase, seen: Drift) -> None:
    """The table first, then what matters of it."""
    _table(use_case, seen)
    with st.spinner("Weighing columns"):
        found = drift_impact.weights(state.desk(), state.actor(), seen)
    if seen.now.rows.n and found.by_name:
        _quadrant(use_case, seen, found)
        _impact(use_case, seen, found)


def _table(use_case: UseCase, seen: Drift) -> None:
    st.subheader("Scores, columns and features", anchor=False)
    items = drift_choice.by_weight(seen)
    key, titles = f"drift-table:{use_case.key}", [say.title(use_case, item.of, item.name) for item in items]

    def opened() -> None:
        chosen = st.session_state[key]["selection"]["rows"]
        if chosen:
            drift_choice.open_item(titles[chosen[0]])

    rows = [row(use_case, item) | {"Against before": seen.beside(item).level.value} for item in items]
    st.dataframe(
        rows,
        hide_index=True,
        width="stretch",
        key=key,
        on_select=opened,
        selection_mode="single-row",
        column_config=columns(),
        alt="Every score, column and feature of the window with its measures against the reference",
    )
    st.caption(
        "Choose a row to see its two distributions. A change is named only beyond the policy's limit and beyond "
        f"chance, corrected over all {words.count(len(items))} at once; features of the date are shown, never judged. "
        f"{say.caption(seen)}"
    )
    audit_taken.csv_button(rows, f"{use_case.key}_drift", "drift:csv")


def row(use_case: UseCase, item: Finding) -> dict[str, Any]:
    """One item as a row of a table."""
    return {
        "Item": say.title(use_case, item.of, item.name),
        "Found": item.level.value,
        "PSI": item.psi,
        "Limit": item.psi_limit if math.isfinite(item.psi_limit) else None,
        "KS": item.ks if _told(item) else None,
        "KS error": item.ks_error if _told(item) else None,
        "Wasserstein, sd": item.wasserstein,
        "KL": item.kl,
        "JS": item.js,
        "Chi-square p": item.chi2_p,
        "Cramer's V": item.cramers_v,
        "p, corrected": item.adjusted_p,
        "Missing": item.missing_now,
        "Missing before": item.missing_before,
        "New levels": ", ".join(item.unseen),
        "Gone": ", ".join(item.vanished),
        "n": item.n,
        "n effective": round(item.n_effective),
        "Why": " ".join((*item.why, *item.aside)),
    }


def _told(item: Finding) -> bool:
    """Whether the bins say where D lies; those of a feature of few values hide too much."""
    return item.ks_error is not None and item.ks_error <= MOST_HIDDEN


def columns() -> dict[str, Any]:
    """How the columns of the table are shown."""
    number, config = st.column_config.NumberColumn, {}
    for name in ("PSI", "Limit", "KS", "KS error", "Wasserstein, sd", "KL", "JS", "Cramer's V"):
        config[name] = number(name, format="%.3f")
    for name in ("Chi-square p", "p, corrected"):
        config[name] = number(name, format="%.4f")
    for name in ("Missing", "Missing before"):
        config[name] = number(name, format="percent")
    config["KL"] = number("KL", format="%.3f", help="KL(current || reference), nats; above .1 is about PSI above .2.")
    config["Limit"] = number("Limit", format="%.3f", help="The policy's .10, or what chance makes of PSI if more.")
    config["Item"] = st.column_config.TextColumn("Item", pinned=True, width=180)
    config["Found"] = st.column_config.TextColumn("Found", width=150)
    config["Why"] = st.column_config.TextColumn("Why", width="large")
    return config


def _quadrant(use_case: UseCase, seen: Drift, found: Weights) -> None:
    items = [item for item in seen.against_reference if item.of is Of.RAW and item.name in found.by_name]
    items.sort(key=lambda item: -_share(item) * found.by_name[item.name].size)
    titles = [say.title(use_case, item.of, item.name) for item in items]
    drawn, factor = _map_of(use_case, items, titles, found), scale(use_case)
    moved = [say.shown(use_case, item.of, item.name) for item in items if item.level.raised]
    title = f"Moved and weighs most: {moved[0]}" if moved else "No column that the model reads moved beyond its limit"
    caption = (
        "Up: further beyond the limit (dotted; logarithmic). To the right: weighs more in the score of "
        f"{seen.reference.champion}, over {words.count(found.n)} explained reference rows. {say.caption(seen)}"
    )
    behind = [
        {
            "Column": title,
            "Weight": found.by_name[item.name].size * factor,
            "PSI": item.psi,
            "Limit": item.psi_limit,
            "Found": item.level.value,
        }
        for item, title in zip(items, titles, strict=True)
    ]
    charts.show(drawn, title, caption, behind, f"drift-quadrant:{use_case.key}")


def _map_of(use_case: UseCase, items: Sequence[Finding], titles: Sequence[str], found: Weights) -> Any:
    """How far beyond its limit each column is, over what it weighs."""
    factor = scale(use_case)
    drawn = charts.figure(height=380, x_title=f"Weight: mean size, {unit(use_case)}", y_title="Drift: PSI / its limit")
    drawn.add_scatter(
        x=[found.by_name[item.name].size * factor for item in items],
        y=[max(_share(item), LEAST) for item in items],
        mode="markers+text",
        marker={
            "size": 11,
            "symbol": [say.LEVEL_SYMBOL[item.level] for item in items],
            "color": [colour(item.level) for item in items],
        },
        text=[shortened(title, 18) if place < NAMED else "" for place, title in enumerate(titles)],
        textposition="top center",
        customdata=[[place, title] for place, title in enumerate(titles)],
        hovertemplate="%{customdata[1]}: drift %{y:.2f} x its limit, weight %{x:.3g}<extra></extra>",
        cliponaxis=False,
    )
    drawn.add_hline(y=1, line={"color": charts.ink().muted, "width": 1, "dash": "dot"})
    drawn.update_yaxes(type="log", dtick=1, tickformat=".3~g")
    drawn.update_xaxes(rangemode="tozero")
    return drawn


def _share(item: Finding) -> float:
    return item.psi / item.psi_limit if item.psi_limit else 0.0


def colour(level: Level) -> str:
    """The tone of a level; grey where it is not judged."""
    colours = charts.ink()
    tone = say.LEVEL_TONE.get(level)
    return colours.tones[tone] if tone else colours.muted


def _impact_title(use_case: UseCase, name: str, found: Weights, level: Level) -> str:
    first = found.by_name[name].impact
    said = (
        f"{points(use_case, first.value, True)} [{points(use_case, first.low, True)}, "
        f"{points(use_case, first.high, True)}] {unit(use_case)}"
    )
    column = say.shown(use_case, Of.RAW, name)
    if level.raised:
        return f"{column} moves the mean score most: {said}"
    return f"The largest effect on the mean score is that of {column}, which did not move beyond its limit: {said}"


def _impact(use_case: UseCase, seen: Drift, found: Weights) -> None:
    levels = {item.name: item.level for item in seen.against_reference if item.of is Of.RAW}
    names = sorted(found.by_name, key=lambda name: -abs(found.by_name[name].impact.value))
    told = [name for name in names if not math.isnan(found.by_name[name].impact.value)]
    shown, factor = told[:SHOWN], scale(use_case)
    rows = [shortened(say.title(use_case, Of.RAW, name), 22) for name in shown]
    value, low, high = (
        [getattr(found.by_name[name].impact, part) * factor for name in shown] for part in ("value", "low", "high")
    )
    style = driver_charts.style_of(use_case, seen.reference.champion)
    hollow = [not levels[name].raised for name in shown]
    dots = driver_charts.Dots(seen.reference.champion, style, value, low, high, hollow)
    drawn = driver_charts.dot_rows(rows, [dots], f"Change of the mean score, {unit(use_case)}")
    drawn.add_vline(x=0, line={"color": charts.ink().muted, "width": 1, "dash": "dot"})
    title = _impact_title(use_case, shown[0], found, levels[shown[0]])
    caption = (
        "Change in the share of rows in each bin x the mean points of that bin over reference rows, 95 % intervals; "
        f"hollow grey: the column did not move beyond its limit. {say.caption(seen)}"
    )
    behind = [
        {
            "Column": say.title(use_case, Of.RAW, name),
            "Impact": found.by_name[name].impact.value * factor,
            "Low": found.by_name[name].impact.low * factor,
            "High": found.by_name[name].impact.high * factor,
            "Weight": found.by_name[name].size * factor,
            "n": found.by_name[name].impact.n,
            "Found": levels[name].value,
        }
        for name in told
    ]
    charts.show(drawn, title, caption, behind, f"drift-impact:{use_case.key}")
