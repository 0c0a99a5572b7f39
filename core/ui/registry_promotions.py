"""Promotions on the models page: what is asked for and on what evidence, whose approval it takes, what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.domain.compare.verdict import State
from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.comparison import plans as plan_service
from core.services.comparison.plans import Planned
from core.services.governing import registry as service
from core.services.governing.registry import Promotion
from core.ui import challenger_words, frame, messages, state, words
from core.ui import registry_words as say
from core.ui.registry import with_reason


def promotions(use_case: UseCase) -> None:
    """What waits first, then the way to ask, then what is over."""
    found = service.promotions(state.desk(), state.actor(), use_case.key)
    waiting = [item for item in found if item.record.state == service.OPEN]
    if not waiting:
        st.markdown(":green[:material/check_circle:] No promotion waits for an approval.")
    for item in waiting:
        with st.container(border=True):
            _headline(item)
            _answer(use_case, item)
            _evidence(item)
    if may(state.actor(), Action.PROMOTE):
        _ask(use_case)
    done = [item for item in found if item.record.state != service.OPEN]
    if done:
        st.subheader("Decided", anchor=False)
    for item in done:
        label = f"{item.arm}: {item.record.state}, asked for {words.exact(item.record.requested_at)}"
        with st.expander(messages.plain(label)):
            _headline(item)
            _evidence(item)


def _headline(item: Promotion) -> None:
    record = item.record
    against = record.evidence["against"]
    beside = f", in place of {against['model']} of {against['version']}" if against else ""
    st.markdown(f"**{messages.plain(str(item.arm))}** {say.badge(say.ASKED_LOOK[record.state])}")
    st.markdown(
        messages.plain(f"{record.requested_by} asked that it act{beside}, {words.exact(record.requested_at)}: ")
        + messages.plain(record.reason)
    )
    for approval in item.approvals:
        icon = ":green[:material/check:]" if approval.approved else ":red[:material/close:]"
        own = " · **their own request**" if approval.actor == record.requested_by else ""
        said = f"{approval.actor} ({approval.role}), {words.exact(approval.at)}: {approval.reason}"
        st.markdown(f"{icon} {messages.plain(said)}{own}")


def _answer(use_case: UseCase, item: Promotion) -> None:
    """Yes, no or back, to whom it may concern; or why not."""
    desk, actor, key, name = state.desk(), state.actor(), use_case.key, item.record.id
    st.markdown(f":material/how_to_reg: {words.capitalised(say.missing(item))}.")
    with st.container(horizontal=True):
        if not item.hindrance:
            last = item.missing == (actor.role,)
            note = (
                "This is the last approval: it acts from the next row on." if last else "Others must approve as well."
            )
            with_reason(
                "Approve", "check", f"approve:{name}",
                lambda reason: service.approve(desk, actor, key, name, reason), note,
            )  # fmt: skip
            with_reason(
                "Refuse", "close", f"refuse:{name}", lambda reason: service.refuse(desk, actor, key, name, reason),
                "One no closes it.",
            )  # fmt: skip
        elif may(actor, Action.APPROVE):
            st.button("Approve", icon=":material/check:", key=f"approve:{name}", disabled=True, help=item.hindrance)
        own = actor.name == item.record.requested_by
        if may(actor, Action.PROMOTE) and (own or may(actor, Action.ROLL_BACK)):
            with_reason(
                "Withdraw", "undo", f"withdraw:{name}", lambda reason: service.withdraw(desk, actor, key, name, reason)
            )
    if item.hindrance and may(actor, Action.APPROVE):
        st.caption(messages.plain(f"You may not approve it: {item.hindrance}"))


def _evidence(item: Promotion) -> None:
    evidence = item.record.evidence
    _risk(evidence["risk"], evidence["needs"])
    verdict = evidence["verdict"]
    if verdict is not None:
        _checks(f"Verdict: {words.capitalised(verdict['decision'])}. {verdict['reason']}", verdict["checks"])
    _checks("Compliance gate", evidence["gate"])
    plan = f"Plan {item.record.plan}. " if item.record.plan else ""
    st.caption(f"{plan}Evidence as it stood on {words.exact(item.record.requested_at)}; promotion {item.record.id}.")


def _risk(risk: Mapping[str, Any], needs: list[str]) -> None:
    """The five factors, each with the figures it comes from."""
    st.markdown(f"**Risk {risk['score']:.2f}, {say.level(risk['score'])}**: it takes {say.roles(_roles(needs))}.")
    with st.expander("Risk, factor by factor"):
        for factor in risk["factors"]:
            value = "does not apply" if factor["value"] is None else f"{factor['value']:.2f}"
            st.markdown(f"**{words.capitalised(factor['name'])} {value}**: {messages.plain(factor['sentence'])}")
            if factor["value"] is not None:
                st.progress(factor["value"])
        st.caption("Each factor runs from 0, good, to 1, bad; the risk is the mean of those that apply.")


def _roles(names: list[str]) -> list[Any]:
    return [next(role for role in say.ROLES if role.value == name) for name in names]


def _checks(title: str, checks: list[Mapping[str, Any]]) -> None:
    with st.expander(messages.plain(title)):
        for check in checks:
            icon = challenger_words.STATES[State(check["state"])]
            name, said = words.capitalised(check["name"]), messages.plain(check["sentence"])
            st.markdown(f"{icon} **{messages.plain(name)}** ({check['state']}): {said}")


def _ask(use_case: UseCase) -> None:
    """Ask that a challenger act, with the plan whose verdict carries it."""
    known = plan_service.plans(state.desk(), state.actor(), use_case.key)
    running = {planned.id: planned for planned in known if planned.record.closed_at is None}
    with st.expander("Ask for a promotion", icon=":material/how_to_reg:"):
        if not running:
            st.markdown("It takes a comparison plan whose verdict is Promote, and none is in force.")
            st.page_link(frame.script("challengers"), label="Plan a comparison", icon=":material/rule:")
            return
        with st.form(f"ask:{use_case.key}", border=False):
            name = st.selectbox("Plan", list(running), format_func=lambda name: _plan(running[name]))
            reason = st.text_input("Why", placeholder="One sentence for those who approve")
            if st.form_submit_button("Ask", icon=":material/how_to_reg:", type="primary"):
                _send(use_case, running[str(name)], reason)


def _plan(planned: Planned) -> str:
    plan = planned.plan
    return f"{plan.challenger} against {plan.champion}, {plan.metric} ({planned.id})"


def _send(use_case: UseCase, planned: Planned, reason: str) -> None:
    with messages.told(), st.spinner("Judging the plan, the gate and the risk"):
        service.request(state.desk(), state.actor(), use_case.key, planned.plan.challenger, planned.id, reason)
        st.rerun()
