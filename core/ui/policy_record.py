"""Keep a draft, publish it, roll back, and read who drew which line when and why."""

from __future__ import annotations

import streamlit as st

from core.domain.policy import Policy
from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.governing import policies
from core.services.governing.policies import Drawn, KeptPolicy
from core.store.ledger_tables import EventRecord
from core.ui import messages, policy_editor, policy_effects, state, words

_SHOWN = 12
_DID = {
    policies.DRAFTED: "Draft {number} kept",
    policies.CHANGED: "Draft {number} changed",
    policies.DROP: "Draft {number} put away",
    policies.PUBLISH: "Policy {number} published",
    policies.ROLL_BACK: "Rolled back to {title}",
}


def looked_at(use_case: UseCase, drawn: Drawn) -> int:
    """The policy that was in force when this page was drawn last: what its reader has decided upon."""
    kept = state.shelf("policy", use_case.key)
    before, kept["seen"] = kept.get("seen", drawn.in_force.number), drawn.in_force.number
    return int(before)


def acts(use_case: UseCase, drawn: Drawn, start: KeptPolicy, policy: Policy, over: int) -> None:
    """What may be done with what the fields say."""
    actor = state.actor()
    if not may(actor, Action.SET_POLICY):
        st.caption("Your role reads policies; an analyst, a risk manager or an administrator drafts them.")
        return
    is_draft, touched = start.state == policies.DRAFT, policy != start.policy
    with st.container(horizontal=True):
        if touched or not is_draft:
            _save(use_case, drawn, start, policy)
        if is_draft:
            _publish(use_case, start, touched, over)
            _drop(use_case, start)
    if is_draft and not may(actor, Action.PUBLISH_POLICY):
        st.caption("A risk manager or an administrator publishes it.")


def _save(use_case: UseCase, drawn: Drawn, start: KeptPolicy, policy: Policy) -> None:
    same, desk, actor, key = policy == drawn.in_force.policy, state.desk(), state.actor(), use_case.key
    number = start.number if start.state == policies.DRAFT else None
    about = (
        "Nothing differs from the policy in force." if same else "Kept with its number; nothing is decided by it yet."
    )
    with (
        st.popover("Save the draft", icon=":material/save:", disabled=same, help=about, key=f"policy-saving:{key}"),
        st.form(f"policy-save:{key}", border=False),
    ):
        reason = st.text_area("What is it for?", key=f"policy-save-reason:{key}")
        new = number is not None and st.checkbox("As a draft of its own", key=f"policy-save-new:{key}")
        if st.form_submit_button("Save", icon=":material/save:", type="primary"):
            with messages.told():
                saved = policies.save_draft(desk, actor, key, policy, reason, None if new else number)
                st.toast(f"Draft {saved.number} is kept.", icon=":material/check_circle:")
                policy_editor.reopen(use_case, saved.number)


def _publish(use_case: UseCase, start: KeptPolicy, touched: bool, over: int) -> None:
    if not may(state.actor(), Action.PUBLISH_POLICY):
        return
    about = "Save the draft first." if touched else "For the next row on every face; logged rows keep their decision."
    with (
        st.popover(
            "Publish", icon=":material/gavel:", disabled=touched, help=about, key=f"policy-publishing:{use_case.key}"
        ),
        st.form(f"policy-publish:{use_case.key}", border=False),
    ):
        st.markdown("The next row is decided by it. Rows that are logged keep their band and decision.")
        reason = st.text_area("Why this policy?", key=f"policy-publish-reason:{use_case.key}")
        if st.form_submit_button("Publish", icon=":material/gavel:", type="primary"):
            with messages.told():
                policies.publish(state.desk(), state.actor(), use_case.key, start.number, reason, over)
                st.toast(f"Policy {start.number} is in force.", icon=":material/check_circle:")
                policy_editor.reopen(use_case, start.number)


def _drop(use_case: UseCase, start: KeptPolicy) -> None:
    with (
        st.popover(
            "Put away",
            icon=":material/archive:",
            help="The draft stays on record.",
            key=f"policy-dropping:{use_case.key}",
        ),
        st.form(f"policy-drop:{use_case.key}", border=False),
    ):
        reason = st.text_area("Why?", key=f"policy-drop-reason:{use_case.key}")
        if st.form_submit_button("Put away", icon=":material/archive:"):
            with messages.told():
                policies.drop_draft(state.desk(), state.actor(), use_case.key, start.number, reason)
                policy_editor.reopen(use_case, -1)


def former(use_case: UseCase, drawn: Drawn, over: int) -> None:
    """Former policies, what going back would change, and the way back."""
    if not drawn.former:
        st.info("Once another policy is published, the way back to this one is here.", title="No former policy")
        return
    choices = {item.number: item for item in drawn.former}
    number = st.selectbox(
        "Former policies",
        list(choices),
        format_func=lambda number: policy_editor.title(choices[number]),
        key=f"policy-former:{use_case.key}",
        width=360,
    )
    st.markdown("**Going back would change**")
    policy_effects.differences(drawn.in_force.policy, choices[number].policy)
    if not may(state.actor(), Action.ROLL_BACK):
        st.caption("A risk manager or an administrator rolls back.")
        return
    with (
        st.popover("Roll back", icon=":material/undo:", key=f"policy-rolling:{use_case.key}"),
        st.form(f"policy-back:{use_case.key}", border=False),
    ):
        reason = st.text_area("Why back?", key=f"policy-back-reason:{use_case.key}")
        if st.form_submit_button("Roll back", icon=":material/undo:", type="primary"):
            with messages.told():
                policies.roll_back(state.desk(), state.actor(), use_case.key, number, reason, over)
                st.toast("The former policy is in force again.", icon=":material/check_circle:")
                policy_editor.reopen(use_case, number)


def history(use_case: UseCase) -> None:
    """Who drew which line, when and why; newest first."""
    events = policies.history(state.desk(), state.actor(), use_case.key)
    if not events:
        st.info(
            "Every draft, publication and way back is written down here, with who, when and why.",
            title="Nobody has changed this policy yet",
            icon=":material/history:",
        )
        return
    for event in events[:_SHOWN]:
        _told(event)
    if len(events) > _SHOWN:
        with st.expander(f"{len(events) - _SHOWN} older entries"):
            for event in events[_SHOWN:]:
                _told(event)


def _told(event: EventRecord) -> None:
    after, before = event.after or {}, event.before or {}
    number = after.get("number", before.get("number"))
    title = "the use case's own" if number == 0 else f"policy {number}"
    did = _DID[event.action].format(number=number, title=title)
    with st.container(border=True, gap="xxsmall"):
        st.markdown(f"**{did}** · {messages.plain(event.actor)}, {words.exact(event.at)}")
        st.markdown(messages.plain(event.reason or ""))
        lines = list(after.get("differences", ()))
        if after.get("own_draft") and event.action == policies.PUBLISH:
            st.caption(":material/info: Drafted and published by the same person.")
        if lines:
            st.caption("\n".join(f"- {messages.plain(line)}" for line in lines))
