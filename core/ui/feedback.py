"""What people say of a score and of its reasons: one tap to say it, and a small table of what was said."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import streamlit as st

from core.domain.explained import Explanation, Reason
from core.domain.metrics.measured import Measured
from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.reasons import feedback as service
from core.services.reasons.feedback import CONTACTED, FeedbackSummary, Given, Opinion
from core.ui import messages, state, words
from core.ui.period_words import day

PAGE = "why"
THUMBS = (Opinion.DISAGREE, Opinion.AGREE)  # in the order of the widget's values
ENOUGH = 30  # below this many answers a share is no figure yet
SAYS = {Opinion.AGREE: "agrees", Opinion.DISAGREE: "disagrees"}


@st.fragment
def bar(use_case: UseCase, said: Explanation) -> None:
    """Agree or disagree with the score, say when its entity was contacted; who said what, when.

    Nothing is drawn for a row that was not logged, or that no longer counts because its upload was voided.
    """
    with messages.told():
        if said.prediction_id is None or said.voided:
            return
        _view_once(use_case, said.prediction_id)
        if may(state.actor(), Action.FEEDBACK):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown("**Do you agree with this score?**", width="content")
                _thumbs(use_case, said.prediction_id, None)
                _contact(use_case, said)
        _told(use_case, said.prediction_id)


@st.fragment
def reason_tap(use_case: UseCase, said: Explanation, reason: Reason) -> None:
    """Agree or disagree with one reason."""
    with messages.told():
        if said.prediction_id is not None and not said.voided and may(state.actor(), Action.FEEDBACK):
            _thumbs(use_case, said.prediction_id, reason.column)


def _view_once(use_case: UseCase, prediction_id: str) -> None:
    """One view per look: drawing the page again for the same person is none."""
    kept, look = state.shelf("feedback", use_case.key), (prediction_id, state.actor().name)
    if kept.get("seen") != look:
        service.viewed(state.desk(), state.actor(), use_case.key, prediction_id, PAGE)
        kept["seen"] = look


def _thumbs(use_case: UseCase, prediction_id: str, about: str | None) -> None:
    """The two thumbs, as the actor left them; a tap is recorded at once, a second one takes it back."""
    desk, actor = state.desk(), state.actor()
    mine = next((item for item in _said(use_case, prediction_id) if _is_mine(item, about)), None)
    before = THUMBS.index(Opinion(mine.kind)) if mine else None
    key = f"thumbs:{actor.name}:{use_case.key}:{prediction_id}:{about or ''}"
    kept = state.shelf("feedback", use_case.key)
    now = st.feedback("thumbs", key=key, default=before, on_change=kept.__setitem__, args=("tapped", key))
    if kept.get("tapped") == key:  # not "differs from the log": another window of the same person may have said more
        del kept["tapped"]
        opinion = Opinion.WITHDRAWN if now is None else THUMBS[now]
        service.say(desk, actor, use_case.key, prediction_id, opinion, about)
        if about is not None:
            st.toast("Noted. Thank you.", icon=":material/check:")


def _said(use_case: UseCase, prediction_id: str) -> tuple[Given, ...]:
    return service.given(state.desk(), state.actor(), use_case.key, prediction_id)


def _is_mine(item: Given, about: str | None) -> bool:
    return item.actor == state.actor().name and item.about == about and item.kind != CONTACTED


def _contact(use_case: UseCase, said: Explanation) -> None:
    """On which day the entity was contacted; today unless the person says otherwise."""
    today, scored_at = datetime.now(UTC).date(), said.scored_at
    assert said.prediction_id is not None  # asked for by the caller
    key = f"contact:{state.actor().name}:{use_case.key}:{said.prediction_id}"
    with st.popover("Contacted", icon=":material/call:", help="Say on which day."), st.form(key, border=False):
        first = min(scored_at.date(), today) if scored_at else None
        on = st.date_input("Contacted on", today, min_value=first, max_value=today, key=f"{key}:on")
        note = st.text_input(
            "Note", max_chars=service.MAX_NOTE, placeholder="Called back after lunch", key=f"{key}:note"
        )
        if st.form_submit_button("Save", type="primary", key=f"{key}:save") and isinstance(on, date):
            service.contacted(state.desk(), state.actor(), use_case.key, said.prediction_id, on, note)


def _told(use_case: UseCase, prediction_id: str) -> None:
    """Who said what of the score and of its reasons, when; newest first."""
    lines = [_line(use_case, item) for item in _said(use_case, prediction_id)]
    if lines:
        st.caption("  \n".join(lines))


def _line(use_case: UseCase, item: Given) -> str:
    who, when = messages.plain(item.actor), words.moment(item.given_at)
    if item.kind == CONTACTED and item.contacted_on is not None:
        what = f":material/call: {who}: contacted on {day(item.contacted_on)}"
    else:
        icon = ":material/thumb_up:" if item.kind == Opinion.AGREE else ":material/thumb_down:"
        thing = "the score" if item.about is None else f"the reason *{messages.plain(_title(use_case, item.about))}*"
        what = f"{icon} {who} {SAYS[Opinion(item.kind)]} with {thing}"
    note = f", {messages.plain(item.note)}" if item.note else ""
    return f"{what}{note} ({when})"


def _title(use_case: UseCase, column: str) -> str:
    return use_case.schema[column].title if column in use_case.schema else column


def summary(use_case: UseCase) -> None:
    """What was said of a use case's scores: by band, by version, by reason; days to the first contact."""
    found = service.summary(state.desk(), state.actor(), use_case.key)
    if found.n == 0:
        st.caption(f"Nobody has said anything of these scores yet. On the page *Why this score?* {_how(use_case)}")
        return
    st.subheader("What people say of the scores", anchor=False)
    splits = {"By band": _by_band, "By version": _by_version}
    if found.reasons:
        splits["By reason"] = _by_reason
    asked = st.segmented_control(
        "Split of what was said", list(splits), default="By band", key=f"said:{use_case.key}",
        label_visibility="collapsed",
    )  # fmt: skip
    split = str(asked or "By band")
    st.dataframe(
        pa.Table.from_pylist(splits[split](use_case, found)),
        hide_index=True,
        width="stretch",
        alt=f"How often people agreed with scores and reasons, {split.lower()}",
    )
    st.caption(_caption(use_case, found))


