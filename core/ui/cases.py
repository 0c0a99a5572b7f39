"""The complaint desk's page: the inbox on the left, one case on the right with its clocks and its cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.domain.diagnosis import Check, State
from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.complaints import cases as service
from core.services.complaints.case_file import case_file
from core.services.complaints.case_sections import CaseFile
from core.services.complaints.cases import Case
from core.ui import audit_taken, case_words, frame, messages, state, words

ASKED = "case"  # the name in the URL
SHOWN = 60  # characters of a complaint in the inbox
_HELD = "file"


def listed(use_case: UseCase) -> list[Case]:
    """The cases of a use case: those that wait for somebody first, the newest first in both parts."""
    found = service.cases(state.desk(), state.actor(), use_case.key)
    return sorted(found, key=lambda case: not case_words.waiting(case))  # stable: newest first stays


def chosen(use_case: UseCase) -> Case | None:
    """The case of the link; None where none was chosen, or one of another use case."""
    asked = st.query_params.get(ASKED)
    if not asked:
        return None
    found = service.case(state.desk(), state.actor(), asked)
    if found.use_case == use_case.key:
        audit_taken.opened(use_case, f"case {found.id}")
        return found
    title = state.desk().use_case(found.use_case).title
    st.button(
        f"The case of the link is about {title}: open it there", icon=":material/arrow_forward:",
        on_click=frame.land_on, args=(found.use_case,),
    )  # fmt: skip
    return None


def inbox(use_case: UseCase, found: Sequence[Case], on: Case | None) -> None:
    """Every case as a button with its state, clock and owner; closed ones folded away."""
    waiting = [case for case in found if case_words.waiting(case)]
    done = [case for case in found if not case_words.waiting(case)]
    st.markdown(f"**{words.count(len(waiting), 'open case')}**")
    if not waiting:
        st.markdown(":green[:material/check_circle:] Nothing waits for an answer.")
    for case in waiting:
        _line(use_case, case, on)
    if done:
        open_now = on is not None and not case_words.waiting(on)
        with st.expander(words.count(len(done), "answered or closed case"), expanded=open_now):
            for case in done:
                _line(use_case, case, on)


def _line(use_case: UseCase, case: Case, on: Case | None) -> None:
    here = on is not None and on.id == case.id
    with st.container(border=True, gap=None):
        st.button(
            messages.plain(_short(case.text)),
            key=f"case:{case.id}",
            on_click=_choose,
            args=(case.id,),
            type="primary" if here else "tertiary",
            icon=":material/chevron_right:" if here else None,
            wrap=True,
        )
        st.markdown(f"{badge(case)} {clock_badge(case)}")
        owner = messages.plain(case.owner) if case.owner else "nobody's yet"
        simulated = ", simulated" if case.simulated else ""
        about = words.capitalised(case_words.subject(use_case, case))
        st.caption(f"{about}. {words.capitalised(case_words.age(case))}, {owner}{simulated}.")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1].rstrip() + "…"


def _choose(case_id: str) -> None:
    st.query_params[ASKED] = case_id


def badge(case: Case) -> str:
    """The state of a case as a badge."""
    icon, hue = case_words.STATE_LOOK[case.state]
    return f":{hue}-badge[:material/{icon}: {case.state}]"


def clock_badge(case: Case) -> str:
    """The clock that somebody must stop next; for a case that was answered, whether all were met."""
    item = case_words.next_clock(case)
    if item is not None:
        icon, hue = case_words.CLOCK_LOOK[item.state]
        return f":{hue}-badge[:material/{icon}: {item.name} {case_words.clock(item)}]"
    late = sum(item.state == "overdue" for item in case.clocks)
    if late:
        return f":red-badge[:material/alarm: {late} of {words.count(len(case.clocks), 'clock')} missed]"
    return ":green-badge[:material/check_circle: every clock met]"


def nothing(use_case: UseCase, found: Sequence[Case]) -> None:
    """What to do where no case is looked at."""
    if found:
        st.info(
            "Opening it stops its first clock when you work on cases." if may(state.actor(), Action.WORK_CASE) else
            "You see what the desk found, and the answer when there is one.",
            title="Choose a case on the left",
            icon=":material/inbox:",
        )  # fmt: skip
        return
    st.info(
        f"Open one from a score, with the button on the page that says why; or for a time in which the "
        f"{use_case.noun}s as a whole looked wrong, with the form above.",
        title="Nobody has complained yet",
        icon=":material/inbox:",
    )


def held(use_case: UseCase, case: Case) -> CaseFile:
    """The case file, worked out once per session and person until somebody looks again; the case as it stands now."""
    kept, mark = state.shelf("cases", use_case.key), (case.id, state.actor().role)
    if kept.get("mark") != mark:
        with st.spinner("The desk looks into the log"):
            kept[_HELD] = case_file(state.desk(), state.actor(), case.id)
        kept["mark"] = mark
    file: CaseFile = kept[_HELD]
    return replace(file, case=service.case(state.desk(), state.actor(), case.id))


def look_again(use_case: UseCase) -> None:
    """Forget the kept figures."""
    state.shelf("cases", use_case.key).pop("mark", None)


def complaint(use_case: UseCase, case: Case) -> None:
    """The complaint in its words, and what it is about."""
    st.markdown(f"{badge(case)} {':gray-badge[simulated]' if case.simulated else ''}")
    with st.container(border=True):
        st.markdown(f"“{messages.plain(case.text)}”")
        owner = f"Owned by {case.owner}" if case.owner else "Nobody owns it yet"
        who = f"{case.opened_by}, {words.exact(case.opened_at)}. {owner}."
        st.caption(messages.plain(f"About {case_words.subject(use_case, case)}. Opened by {who} Case {case.id}."))
        if case.prediction_id is not None and frame.allowed("why"):
            st.button(
                "Why this score?", icon=":material/help_center:", key=f"why:{case.id}", on_click=frame.explain,
                args=(use_case.key, case.prediction_id),
            )  # fmt: skip
    if case.answer is not None:
        when = f", {words.exact(case.answered_at)}" if case.answered_at else ""
        st.success(messages.plain(case.answer), title=f"The answer{when}", icon=":material/reply:")


def clocks(case: Case) -> None:
    """The three promises, each with what stops it."""
    with st.grid(3, min_column_width=170, gap="small"):
        for item in case.clocks:
            icon, hue = case_words.CLOCK_LOOK[item.state]
            with st.container(border=True, gap=None, height="stretch"):
                st.markdown(f"**{words.capitalised(item.name)}**, within {item.hours} h")
                said = words.capitalised(case_words.clock(item))
                st.markdown(f":{hue}[:material/{icon}: {said}]")
                st.caption(case_words.WORK[item.name])


def cause(file: CaseFile, models: bool) -> None:
    """The proposed cause with its sentence, then every check with its figures."""
    case, found = file.case, file.diagnosis
    if case.decided_cause is not None:
        reason = messages.plain(case.reason or "")
        st.markdown(f"### :material/gavel: Decided: {case_words.cause(case.decided_cause)}")
        st.markdown(reason)
    st.markdown(f"### :material/search_insights: The checks say: {case_words.cause(found.cause.value)}")
    st.markdown(messages.plain(found.says if models else case_words.meaning(found.cause.value)))
    if case.proposed_cause not in (None, found.cause.value):
        st.caption(f"It was proposed as: {case_words.cause(str(case.proposed_cause))}. The figures have moved since.")
    for check in file.checks:
        _check(check, models)
    breaches = sum(check.state is State.BREACH for check in file.checks)
    st.caption(
        f"{words.count(len(file.checks), 'check')}, {words.count(breaches, 'breach', 'breaches')}; the first cause in "
        f"the order model, integration, data, concept with a breach is proposed. Looked at {words.exact(file.made_at)}."
    )


def _check(check: Check, models: bool) -> None:
    icon, hue, word = case_words.CHECK_LOOK[check.state]
    says = f": {messages.plain(check.says)}" if models else f", {words.count(check.n, 'row')} looked at"
    st.markdown(f":{hue}-badge[:material/{icon}: {word}] **{check.name}**{says}")
