"""What needs the person now, on the home page: the most urgent first, each with the page to go to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.services.access import Action, may
from core.services.waiting.need import Need, Urgency
from core.ui import frame, messages, state, words

if TYPE_CHECKING:
    from core.services.overview import Overview


def needs_you_now(seen: Overview) -> None:
    """What waits for a person, the most urgent first, each with its next step; one calm line when nothing does."""
    st.subheader("Needs you now", anchor=False)
    interrupted = [job for job in seen.interrupted if may(state.actor(), Action.SCORE_FILE)]
    for job in interrupted:
        _interrupted(job)
    with st.container(gap="xsmall"):
        for place, need in enumerate(seen.needs[:MOST]):
            _item(place, need)
    if rest := seen.needs[MOST:]:
        with st.expander(f"{len(rest)} more"):
            for place, need in enumerate(rest, start=MOST):
                _item(place, need)
    waiting = list(_waiting(seen))
    for icon, sentence in waiting:
        st.markdown(f":material/{icon}: {sentence}")
    loading = [case.key for case in seen.cases if case.version is not None and not case.loaded]
    if loading:
        _loading(loading, [case.title for case in seen.cases if case.key in loading])
    if not interrupted and not waiting and not loading and not seen.needs:
        st.markdown(":green[:material/check_circle:] Nothing. Every use case has a model in service.")


@st.fragment(run_every=2.0)
def _loading(keys: list[str], titles: list[str]) -> None:
    """Models that are still read from disk; the page starts over when they are there, with what it left out before."""
    if all(state.desk().loaded(key) for key in keys):
        st.rerun()
    names = ", ".join(f"**{messages.plain(title)}**" for title in titles)
    st.markdown(f":material/hourglass_top: Loading models: {names}. A first score may take a few seconds.")


MOST = 10
URGENCY = {
    Urgency.NOW: ("red", "Now"),
    Urgency.TODAY: ("orange", "Today"),
    Urgency.SOON: ("gray", "Soon"),
    Urgency.NEWS: ("gray", "To know"),
}
ICONS = {
    "alert": "notifications_active",
    "stand-in": "switch_access_shortcut",
    "clock": "support_agent",
    "answered": "mark_chat_read",
    "approval": "how_to_reg",
    "verdict": "gavel",
    "labels": "hourglass_bottom",
    "run": "event_busy",
    "delivery": "unsubscribe",
    "rolled back": "undo",
    "backup": "backup",
    "fault": "bug_report",
}


def _item(place: int, need: Need) -> None:
    """How soon, of what, what, and a button to the page where one does something about it."""
    hue, word = URGENCY[need.urgency]
    colon = "" if need.sentence.startswith("has ") else ":"
    said = f"**{messages.plain(need.subject)}**{colon} {messages.plain(need.sentence)}"
    found = frame.place(need.url)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":{hue}-badge[:material/{ICONS[need.kind]}: {word}] {said}", width="stretch")
        if found is not None and frame.allowed(need.url):
            key, icon = f"need:{place}:{need.kind}", f":material/{found.icon}:"
            if st.button(found.title, key=key, icon=icon, type="tertiary"):
                frame.follow(need.url, need.query)


def _interrupted(job: Any) -> None:
    what = messages.plain(str(job.spec.get("filename") or f"{job.kind} {job.spec.get('title', '')}"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":orange[:material/warning:] **{what}** was interrupted; what was logged is kept.")
        if st.button("Resume", key=f"resume:{job.id}", icon=":material/resume:"):
            with messages.told():
                from core.services import batches

                batches.resume(state.desk(), state.actor(), job.id)
                st.rerun()


def _waiting(seen: Overview) -> Iterator[tuple[str, str]]:
    for key, problem in seen.broken.items():
        yield "description", f"The definition of **{messages.plain(key)}** cannot be read: {messages.plain(problem)}"
    training = {job.use_case for job in seen.running if job.kind == "train"}
    for case in seen.cases:
        if case.version is None and case.key not in training:
            yield "model_training", f"**{case.title}** has no trained model yet, so it cannot score."
    for job in seen.running:
        if job.kind == "score file":
            name = messages.plain(str(job.spec.get("filename", job.kind)))
            yield "progress_activity", f"**{name}** is being scored, {words.percent(job.fraction, 0)} done."
