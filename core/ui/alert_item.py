"""One alert: what was found, the value against its limit over time, what to do, what was done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import streamlit as st

from core.domain.alert import State
from core.services.access import Action, may
from core.services.alerting import inbox
from core.services.alerting.rule import DESK_SUBJECT, Rule
from core.store.ledger_alert_tables import AlertRecord, ReadingRecord
from core.store.ledger_tables import EventRecord
from core.ui import alert_channels, alert_words, charts, frame, messages, state, words
from core.ui.places import PLACES
from core.ui.registry import with_reason

SNOOZES = {"4 hours": 4, "1 day": 24, "3 days": 72, "1 week": 168, "4 weeks": 672}


def item(alert: AlertRecord) -> None:
    """Everything about one alert."""
    now = datetime.now(UTC)
    rule = inbox.rule_of(alert)
    st.subheader(messages.plain(alert_words.title(state.desk(), alert)), anchor=False)
    simulated = " :gray-badge[simulated]" if alert.simulated else ""
    st.markdown(f"{alert_words.severity_badge(alert.severity)} {alert_words.status_badge(alert, now)}{simulated}")
    st.markdown(messages.plain(alert.sentence))
    history = inbox.history(state.desk(), state.actor(), alert)
    _now(alert, history)
    st.caption(messages.plain(_facts(alert)))
    if alert.state == "closed":
        when = f", {words.exact(alert.closed_at)}" if alert.closed_at else ""
        st.success(
            messages.plain(alert.closed_reason or ""), title=f"Closed by {alert.closed_by}{when}",
            icon=":material/task_alt:",
        )  # fmt: skip
    _runbook(alert, rule)
    alert_channels.reached(alert)
    if alert.state != "closed" and may(state.actor(), Action.WORK_ALERT):
        _actions(alert, now)
    _over_time(alert, rule, history)
    _done(inbox.alert_events(state.desk(), state.actor(), alert.id))


def _now(alert: AlertRecord, history: Sequence[ReadingRecord]) -> None:
    """What the last look said, where that was not the breach above."""
    last = history[-1] if history else None
    if alert.state != "closed" and last is not None and last.state != State.BREACH:
        icon, hue, word = alert_words.STATE_LOOK[State(last.state)]
        said = f"The last look, {words.exact(last.at)}: {word}. {last.sentence}"
        st.markdown(f":{hue}[:material/{icon}:] {messages.plain(said)}")


def _facts(alert: AlertRecord) -> str:
    about = alert_words.subject(state.desk(), alert.subject)
    times = words.count(alert.count, "look")
    owner = f"owned by {alert.owner}" if alert.owner else "nobody owns it yet"
    why = f" Snoozed because: {alert.snooze_reason}." if alert.snoozed_until and alert.snooze_reason else ""
    return (
        f"{about}. Since {words.exact(alert.opened_at)}, last seen {words.exact(alert.last_seen)} in {times}; "
        f"{owner}.{why} Alert {alert.id}."
    )


def _runbook(alert: AlertRecord, rule: Rule | None) -> None:
    """What to do, and the way to where one does it."""
    if rule is None:
        return
    with st.container(border=True):
        st.markdown(f":material/menu_book: **What to do.** {messages.plain(rule.runbook)}")
        place = next((place for place in PLACES if place.url == rule.page), None)
        if place is None or not may(state.actor(), place.action):
            return
        if st.button(f"Open {place.title}", icon=f":material/{place.icon}:", key=f"runbook:{alert.id}"):
            key = st.session_state[state.USE_CASE] if alert.subject == DESK_SUBJECT else alert.subject
            frame.go(place.url, key)


def _actions(alert: AlertRecord, now: datetime) -> None:
    desk, actor = state.desk(), state.actor()
    with st.container(horizontal=True):
        if (alert.state == "open" or alert.owner != actor.name) and st.button(
            "Acknowledge" if alert.state == "open" else "Take it over", icon=":material/how_to_reg:", type="primary"
        ):
            with messages.told():
                if alert.state == "open":
                    inbox.acknowledge(desk, actor, alert.id)
                else:
                    inbox.assign(desk, actor, alert.id, actor.name)
                st.rerun()
        _assign(alert)
        _snooze(alert, now)
        with_reason(
            "Close", "task_alt", f"close:{alert.id}", lambda reason: inbox.close(desk, actor, alert.id, reason),
            "It closes by itself when it is over. Closed by you it stays closed while the same goes on, unless it gets "
            "worse.",
        )  # fmt: skip


def _assign(alert: AlertRecord) -> None:
    with st.popover("Assign", icon=":material/person_add:"), st.form(f"assign:{alert.id}", border=False):
        owner = st.text_input("Who owns it", alert.owner or "", key=f"owner:{alert.id}")
        if st.form_submit_button("Assign", icon=":material/person_add:"):
            with messages.told():
                inbox.assign(state.desk(), state.actor(), alert.id, owner)
                st.rerun()


def _snooze(alert: AlertRecord, now: datetime) -> None:
    if inbox.status(alert, now) == "snoozed":
        if st.button("Wake", icon=":material/alarm_on:", help="End the snooze now."):
            with messages.told():
                inbox.wake(state.desk(), state.actor(), alert.id)
                st.rerun()
        return
    with st.popover("Snooze", icon=":material/snooze:"), st.form(f"snooze:{alert.id}", border=False):
        asked = st.selectbox("For", list(SNOOZES), index=1, key=f"snooze_for:{alert.id}")
        reason = st.text_input("Why can it wait?", key=f"snooze_why:{alert.id}")
        if st.form_submit_button("Snooze", icon=":material/snooze:"):
            with messages.told():
                until = datetime.now(UTC) + timedelta(hours=SNOOZES[str(asked)])
                inbox.snooze(state.desk(), state.actor(), alert.id, until, reason)
                st.rerun()


def _over_time(alert: AlertRecord, rule: Rule | None, history: Sequence[ReadingRecord]) -> None:
    """The value of every kept look against its limit."""
    told = [reading for reading in history if reading.value is not None]
    if not told:
        return
    unit = rule.unit if rule is not None else ""
    last = told[-1]
    limit = f", limit {alert_words.figure(unit, last.limit)}" if last.limit is not None else ""
    finding = f"{alert_words.figure(unit, last.value)} on {words.exact(last.at)}{limit}"
    breaches = sum(reading.state == State.BREACH for reading in told)
    caption = (
        f"{words.count(len(told), 'look')} kept, {words.count(breaches, 'breach', 'breaches')} among them (filled)."
    )
    charts.show(_drawn(told, unit), messages.plain(finding), caption, _table(told, unit), key=f"looks:{alert.id}")


def _drawn(told: Sequence[ReadingRecord], unit: str) -> Any:
    colours = charts.ink()
    form = ".1%" if unit == "rate" else ",.4~g"
    drawn = charts.figure(height=200, y_title="" if unit == "rate" else unit)
    at = [reading.at for reading in told]
    limits = [reading.limit for reading in told]
    if any(limit is not None for limit in limits):
        line = {"color": colours.muted, "dash": "dot", "width": 1.5, "shape": "hv"}
        drawn.add_scatter(x=at, y=limits, mode="lines", line=line, name="limit", hoverinfo="skip")
    hit = [reading.state == State.BREACH for reading in told]
    symbols = ["circle" if breach else "circle-open" for breach in hit]
    inks = [colours.challengers[0] if breach else colours.accent for breach in hit]
    drawn.add_scatter(
        x=at,
        y=[reading.value for reading in told],
        mode="lines+markers",
        line={"color": colours.accent, "width": 1.5},
        marker={"symbol": symbols, "color": inks, "size": 8, "line": {"width": 1.5}},
        hovertemplate=f"%{{x|%-d %b %Y, %H:%M}}: %{{y:{form}}}<extra></extra>",
        name="value",
    )
    drawn.update_yaxes(tickformat=form)
    drawn.update_xaxes(type="date")
    return drawn


def _table(told: Sequence[ReadingRecord], unit: str) -> pa.Table:
    return pa.table(
        {
            "When": pa.array([reading.at for reading in told]),
            "Look": [reading.state for reading in told],
            "Value": [alert_words.figure(unit, reading.value) for reading in told],
            "Limit": [alert_words.figure(unit, reading.limit) for reading in told],
            "n": [reading.n for reading in told],
            "What was found": [reading.sentence for reading in told],
        }
    )


def _done(events: Sequence[EventRecord]) -> None:
    """Every step with who took it."""
    with st.expander("What was done", icon=":material/history:"):
        st.dataframe(
            pa.table(
                {
                    "When": [words.exact(event.at) for event in events],
                    "Who": [event.actor for event in events],
                    "What": [event.action for event in events],
                    "Why": [event.reason or "" for event in events],
                }
            ),
            hide_index=True,
            width="stretch",
            alt="What was done about this alert, oldest first",
        )
