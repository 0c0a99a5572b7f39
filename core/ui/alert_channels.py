"""The channels of alerts: where people are told, what became of the messages, a test of each; set by role."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import streamlit as st

from core.bridges.apprise import EXAMPLES
from core.domain.alert import Severity
from core.services.access import Action, may
from core.services.alerting import channels as service
from core.services.alerting import delivery
from core.services.alerting.channels import Wanted
from core.store.ledger_alert_tables import AlertRecord
from core.store.ledger_channels import ChannelRecord, DeliveryRecord
from core.ui import alert_words, messages, state, words

ICONS = {"Slack": "tag", "e-mail": "mail", "PagerDuty": "notifications_active", "webhook": "webhook"}
STATES = {  # icon, hue, word
    "sent": ("check_circle", "green", "sent"),
    "pending": ("schedule", "orange", "waiting"),
    "failed": ("error", "red", "given up"),
}
ALL = "every use case, and the desk itself"
SHOWN = 50  # deliveries in the table
_ADDED = "channels added"  # in the session: a new form after each, so that no address stays in one


def show() -> None:
    """What nobody would hear of, every channel, a form for another one, and what was sent."""
    desk, actor = state.desk(), state.actor()
    found = service.channels(desk, actor)
    _heard(found)
    sets = may(actor, Action.SET_ALERTS)
    for channel in found:
        with st.container(border=True):
            _channel(channel, sets)
    if sets:
        with st.expander("Add a channel", icon=":material/add_alert:", expanded=not found):
            _form(None)
    else:
        st.caption("A risk manager or an administrator sets channels.")
    _sent()


def _heard(found: Sequence[ChannelRecord]) -> None:
    if not found:
        st.info(
            "Alerts stay on this page and on the home page. The policy tells warnings to Slack, critical alerts to "
            "e-mail, Slack and PagerDuty.",
            title="No channel is set",
            icon=":material/notifications_off:",
        )
        return
    for severity, subjects in service.unheard(state.desk(), state.actor()).items():
        said = "critical alerts" if severity is Severity.CRITICAL else "warnings"
        where = ", ".join(alert_words.subject(state.desk(), key) for key in subjects)
        st.warning(
            f"Nobody is told of {said} about: {messages.plain(where)}. They show on this page only.",
            icon=":material/notifications_off:",
        )


def _channel(channel: ChannelRecord, sets: bool) -> None:
    icon = ICONS.get(channel.kind, "send")
    off = "" if channel.on else " :gray-badge[:material/notifications_off: switched off]"
    badges = " ".join(alert_words.severity_badge(severity) for severity in channel.severities)
    st.markdown(f":material/{icon}: **{messages.plain(channel.name)}** {badges}{off}")
    counts = delivery.counts(state.desk(), state.actor())
    numbers = [f"{counts.get((channel.id, name), 0):,} {word}" for name, (_, _, word) in STATES.items()]
    st.caption(
        messages.plain(
            f"{words.capitalised(channel.kind)} at {channel.place}; {_use_cases(channel)}. "
            f"Messages: {', '.join(numbers)}. Set by {channel.changed_by}, {words.exact(channel.changed_at)}."
        )
    )
    if sets:
        with st.container(horizontal=True):
            tested = st.button("Test this channel", icon=":material/send:", key=f"test:{channel.id}")
            with st.popover("Change", icon=":material/edit:"):
                _form(channel)
            _remove(channel)
        if tested:
            _test(channel)


def _use_cases(channel: ChannelRecord) -> str:
    if channel.use_cases is None:
        return ALL
    return ", ".join(alert_words.subject(state.desk(), key) for key in channel.use_cases)


def _test(channel: ChannelRecord) -> None:
    with messages.told(), st.spinner("A test message is on its way"):
        found = service.test(state.desk(), state.actor(), channel.id)
        if found.arrived:
            st.success(messages.plain(f"{found.said} It is marked as a test."), icon=":material/check_circle:")
        else:
            st.error(messages.plain(found.said), title="The test did not arrive", icon=":material/error:")


def _remove(channel: ChannelRecord) -> None:
    with st.popover("Remove", icon=":material/delete:"):
        st.caption("Its address is forgotten; what it sent stays on record. What still waits is not sent.")
        if st.button("Remove", icon=":material/delete:", type="primary", key=f"remove:{channel.id}"):
            with messages.told():
                service.remove(state.desk(), state.actor(), channel.id)
                st.rerun()


def _form(channel: ChannelRecord | None) -> None:
    """A new channel, or another setting of one; the address goes in and is never shown."""
    known = state.desk().use_cases()
    added = int(st.session_state.get(_ADDED, 0))
    mark = channel.id if channel else f"new {added}"
    with st.form(f"channel:{mark}", border=False):
        name = st.text_input("Name", channel.name if channel else "", max_chars=60, key=f"name:{mark}:{added}")
        address = st.text_input(
            "Address" if channel is None else "Another address (empty: as it is)", type="password",
            key=f"address:{mark}:{added}", autocomplete="off", help=_help(),
        )  # fmt: skip
        levels = st.multiselect(
            "Severities", list(Severity), [Severity(level) for level in channel.severities] if channel else [],
            placeholder="As the policy says for its kind", key=f"levels:{mark}:{added}",
        )  # fmt: skip
        keys = st.multiselect(
            "Use cases", list(known), list(channel.use_cases or ()) if channel else [], placeholder=ALL.capitalize(),
            format_func=lambda key: known[key].title if key in known else key, key=f"cases:{mark}:{added}",
        )  # fmt: skip
        on = st.toggle("Switched on", channel.on if channel else True, key=f"on:{mark}:{added}")
        if st.form_submit_button("Save", icon=":material/save:", type="primary"):
            with messages.told():
                wanted = Wanted(name, address.strip() or None, levels or None, keys or None, on)
                service.save(state.desk(), state.actor(), wanted, channel.id if channel else None)
                st.session_state[_ADDED] = added + 1
                st.rerun()


def _help() -> str:
    shapes = "\n".join(f"- {kind.value}: `{text}`" for kind, text in EXAMPLES.items())
    return (
        f"{shapes}\n\nIt is kept in `data/secrets.toml`, which only the desk's user may read, and shown to nobody. "
        "`env:NAME` takes it from an environment variable instead."
    )


def _sent() -> None:
    told = delivery.deliveries(state.desk(), state.actor(), limit=SHOWN)
    if not told:
        return
    st.subheader("Messages", anchor=False)
    names = service.names(state.desk(), state.actor())
    st.dataframe(
        pa.table(
            {
                "When": [words.exact(item.created_at) for item in told],
                "Channel": [names.get(item.channel, item.channel) for item in told],
                "Message": [str(item.message["title"]) for item in told],
                "State": [STATES[item.state][2] for item in told],
                "What happened": [tries(item) for item in told],
            }
        ),
        hide_index=True,
        width="stretch",
        alt="Messages about alerts, the newest first, with what became of each",
    )
    st.caption(f"The newest {SHOWN} at most. What fails is tried {delivery.TRIES} times in about 31 hours.")
    if may(state.actor(), Action.WORK_ALERT):
        for item in [item for item in told if item.state == "failed"][:5]:
            _again(item, names.get(item.channel, item.channel))


def _again(item: DeliveryRecord, name: str) -> None:
    label = messages.plain(f"Try again: {item.message['title']}, to {name}")
    if st.button(label, icon=":material/replay:", key=f"again:{item.key}"):
        with messages.told():
            delivery.try_again(state.desk(), state.actor(), item.key)
            st.rerun()


def reached(alert: AlertRecord) -> None:
    """Whom an alert reached, and what is still on its way."""
    told = delivery.deliveries(state.desk(), state.actor(), alert.id)
    names = service.names(state.desk(), state.actor())
    for item in reversed(told):
        icon, hue, word = STATES[item.state]
        said = f"{names.get(item.channel, item.channel)} ({item.moment}): {tries(item)}"
        st.markdown(f":{hue}-badge[:material/{icon}: {word}] {messages.plain(said)}")


def tries(item: DeliveryRecord) -> str:
    """What became of a message, in words.

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
    >>> waiting = DeliveryRecord("k", "a", "c", "opened", "critical", {}, at, "pending", 3, at, at)
    >>> tries(waiting)
    '3 of 7 tries; next at 2 Mar 2026, 09:15 UTC'
    """
    if item.state == "sent" and item.sent_at is not None:
        again = f", at try {item.tries}" if item.tries > 1 else ""
        return f"{words.exact(item.sent_at)}{again}"
    if not item.tries:
        return item.last_error or "not tried yet"
    said = f"{item.tries} of {delivery.TRIES} tries"
    if item.state == "pending" and item.next_try_at is not None:
        said += f"; next at {words.exact(item.next_try_at)}"
    return f"{said}. {item.last_error}" if item.last_error else said
