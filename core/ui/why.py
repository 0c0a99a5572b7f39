"""The answer to "why this score?": grade, what helps, what hurts, the words to repeat, the ways to take it along."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.domain.explained import Explanation, Reason
from core.domain.policy import Mode
from core.domain.reasons import plain_text
from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.ui import audit_taken, charts, feedback, messages, state, why_charts, why_words, words
from core.ui.why_document import document


def grade(use_case: UseCase, said: Explanation) -> None:
    """Grade, score and decision, beside them the trend where there is one."""
    if len(said.trend) < 2:
        headline(use_case, said)
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        headline(use_case, said)
    with right:
        trend(use_case, said)


def headline(use_case: UseCase, said: Explanation) -> None:
    """Grade, score and decision of the entity, and which of its scores this is."""
    chip = f":{words.TONE_HUE[said.tone]}-badge[{words.TONE_ICON[said.tone]} {messages.plain(said.band)}]"
    with st.container(border=True, gap="small"):
        st.markdown(f"### {chip} {messages.plain(words.capitalised(said.decision))}")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.metric(words.score_name(use_case), words.score(use_case, said.score), width="content")
            moved = _moved(use_case, said)
            if moved is not None:
                st.metric("Since the score before", moved, width="content")
        who = messages.plain(said.entity)
        when = f", as of {words.exact(said.as_of)}" if said.as_of else ""
        st.markdown(f"**{words.capitalised(use_case.noun)} {who}**{when}")
        st.caption(f"{why_words.facts(use_case, said)}. {why_words.better(use_case)}.")
        if len(said.trend) < 2:
            st.caption(f"The only score of this {use_case.noun} in the log.")
        _notices(use_case, said)


def _moved(use_case: UseCase, said: Explanation) -> str | None:
    """The change since the score before this one; None for the first."""
    place = next((n for n, point in enumerate(said.trend) if point.prediction_id == said.prediction_id), 0)
    return why_words.points(use_case, said.score - said.trend[place - 1].score) if place else None


def _notices(use_case: UseCase, said: Explanation) -> None:
    if said.decided_by == "rules" and use_case.policy.mode is Mode.SHADOW:
        text = "The rules decide here. The reasons below are those of the score that stands beside them."
        st.info(text, icon=":material/visibility:")
    titles = {column.name: column.title for column in use_case.schema}
    if said.imputed:
        names = ", ".join(titles.get(name, name) for name in said.imputed)
        st.warning(f"{names}: missing, so the typical value stands in.", icon=":material/help:")
    if said.other:
        names = ", ".join(titles.get(name, name) for name in said.other)
        st.warning(f"{names}: a value never seen before, scored as other.", icon=":material/help:")
    if said.voided:
        st.warning(
            "Its upload was voided, so it counts in no figure.",
            title="This score no longer counts",
            icon=":material/block:",
        )
    if not said.recomputed.equal and said.recomputed.logged is not None:
        logged, now = (words.score(use_case, value) for value in (said.recomputed.logged, said.recomputed.now))
        st.error(
            f"The log says {logged}, the same version now says {now}. Open a case; do not act on this score.",
            title="The score could not be reproduced",
            icon=":material/error:",
        )


def trend(use_case: UseCase, said: Explanation) -> None:
    """The scores this entity had; there are several."""
    first, last = said.trend[0], said.trend[-1]
    bands = "unchanged" if first.band == last.band else f"from {first.band} to {last.band}"
    n = words.count(len(said.trend), "score")
    finding = f"{n}, {words.score(use_case, first.score)} to {words.score(use_case, last.score)}, band {bands}"
    versions = ", ".join(dict.fromkeys(point.version for point in said.trend))
    caption = f"{_day(first.as_of)} to {_day(last.as_of)}, version {versions}; the large mark is this score."
    table = why_charts.trend_table(use_case, said.trend)
    charts.show(why_charts.trend(use_case, said), finding, caption, table, key="why:trend")


def _day(time: object) -> str:
    return f"{time:%d %b %Y}".lstrip("0")


def reasons(use_case: UseCase, said: Explanation) -> None:
    """What helps and what hurts, at most five each, every reason with its evidence."""
    left, right = st.columns(2, gap="medium")
    helps, hurts = (
        [reason for reason in side if why_words.counts(use_case, reason.points)] for side in (said.helps, said.hurts)
    )
    peak = max((abs(reason.points) for reason in (*helps, *hurts)), default=0.0)
    with left:
        _side(use_case, said, helps, peak, helping=True)
    with right:
        _side(use_case, said, hurts, peak, helping=False)
    rest = len([reason for reason in said.reasons if reason.points]) - len(helps) - len(hurts)
    if rest > 0:
        others = words.count(rest, "other column moves", "other columns move")
        st.caption(f"{others} the score less; the table behind the chart below has them all.")


def _side(use_case: UseCase, said: Explanation, listed: Sequence[Reason], peak: float, *, helping: bool) -> None:
    icon = ":green[:material/thumb_up:]" if helping else ":red[:material/thumb_down:]"
    title = "Helps" if helping else "Hurts"
    with st.container(border=True, height="stretch", gap="small"):
        st.markdown(f"#### {icon} {title}")
        if not listed:
            st.caption(f"Nothing {title.lower()} this {use_case.noun} compared with a typical one.")
        for reason in listed:
            _reason(use_case, said, reason, peak)


def _reason(use_case: UseCase, said: Explanation, reason: Reason, peak: float) -> None:
    """Value and points, a bar for the eye, the evidence below, and what the person thinks of it."""
    hue = "green" if reason.helps else "red"
    with st.container(gap=None):
        value = f": {messages.plain(reason.value)}" if reason.value else ""
        given = messages.plain(why_words.points(use_case, reason.points))
        st.markdown(f"**{messages.plain(reason.title)}**{value} :{hue}-badge[{given}]")
        st.progress(min(1.0, abs(reason.points) / peak) if peak else 0.0)
        if evidence := why_words.evidence(use_case, reason):
            st.caption(messages.plain(evidence))
        feedback.reason_tap(use_case, said, reason)


def waterfall(use_case: UseCase, said: Explanation) -> None:
    """From the base to the score, column by column."""
    drawn = why_charts.waterfall(use_case, said)
    unit = "points of a hundred" if use_case.policy.score_format == "percent" else use_case.target.unit or "score"
    start = f"A typical {use_case.noun} has the usual values in every column"
    caption = f"Steps in {unit}, largest first. {start}. {why_words.facts(use_case, said)}."
    table = why_charts.waterfall_table(use_case, said)
    charts.show(drawn, why_words.from_base(use_case, said), caption, table, key="why:waterfall")


def take_along(use_case: UseCase, said: Explanation) -> None:
    """The answer to repeat, the link, and the page to print."""
    text = plain_text(use_case, said)
    st.subheader("Answer to repeat", anchor=False)
    st.code(text, language=None, wrap_lines=True)
    with st.container(horizontal=True):
        with st.popover("Link to this page", icon=":material/link:"):
            st.code(link(use_case, said), language=None, wrap_lines=True)
        shows_models = may(state.actor(), Action.SEE_MODELS)
        st.download_button(
            "Page to print",
            audit_taken.taken(
                lambda: document(use_case, said, text, shows_models),
                f"{use_case.key} {said.prediction_id}",
                "why, HTML",
                1,
            ),
            f"why_{said.prediction_id}.html", "text/html", icon=":material/print:", on_click="ignore",
            help="One HTML file that prints on paper; nothing in it is fetched.",
        )  # fmt: skip


def link(use_case: UseCase, said: Explanation) -> str:
    """The address that opens this explanation cold."""
    page = str(st.context.url or "").split("?")[0]
    return f"{page}?use_case={use_case.key}&id={said.prediction_id}"
