"""Where a challenger gains: by level of a column."""

from __future__ import annotations

import streamlit as st

from core.domain.usecase import UseCase
from core.services.comparison import arm_segments as service
from core.services.comparison.arm_segments import LevelGain
from core.services.comparison.challengers import Challengers
from core.services.reasons.drivers import segmentations
from core.ui import challenger_charts as draw
from core.ui import challenger_words as say
from core.ui import charts, messages, state, words
from core.ui.challenger_curves import pick


def segments(use_case: UseCase, seen: Challengers) -> None:
    """The primary metric's gain within every level of a chosen column."""
    titles = segmentations(use_case)
    if len(seen.rows.arms) < 2 or not titles:
        st.info("There is no challenger, or no column with levels to split its rows by.")
        return
    arm = pick(use_case, seen, "segments")
    sensitive = [name for name in titles if name in use_case.sensitive]
    column = st.selectbox(
        "Split by", [*sensitive, *(name for name in titles if name not in sensitive)],
        format_func=lambda name: titles[name] + (" (sensitive)" if name in use_case.sensitive else ""),
        key=f"segments:column:{use_case.key}",
    )  # fmt: skip
    found = service.by_level(state.desk(), state.actor(), use_case.key, seen, arm, str(column))
    told = [part for part in found if part.gain is not None]
    if not told:
        st.info("No row can be judged yet.")
        return
    style = say.style(use_case, seen, arm)
    spans = [
        draw.Span(
            f"{_tick(part.level)} · {part.n:,}", style, part.gain.gain, part.gain.low, part.gain.high, part.gain.enough
        )
        for part in told
        if part.gain is not None
    ]
    drawn = draw.spans(spans, f"Gain in {say.called(seen.primary)}", use_case.policy.minimum_gain)
    caption = (
        f"Judged rows beside each level. Bars: {words.percent(seen.level)} intervals; hollow grey: fewer than 30 "
        "events. Of many levels some look good or bad by chance: the largest is no finding by itself. "
        f"{say.source(seen)}"
    )
    charts.show(drawn, _finding(seen, arm, titles[str(column)], told), caption, _rows(told), f"levels:{use_case.key}")


def _tick(level: str) -> str:
    return level.replace("<", "under ").replace(">", "over ")  # a chart reads < as the start of a tag


def _finding(seen: Challengers, arm: str, title: str, told: list[LevelGain]) -> str:
    name = say.label(seen, arm)
    judged = [part for part in told if part.gain is not None and part.gain.enough]
    if not judged:
        return f"Too few events at every level of {title} to say where {name} gains"
    better = [messages.plain(part.level) for part in judged if part.gain is not None and part.gain.low > 0]
    worse = [messages.plain(part.level) for part in judged if part.gain is not None and part.gain.high < 0]
    if not better and not worse:
        return f"At no level of {title} can {name} be told from {say.label(seen, seen.champion)}"
    parts = [f"gains at {', '.join(better)}"] if better else []
    parts += [f"loses at {', '.join(worse)}"] if worse else []
    return f"By {title} {name} {' and '.join(parts)}"


def _rows(told: list[LevelGain]) -> list[dict[str, object]]:
    return [
        {
            "Level": part.level, "Champion": say.figure(part.champion), "Gain": part.gain.gain, "Low": part.gain.low,
            "High": part.gain.high, "n": part.n, "Events": part.gain.n_events, "Enough": part.gain.enough,
        }
        for part in told
        if part.gain is not None
    ]  # fmt: skip
