"""Who was champion on any day: the answer in words, the reigns as bars, and every event behind them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import streamlit as st

from core.domain.usecase import UseCase
from core.services.governing import timeline as service
from core.services.governing.timeline import Reign
from core.ui import charts, messages, state, words
from core.ui import registry_words as say
from core.ui.period_words import day


def reigns(use_case: UseCase) -> None:
    """The whole record, and one day of it."""
    found = service.timeline(state.desk(), state.actor(), use_case.key)
    if not found:
        st.markdown("Nobody has been champion yet.")
        return
    today = datetime.now(UTC).date()
    on = st.date_input("Champion on", today, max_value=today, key="champion_on", bind="query-params", width=160)
    st.markdown(_on(found, on))
    now = datetime.now(UTC)
    acting = found[-1]
    finding = f"{acting.arm} acts; {words.count(len(found) - 1, 'stretch', 'stretches')} of time before it on record"
    caption = (
        f"n = {words.count(len(found), 'stretch', 'stretches')}, {_moment(found[0].since)} to {day(now.date())}, UTC, "
        "from the ledger's events; pale bars are simulated"
    )
    rows = [_row(item) for item in reversed(found)]
    charts.show(_bars(found, now), messages.plain(finding), caption, rows, key=f"reigns:{use_case.key}")
    _events(use_case)


def _on(found: list[Reign], on: date) -> str:
    reign = service.champion_at(found, service.end_of(on))
    if reign is None:
        return f"At the end of {day(on)} (UTC) nobody was champion."
    until = "" if reign.until is None else f" until {words.exact(reign.until)}"
    since = "" if reign.since is None else f", from {words.exact(reign.since)}"
    said = f"At the end of {day(on)} (UTC): {reign.arm}{since}{until}; {say.let(reign)}"
    return f":blue[:material/trophy:] {messages.plain(said)}"


def _events(use_case: UseCase) -> None:
    """What was done with versions and promotions, by whom and why, the latest first."""
    found = service.history(state.desk(), state.actor(), use_case.key)
    with st.expander(f"Everything that was done, {words.count(len(found), 'event')}", icon=":material/history:"):
        rows = [
            {
                "When": words.exact(event.at),
                "What": event.action,
                "Version": event.subject.removeprefix(use_case.key).strip(),
                "Who": event.actor,
                "As": event.role,
                "Why": event.reason or "",
                "Remark": event.result or "",
                "Event": event.seq,
            }
            for event in found
        ]
        st.dataframe(rows, hide_index=True, width="stretch", alt="Events of the registry, the latest first")


def _bars(found: list[Reign], now: datetime) -> Any:
    """One line per model, a bar per stretch of time in which it acted."""
    ink = charts.ink()
    arms = list(dict.fromkeys(str(item.arm) for item in reversed(found)))
    drawn = charts.figure(height=70 + 42 * len(arms))
    for item in found:
        start = item.since or (item.until or now) - timedelta(days=1)
        length = ((item.until or now) - start).total_seconds() * 1_000
        drawn.add_bar(
            x=[length],
            base=[start],
            y=[str(item.arm)],
            orientation="h",
            width=0.5,
            marker={
                "color": ink.accent if item.until is None else ink.muted,
                "opacity": 0.45 if item.simulated else 1.0,
                "line": {"width": 1, "color": ink.page},
            },
            hovertemplate=f"{item.arm}: {_moment(item.since)} to {_moment(item.until)}<extra></extra>",
        )
    drawn.update_layout(barmode="overlay")
    drawn.update_xaxes(type="date")
    drawn.update_yaxes(type="category", categoryorder="array", categoryarray=arms[::-1], showgrid=False)
    return drawn


def _row(item: Reign) -> dict[str, str]:
    return {
        "From": _moment(item.since),
        "To": "now" if item.until is None else _moment(item.until),
        "Version": item.version,
        "Model": item.model,
        "By": f"{item.by} {say.HOW[item.how]}",
        "Why": item.why,
        "Simulated": "yes" if item.simulated else "",
    }


def _moment(at: datetime | None) -> str:
    return "before the record" if at is None else words.exact(at)