def _how(use_case: UseCase) -> str:
    return f"one tap says whether you agree, and another when the {use_case.noun} was contacted."


def _by_band(use_case: UseCase, found: FeedbackSummary) -> list[dict[str, Any]]:
    contacts = {contact.band: contact for contact in found.contacts}
    return [
        {
            "Band": group.group,
            "Agree with the score": _share(group.score),
            "Agree with the reasons": _share(group.reasons),
            "Contacted": f"{words.count(contacts[group.group].n)} of {words.count(contacts[group.group].n_scored)}",
            "Days to contact, median (quartiles)": _days(contacts[group.group].quartiles),
        }
        for group in found.bands
    ]


def _by_version(use_case: UseCase, found: FeedbackSummary) -> list[dict[str, Any]]:
    return [
        {
            "Version": group.group,
            "Model": _model(use_case, group.group),
            "Agree with the score": _share(group.score),
            "Agree with the reasons": _share(group.reasons),
        }
        for group in found.versions
    ]


def _model(use_case: UseCase, version: str) -> str:
    desk = state.desk()
    return desk.card(use_case.key, version).champion if version in desk.versions(use_case.key) else "no longer here"


def _by_reason(use_case: UseCase, found: FeedbackSummary) -> list[dict[str, Any]]:
    return [{"Reason": _title(use_case, group.group), "Agree": _share(group.reasons)} for group in found.reasons]


def _share(found: Measured | None) -> str:
    """A share with its interval and n; with few answers only their number."""
    if found is None:
        return "nobody said"
    told = words.count(found.n, "answer")
    if found.n < ENOUGH:
        return f"{round(found.value * found.n)} of {told}"
    return f"{words.percent(found.value, 0)} [{words.percent(found.low, 0)}, {words.percent(found.high, 0)}], {told}"


def _days(quartiles: tuple[float, float, float] | None) -> str:
    if quartiles is None:
        return "none yet"
    low, middle, high = quartiles
    return f"{middle:.3g} ({low:.3g} to {high:.3g})"


def _caption(use_case: UseCase, found: FeedbackSummary) -> str:
    noun = use_case.noun
    return (
        f"As of {words.exact(found.until)}. The latest answer of each person counts; brackets: 95 % intervals "
        f"(Wilson), from {ENOUGH} answers on. Those who answer chose to, so this is no figure of the model's quality. "
        f"Days count from the day of scoring, over the {noun}s that were contacted. {words.count(found.n_seen, noun)} "
        f"looked at on the Why page, {words.count(found.n_seen_before)} of them before the outcome."
    )
