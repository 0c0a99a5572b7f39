"""The rules of the watch: what each compares, what it said last, its terms, and the way to set others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import streamlit as st

from core.domain.alert import Severity, State
from core.domain.alert_state import MOST_LOOKS
from core.domain.usecase import UseCase
from core.services.access import Action, may
from core.services.alerting import inbox, settings
from core.services.alerting.inbox import Watched
from core.services.alerting.rule import DESK_SUBJECT
from core.services.complaints.cases import prevention_items
from core.store.ledger_alert_tables import LookRecord
from core.ui import alert_words, case_parts, messages, state, words
from core.ui.model_cards import draw

SHOWN = 4  # parts of one rule that are named


def rules(use_case: UseCase) -> None:
    """Every rule over the use case, then those over the desk; what complaints asked for; the editor."""
    desk, actor = state.desk(), state.actor()
    here, whole = inbox.watched(desk, actor, use_case.key), inbox.watched(desk, actor, DESK_SUBJECT)
    for heading, found in ((use_case.title, here), (alert_words.THE_DESK, whole)):
        if found:
            st.subheader(messages.plain(heading), anchor=False)
        for item in found:
            with st.container(border=True):
                _rule(item)
    _asked_for(use_case)
    if may(actor, Action.SET_ALERTS):
        _editor(use_case, [*here, *whole])


def _rule(item: Watched) -> None:
    terms = item.terms.terms
    off = "" if terms.on else " :gray-badge[:material/notifications_off: switched off]"
    st.markdown(f"**{item.rule.title}** {alert_words.state_badge(item.state)}{off}")
    for line in _said(item.looks):
        st.markdown(line)
    looked = f"Looked {words.moment(item.at)}" if item.at else "Not looked yet"
    then = f", next from {words.exact(item.next_at)} on" if item.next_at else ""
    st.caption(messages.plain(" ".join([item.rule.watches, *alert_words.terms(item.rule, terms), f"{looked}{then}."])))
    if set_by := alert_words.changed(item.terms):
        st.caption(f":material/tune: {messages.plain(set_by)}")


def _said(looks: Sequence[LookRecord]) -> list[str]:
    """What a rule said of its parts, breaches first; many that are in order are counted."""
    if not looks:
        return []
    breaches = [look for look in looks if look.state == State.BREACH]
    shown = breaches[:SHOWN] or list(looks[:1])
    lines = [f"{_mark(look)} {messages.plain(_named(look))}" for look in shown]
    rest = {state: sum(look.state == state for look in looks) for state in State}
    for look in shown:
        rest[State(look.state)] -= 1
    more = [f"{n:,} {alert_words.STATE_LOOK[name][2]}" for name, n in rest.items() if n]
    return [*lines, f":gray[And {', '.join(more)}.]"] if more else lines


def _named(look: LookRecord) -> str:
    hushed = " A person closed its alert; it opens again when it was over, or gets worse." if look.hushed else ""
    return f"{look.sentence}{hushed}"


def _mark(look: LookRecord) -> str:
    if look.incident is not None:
        return ":red[:material/bug_report:]"
    icon, hue, _ = alert_words.STATE_LOOK[State(look.state)]
    return f":{hue}[:material/{icon}:]"


def _asked_for(use_case: UseCase) -> None:
    """What complaints asked to be watched, beside what is."""
    items = prevention_items(state.desk(), state.actor(), use_case.key, "alert")
    if items:
        st.subheader("What complaints asked for", anchor=False)
        draw(case_parts.prevention(items))
        st.caption("Written down when a case was decided. Set a rule's terms so that it would have fired, if none did.")


def _editor(use_case: UseCase, found: Sequence[Watched]) -> None:
    """Other terms for one rule, for this use case or everywhere, with the reason."""
    with st.expander("Set when a rule fires", icon=":material/tune:"):
        by_key = {item.rule.key: item for item in found}
        asked = st.selectbox("Rule", list(by_key), format_func=lambda key: by_key[key].rule.title, key="rule:set")
        item = by_key[str(asked)]
        mark = f"{use_case.key}:{item.rule.key}"
        with st.form(f"terms:{mark}", border=False):
            over = [settings.EVERYWHERE] + ([use_case.key] if item.rule.over == "use case" else [])
            where = st.segmented_control(
                "Where", over, default=over[-1], required=True, key=f"where:{mark}",
                format_func=lambda key: use_case.title if key else "Everywhere",
            )  # fmt: skip
            changes = _fields(item, mark)
            reason = st.text_input("Why", placeholder="One sentence for the record", key=f"why:{mark}")
            with st.container(horizontal=True):
                sent = st.form_submit_button("Set", icon=":material/tune:", type="primary")
                back = st.form_submit_button("Back to what it was made with", icon=":material/undo:")
        if sent or back:
            with messages.told():
                kept = changes if sent else {}
                settings.set_terms(state.desk(), state.actor(), item.rule.key, kept, reason, str(where or ""))
                st.rerun()


def _fields(item: Watched, mark: str) -> dict[str, Any]:
    """The terms that the rule goes by as fields, in the order in which they matter."""
    rule, terms = item.rule, item.terms.terms
    left, right = st.columns(2)
    found: dict[str, Any] = {"on": left.toggle("It looks", terms.on, key=f"on:{mark}")}
    levels = list(Severity)
    found["severity"] = right.selectbox("Severity", levels, levels.index(terms.severity), key=f"severity:{mark}")
    for name, label, column in (("limit", "Limit", left), ("critical", "Critical limit", right)):
        if getattr(terms, name) is not None:
            found[name] = _limit(column, label, rule.unit, getattr(terms, name), f"{name}:{mark}")
    if "persistence" not in rule.fixed:
        needed = left.number_input("Breaches needed", 1, MOST_LOOKS, terms.persistence[0], key=f"needed:{mark}")
        label = f"Among the last {rule.counts}"
        among = right.number_input(label, 1, MOST_LOOKS, terms.persistence[1], key=f"among:{mark}")
        found["persistence"] = (int(needed), int(among))
    calm = left.number_input("Looks in order that end it", 1, MOST_LOOKS, terms.clear_after, key=f"clear:{mark}")
    found["clear_after"] = int(calm)
    if "minimum_n" not in rule.fixed and rule.terms.minimum_n > 1:
        found["minimum_n"] = int(right.number_input("Rows needed", 1, None, terms.minimum_n, key=f"rows:{mark}"))
    found["every"] = _hours(left, "Hours between looks", terms.every, 0.25, f"every:{mark}")
    if terms.window is not None:
        found["window"] = _hours(right, "Hours back", terms.window, 1.0, f"window:{mark}")
    return found


def _limit(place: Any, label: str, unit: str, value: float, key: str) -> float:
    """A limit in the unit that people read; one that is left as it is keeps its last digit."""
    by, told = (100.0, "%") if unit == "rate" else (1.0, unit)
    asked = place.number_input(f"{label}, {told}" if told else label, value=value * by, format="%.4g", key=key)
    return value if asked == value * by else float(asked / by)


def _hours(place: Any, label: str, value: timedelta, least: float, key: str) -> timedelta:
    return timedelta(hours=place.number_input(label, least, None, value.total_seconds() / 3_600, key=key))
