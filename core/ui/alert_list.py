"""The inbox of alerts, left on its page: filters, every alert as a button, what is said when nothing fired."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from core.domain.alert import Severity
from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.alerting import inbox
from core.services.alerting.rule import DESK_SUBJECT
from core.store.ledger_alert_tables import AlertRecord
from core.ui import alert_words, messages, state, words
from core.ui.period_words import day

ASKED = "alert"  # the name in the URL
EVERYWHERE, HERE = "everywhere", "here"
VIEWS = ("Inbox", "Rules", "Channels")
SHOWN = tuple(words.capitalised(name) for name in inbox.STATUSES)
_MOST = 60  # shown of one list
_AT_ONCE, _LIST_HEIGHT = 6, 620  # pixels


def pick_view() -> str:
    """What to look at, in the URL."""
    asked = st.segmented_control(
        "Look at", VIEWS, default=VIEWS[0], required=True, key="view", bind="query-params", label_visibility="collapsed"
    )
    return str(asked or VIEWS[0])


def filtered(use_case: UseCase) -> list[AlertRecord]:
    """The filters, and the alerts that pass them."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.segmented_control("State", SHOWN, default=SHOWN[0], required=True, key="show", bind="query-params")
        where = st.segmented_control(
            "Where", (EVERYWHERE, HERE), default=EVERYWHERE, required=True, key="where", bind="query-params",
            format_func=lambda name: use_case.title if name == HERE else words.capitalised(name),
        )  # fmt: skip
        least = st.segmented_control(
            "Severity", list(Severity), default=None, key="severity", bind="query-params", help="This one and worse.",
        )  # fmt: skip
        mine = st.toggle("Mine", key="mine", bind="query-params", help="Those that you own.")
    found = inbox.alerts(state.desk(), state.actor(), str(wanted or SHOWN[0]).lower())
    return [
        alert
        for alert in found
        if (where != HERE or alert.subject in (use_case.key, DESK_SUBJECT))
        and (least is None or Severity(alert.severity).rank >= Severity(least).rank)
        and (not mine or alert.owner == state.actor().name)
    ]


def chosen() -> AlertRecord | None:
    """The alert of the link; None where none was chosen."""
    asked = st.query_params.get(ASKED)
    return inbox.alert(state.desk(), state.actor(), asked) if asked else None


def listed(found: Sequence[AlertRecord], on: AlertRecord | None) -> None:
    """Every alert as a button with its severity, where it is, its age and its owner."""
    st.markdown(f"**{words.count(len(found), 'alert')}**")
    if on is not None and on.id not in {alert.id for alert in found}:
        found = [on, *found]
    high = len(found) > _AT_ONCE  # a long list scrolls by itself, so that the alert beside it, or below it, stays near
    with st.container(height=_LIST_HEIGHT if high else "content", border=False):
        for alert in found[:_MOST]:
            _line(alert, on)
    if len(found) > _MOST:
        st.caption(f"The first {_MOST} of {len(found):,}; filter to see others.")


def _line(alert: AlertRecord, on: AlertRecord | None) -> None:
    here, now = on is not None and on.id == alert.id, datetime.now(UTC)
    with st.container(border=True, gap=None):
        st.button(
            messages.plain(alert_words.title(state.desk(), alert)),
            key=f"alert:{alert.id}",
            on_click=_choose,
            args=(alert.id,),
            type="primary" if here else "tertiary",
            icon=":material/chevron_right:" if here else None,
            wrap=True,
        )
        marks = [alert_words.severity_badge(alert.severity)]
        marks += [alert_words.status_badge(alert, now)] if alert_words.status(alert, now) != "open" else []
        marks += [":gray-badge[simulated]"] if alert.simulated else []
        st.markdown(" ".join(marks))
        owner = alert.owner or "nobody's yet"
        seen = f", seen {alert.count:,} times" if alert.count > 1 else ""
        about = alert_words.subject(state.desk(), alert.subject)
        st.caption(messages.plain(f"{about}. Since {day(alert.opened_at.date())}{seen}, {owner}."))


def _choose(alert_id: str) -> None:
    st.query_params[ASKED] = alert_id


def nothing_chosen() -> None:
    """What to do where alerts wait and none is looked at."""
    works = may(state.actor(), Action.WORK_ALERT)
    st.info(
        "Acknowledge what you look into, so that nobody else does." if works else "You see what fired and who owns it.",
        title="Choose an alert",
        icon=":material/notifications:",
    )


def nothing_fired(use_case: UseCase) -> None:
    """What is watched, and when next."""
    desk, actor = state.desk(), state.actor()
    here = inbox.watched(desk, actor, use_case.key)
    whole = inbox.watched(desk, actor, DESK_SUBJECT)
    times = [item.next_at for item in (*here, *whole) if item.next_at is not None]
    last = [item.at for item in (*here, *whole) if item.at is not None]
    rules = words.count(len(here), "rule looks", "rules look")
    when = f" They looked last {words.moment(max(last))}" if last else " None has looked yet"
    then = f", and look next from {words.exact(min(times))} on." if times else "."
    beside = f", {len(whole)} at the desk itself" if whole else ""
    st.info(
        f"{rules} at {use_case.title}{beside}.{when}{then} What fires stands here, is sent once, and is raised once "
        "if it gets worse.",
        title="Nothing here waits for anybody",
        icon=":material/notifications_off:",
    )


def look_now(use_case: UseCase) -> None:
    """A button that lets every rule look at this use case and at the desk."""
    if not may(state.actor(), Action.WATCH):
        return
    if st.button("Look now", icon=":material/visibility:", help="Let every rule look, also those that are not due."):
        with messages.told(), st.spinner("The rules look"):
            found = inbox.look_now(state.desk(), state.actor(), use_case.key)
            st.toast(messages.plain(found.said), icon=":material/visibility:")
