"""The verdict on every plan in force: one sentence, then the checks that led to it."""

from __future__ import annotations

import streamlit as st

from core.domain.compare.verdict import Check, Decision, State, Verdict
from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.comparison import plans as plan_service
from core.services.comparison.plans import Planned
from core.services.comparison.verdicts import Judged
from core.services.governing import standing as service
from core.ui import challenger_promote, messages, state, words
from core.ui import challenger_words as say
from core.ui.period_words import day


def standing(use_case: UseCase) -> None:
    """What every plan in force has come to; says so where there is none."""
    with st.spinner("Judging the plans in force"):
        found = service.standing(state.desk(), state.actor(), use_case.key)
    if not found:
        st.markdown(
            ":gray[:material/rule: **No verdict: no comparison is planned.**] What stands below is a look at the past. "
            "A plan fixes what counts, and how much, before outcomes are known; then there is a verdict."
        )
    for judged in found:
        _one(use_case, judged, expanded=len(found) == 1)
    _ended(use_case)


def _one(use_case: UseCase, judged: Judged, expanded: bool) -> None:
    verdict = judged.verdict
    hue, icon, word = say.DECISIONS[verdict.decision]
    with st.container(border=True):
        st.markdown(f"#### :{hue}[:material/{icon}: {word}] {_challenge(judged.planned)}")
        st.markdown(_reason(verdict))
        left, right = st.columns([3, 1], vertical_alignment="center")
        with left:
            _gain(judged)
        with right:
            challenger_promote.promote(use_case, judged)
        with st.expander(_met(verdict), expanded=expanded):
            for check in verdict.checks:
                st.markdown(_line(check))
        st.caption(_frozen(judged.planned))
        _end(use_case, judged.planned)


def _met(verdict: Verdict) -> str:
    states = [check.state for check in verdict.checks]
    met, not_asked = states.count(State.MET), states.count(State.NOT_ASKED)
    tail = f", {not_asked} not asked" if not_asked else ""
    return f"{met} of {words.count(len(states), 'check')} met{tail}"


def _challenge(planned: Planned) -> str:
    return f"{planned.plan.challenger} against {planned.plan.champion}"


def _reason(verdict: Verdict) -> str:
    text = messages.plain(verdict.reason)
    if verdict.decision is Decision.KEEP_TESTING and verdict.ready_on is not None:
        return f"{text} The planned rows are there about **{day(verdict.ready_on)}**."
    return text


def _gain(judged: Judged) -> None:
    """The gain so far; while a plan is open with the interval that may be looked at every day."""
    found = judged.evidence.pooled or judged.evidence.first
    if found is None:
        return
    metric = judged.planned.plan.metric
    if judged.verdict.decision is Decision.KEEP_TESTING and judged.always_valid is not None:
        low, high = judged.always_valid
        said = f"{say.signed(metric, found.gain)} [{say.signed(metric, low)}, {say.signed(metric, high)}]"
        st.markdown(
            f"Gain in {say.called(metric)} so far {said}, "
            f"n = {words.count(judged.n_now)}: an interval that may be looked at every day."
        )
        return
    whole = "both windows together" if judged.evidence.pooled else "window 1"
    st.markdown(f"Gain in {say.called(metric)} {say.gain(found)}, n = {words.count(found.n)}, {whole}.")


def _line(check: Check) -> str:
    name = words.capitalised(check.name)
    return f"{say.STATES[check.state]} **{messages.plain(name)}** ({check.state}): {messages.plain(check.sentence)}"


def _frozen(planned: Planned) -> str:
    plan, record = planned.plan, planned.record
    spans = [f"{day(first)} to {day(last)}" for first, last in (plan.window_1, plan.window_2)]
    return (
        f"Frozen by {messages.plain(record.created_by)} on {day(record.created_at.date())}: "
        f"{messages.plain(plan.preset)}; {words.count(plan.planned_n)} judged rows in each of {spans[0]} and "
        f"{spans[1]}. Plan {record.id}."
    )


def _end(use_case: UseCase, planned: Planned) -> None:
    if not may(state.actor(), Action.PLAN):
        return
    with (
        st.popover("End this plan", icon=":material/stop_circle:", help="It stays on record with your reason."),
        st.form(f"end:{planned.id}", border=False),
    ):
        reason = st.text_input("Why", placeholder="What was decided instead")
        if st.form_submit_button("End it", icon=":material/stop_circle:"):
            with messages.told():
                plan_service.close_plan(state.desk(), state.actor(), use_case.key, planned.id, reason)
                st.rerun()


def _ended(use_case: UseCase) -> None:
    over = service.ended(state.desk(), state.actor(), use_case.key)
    if not over:
        return
    with st.expander(words.count(len(over), "plan that has ended", "plans that have ended")):
        for planned in over:
            closed = planned.record.closed_at
            when = day(closed.date()) if closed else ""
            st.markdown(f"- {_challenge(planned)}: {messages.plain(planned.record.closed_reason or '')} ({when})")
