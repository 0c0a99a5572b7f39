"""The table of arms: every figure, what it gains over the champion, and when that will be known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.domain.judged import RULES
from core.domain.usecase import UseCase
from core.services.comparison.challengers import ArmResult, Challengers
from core.services.complaints.silence import silences
from core.ui import audit_taken, challenger_charts, charts, figures, state, words
from core.ui import challenger_words as say


def arms(use_case: UseCase, seen: Challengers) -> None:
    """The chosen figure's gains as dots, then every figure of every arm."""
    measured = [metric for metric in seen.metrics if any(arm.figures.get(metric) for arm in seen.arms)]
    if not measured:
        return
    asked = st.segmented_control(
        "Figure", measured, default=measured[0], required=True, format_func=say.called, key=f"figure:{use_case.key}"
    )
    metric = str(asked if asked in measured else measured[0])
    _gains(use_case, seen, metric)
    _table(use_case, seen, metric)
    _curse(use_case, seen)


def _gains(use_case: UseCase, seen: Challengers, metric: str) -> None:
    rows = [arm for arm in seen.arms if metric in arm.gains]
    if not rows:
        return
    spans = []
    for arm in rows:
        found = arm.gains[metric].difference
        style, name = say.style(use_case, seen, arm.name), say.label(seen, arm.name)
        spans.append(challenger_charts.Span(name, style, found.gain, found.low, found.high, found.enough))
    least = use_case.policy.minimum_gain if metric == seen.primary else None
    drawn = challenger_charts.spans(spans, f"Gain in {say.called(metric)}", least)
    charts.show(drawn, _finding(use_case, seen, metric), _caption(seen), _behind(seen, metric), f"gains:{use_case.key}")


def _finding(use_case: UseCase, seen: Challengers, metric: str) -> str:
    found = {arm.name: arm.gains[metric] for arm in seen.arms if metric in arm.gains and arm.name != RULES}
    champion, name = say.label(seen, seen.champion), say.called(metric)
    if not found:
        return f"{name}: no challenger beside {champion}"
    best = max(found, key=lambda arm: found[arm].difference.gain)
    gain = found[best].difference
    if not gain.enough:
        return f"{name}: too few events to judge, {words.count(gain.n_events or gain.n)} so far"
    said = say.gain(gain)
    if all(one.difference.low <= 0 <= one.difference.high for one in found.values()):
        return f"In {name} the challengers tie with {champion}: the best, {say.label(seen, best)}, {said}"
    if gain.low > 0:
        return f"In {name} {say.label(seen, best)} is ahead of {champion}: {said}"
    return f"In {name} no challenger is ahead of {champion}: the best, {say.label(seen, best)}, {said}"


def _caption(seen: Challengers) -> str:
    n = len(seen.rows.arms) - 1
    return (
        f"Positive is better than {say.label(seen, seen.champion)}, on the same rows. Bars: "
        f"{words.percent(seen.level)} intervals, which together hold with 95 % over {words.count(n, 'challenger')} "
        f"(Bonferroni); hollow grey: fewer than 30 events. Flagged: the {words.percent(seen.coverage)} with "
        f"the highest scores. {say.source(seen)}"
    )


def _behind(seen: Challengers, metric: str) -> list[dict[str, Any]]:
    rows = []
    for arm in seen.arms:
        if metric in arm.gains:
            gain = arm.gains[metric]
            found = gain.difference
            rows.append(
                {
                    "Arm": arm.name, "Gain": found.gain, "Low": found.low, "High": found.high, "p": found.p,
                    "p after Holm": gain.p_holm, "n": found.n, "Events": found.n_events, "Interval": found.method,
                }
            )  # fmt: skip
    return rows


def _table(use_case: UseCase, seen: Challengers, metric: str) -> None:
    silent = silences(state.desk(), state.actor(), use_case.key, seen)
    rows = [_line(seen, arm, metric, silent) for arm in seen.arms]
    st.dataframe(
        rows,
        hide_index=True,
        width="stretch",
        column_config={
            "Arm": st.column_config.TextColumn(pinned=True, width=130),
            "n": st.column_config.NumberColumn(format="localized"),
            "p95": st.column_config.NumberColumn(
                "Latency p95 (ms)", format="%.1f", help="Of the version's scoring, per row; a replay is not measured."
            ),
            "p after Holm": st.column_config.TextColumn(help="Two-sided, of no difference, over all challengers."),
            "Time to decision": st.column_config.TextColumn(
                width="medium",
                help="When enough judged rows are there to see the policy's minimum gain with 80 % power, at the "
                "present rate of mature rows and the paired variance.",
            ),
            "No score": st.column_config.TextColumn(
                help="Rows of the period that the arm was to score and has no number for; upper bound of 95 %."
            ),
        },
        alt=f"Every arm with its figures, gains over {seen.champion} and time to decision",
    )
    audit_taken.csv_button(rows, f"{use_case.key}_challengers", "challengers:csv")


def _line(seen: Challengers, arm: ArmResult, metric: str, silent: Mapping[str, str]) -> dict[str, Any]:
    gain, primary = arm.gains.get(metric), arm.gains.get(seen.primary)
    others = [name for name in figures.in_order(seen.metrics, metric) if name != metric]
    head: dict[str, Any] = {
        "Arm": say.label(seen, arm.name),
        "Role": arm.role,
        say.called(metric): say.figure(arm.figures.get(metric)),
        "Gain": say.gain(gain.difference) if gain else "",
        "p after Holm": say.p_value(gain.p_holm) if gain and arm.name != RULES else "",
        "n": _n(seen, arm, metric),
        "Time to decision": "" if arm.name == RULES else say.time_to_decision(primary),
        "p95": arm.latency_p95_ms,
        "No score": silent.get(arm.name, ""),
    }
    for name in others:
        head[say.called(name)] = say.figure(arm.figures.get(name))
        head[f"{say.called(name)} gain"] = say.gain(arm.gains[name].difference) if name in arm.gains else ""
    return head


def _n(seen: Challengers, arm: ArmResult, metric: str) -> int | None:
    found = arm.figures.get(metric)
    if found is not None:
        return found.n
    return arm.gains[metric].difference.n if metric in arm.gains else None


def _curse(use_case: UseCase, seen: Challengers) -> None:
    """The best of several looks better than it is."""
    k = len(seen.rows.arms)
    if k < 3:
        return
    st.caption(
        f":material/emoji_events: Winner's curse: the best of {k} looks better than it is. Of 4 equal models at "
        "n = 2,000 the best looks more than .01 AUC better than a fixed one in 27 % of draws. Choose on one period, "
        "confirm on the next: a plan does both."
    )
