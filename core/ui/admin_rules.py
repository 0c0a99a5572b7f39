"""The admin page's rules in force: policies, retention and privacy, alert rules and channels, each with its page."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.services.administration import in_force as service
from core.services.administration.in_force import Alerting, KeptHere, PolicyInForce
from core.ui import alert_words, frame, messages, state, words

KEPT = {  # kind of record -> its column
    "rows": "Scored rows",
    "outcomes": "Outcomes",
    "views": "Views",
    "feedback": "Feedback",
    "results": "Scored files",
    "inbox": "Inbox files",
    "jobs": "Jobs",
}


def show() -> None:
    """Policies, what is kept, alerts."""
    desk, actor = state.desk(), state.actor()
    _policies(service.policies_in_force(desk, actor))
    _kept(service.kept_here(desk, actor))
    _alerting(service.alerting(desk, actor))


def _policies(found: list[PolicyInForce]) -> None:
    st.subheader("Policies", anchor=False)
    for item in found:
        if item.unfit:
            st.warning(messages.plain(item.unfit), icon=":material/warning:")
    st.dataframe(
        [_policy(item) for item in found],
        hide_index=True,
        width="stretch",
        height="content",
        column_config={"Reason": st.column_config.TextColumn(width="large")},
        alt="The policy in force of every use case: number, since when, by whom, why, drafts that wait",
    )
    _leads("Open the policy of", found, "policy", "straighten")


def _policy(item: PolicyInForce) -> dict[str, object]:
    return {
        "Use case": item.title,
        "Policy": f"no. {item.number}" if item.number else "its own",
        "Since": words.exact(item.since) if item.since else "its definition",
        "By": item.by,
        "Drafts": item.n_drafts,
        "Reason": item.reason,
    }


def _leads(label: str, found: list[PolicyInForce], url: str, icon: str) -> None:
    """A button that opens a page of one use case."""
    titles = {item.key: item.title for item in found}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = str(st.selectbox(label, list(titles), format_func=titles.__getitem__, key=f"admin:{url}", width=300))
        if st.button("Open", icon=f":material/{icon}:", key=f"admin:{url}:open"):
            frame.go(url, key)


def _kept(found: list[KeptHere]) -> None:
    st.subheader("How long records are kept", anchor=False)
    st.dataframe(
        [_kept_row(item) for item in found],
        hide_index=True,
        width="stretch",
        height="content",
        alt="How long each kind of record is kept, by use case and for the desk; whether ids are keyed hashes",
    )
    st.caption(
        "Days; a daily task clears away what is older. Events are kept for seven years: their chain stays whole. "
        "It is set on the data page, under Privacy."
    )
    if st.button("Open the data page", icon=":material/dataset:", key="admin:data:open"):
        st.switch_page(frame.script("data"))


def _kept_row(item: KeptHere) -> dict[str, object]:
    ids = ("hashed" if item.hashes_ids else "plain") if item.key else ""
    changed = f"{item.by}, {words.exact(item.since)}" if item.since else ""
    return {"What": item.title} | _days(item.days) | {"Ids": ids, "Changed": changed}


def _days(days: Mapping[str, int | None]) -> dict[str, object]:
    """Every column, empty where a kind of record is not of this one."""
    return {
        title: ("for good" if days[name] is None else f"{days[name]:,}") if name in days else ""
        for name, title in KEPT.items()
    }


def _alerting(found: Alerting) -> None:
    st.subheader("Alerts", anchor=False)
    changed = "; ".join(f"{rule} ({', '.join(names)})" for rule, names in found.changed.items())
    said = f"{words.count(found.n_rules, 'rule')}, " + (
        f"set by somebody: {changed}." if changed else "all as shipped."
    )
    st.markdown(messages.plain(said))
    off = f", {found.n_off} of them switched off" if found.n_off else ""
    st.markdown(f"{words.count(found.n_channels, 'channel')}{off}.")
    for severity, subjects in found.unheard.items():
        where = messages.plain(", ".join(alert_words.subject(state.desk(), key) for key in subjects))
        st.markdown(f":orange[:material/notifications_off: Nobody is told of {severity} alerts] about {where}.")
    with st.container(horizontal=True):
        if st.button("Open the rules", icon=":material/rule:", key="admin:alerts:rules"):
            frame.follow("alerts", {frame.VIEW: "Rules"})
        if st.button("Open the channels", icon=":material/send:", key="admin:alerts:channels"):
            frame.follow("alerts", {frame.VIEW: "Channels"})
